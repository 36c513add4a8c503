// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace holdfast::tools {

// Zeroed words that this process shares with those that it forks.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t words)
      : words_(words),
        memory_(mmap(nullptr, words * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { munmap(memory_, words_ * sizeof(uint64_t)); }

  std::span<uint64_t> words() const { return {static_cast<uint64_t*>(memory_), words_}; }

 private:
  std::size_t words_;
  void* memory_;
};

// The counter from which all processes take their next job.
class SharedCounter {
 public:
  std::size_t take() { return std::atomic_ref(memory_.words()[0]).fetch_add(1); }

 private:
  SharedMemory memory_{1};
};

}  // namespace holdfast::tools
