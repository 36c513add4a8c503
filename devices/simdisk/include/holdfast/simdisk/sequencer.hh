// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace holdfast::simdisk {

// One of the things that can happen next: the next work of an executor, or what a device has in flight.
struct Option {
  uint64_t name = 0;         // the same as long as it waits
  std::size_t executor = 0;  // on whose thread it happens, in the order in which they were added

  friend bool operator==(const Option&, const Option&) = default;
};

// What a thing that happened did, as far as other executors can notice it.
struct Effects {
  struct Bytes {
    uint64_t begin = 0;
    uint64_t end = 0;
  };

  std::size_t executor = 0;
  std::vector<std::size_t> posted_to;  // executors
  std::vector<Bytes> touched;          // of the disk, by requests that began or ended; a flush touches all
};

// Decides what happens next, thing by thing, where a seed is not to.
class Sequencer {
 public:
  Sequencer() = default;
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;
  virtual ~Sequencer() = default;

  // Which of these, at least one. None: nothing more is to happen.
  virtual std::optional<std::size_t> next(std::span<const Option> options) = 0;
  // What came of it.
  virtual void happened(const Effects&) {}
};

}  // namespace holdfast::simdisk
