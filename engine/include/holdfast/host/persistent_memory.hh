// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/host/purpose.hh"
#include "holdfast/result.hh"
#include "holdfast/task.hh"

namespace holdfast {

struct PmGeometry {
  uint64_t size = 0;           // bytes
  uint32_t line_size =
      64;     // bytes that become durable together at the earliest: a line, or a page of a mapped file
  uint32_t persist_unit = 64;  // persist() makes whole units durable, strangers on them included
};

// Evidence that bytes were stored and are not yet known to be durable. Ranges merge.
class [[nodiscard]] PmWritten {
 public:
  PmWritten(uint64_t offset, uint64_t length) noexcept : begin_(offset), end_(offset + length) {}
  void merge(PmWritten other) noexcept {
    begin_ = begin_ < other.begin_ ? begin_ : other.begin_;
    end_ = end_ > other.end_ ? end_ : other.end_;
  }
  uint64_t begin() const noexcept { return begin_; }
  uint64_t end() const noexcept { return end_; }

 private:
  uint64_t begin_;
  uint64_t end_;
};

// Evidence that what a PmWritten named is durable. Only a PersistentMemory makes it.
class [[nodiscard]] PmDurable {
  friend class PersistentMemory;
  PmDurable() = default;
};

// A range of persistent memory. Every load and store is a named call: no raw pointer into it leaves the host.
// Used on one thread. Contract: a store of eight aligned bytes is old or new after a power cut, never a mix;
// what was stored may become durable at any time, in units of line_size, whether or not persist() is called;
// it is durable for certain once persist() of it has completed.
class PersistentMemory {
 public:
  PersistentMemory() = default;
  PersistentMemory(const PersistentMemory&) = delete;
  PersistentMemory& operator=(const PersistentMemory&) = delete;
  virtual ~PersistentMemory() = default;

  virtual const PmGeometry& geometry() const noexcept = 0;
  virtual Result<uint64_t> load_u64(uint64_t offset) const noexcept = 0;  // aligned
  virtual Result<> load(uint64_t offset, std::span<std::byte> into) const noexcept = 0;
  // The caller keeps stores inside geometry().size; outside it is a broken promise and stops the program.
  virtual PmWritten store(uint64_t offset, std::span<const std::byte> bytes) noexcept = 0;
  virtual PmWritten store_u64(uint64_t offset, uint64_t value) noexcept = 0;  // aligned
  // What was stored before this call, in whole persist units, is durable when the task ends. Calls that wait
  // at the same time may share the work. A failed one is final: every later one fails too.
  virtual Task<PmDurable> persist(PmWritten written, Purpose purpose) = 0;

 protected:
  static PmDurable made_durable() noexcept { return PmDurable{}; }
};

// A folder of map files.
class MapStore {
 public:
  MapStore() = default;
  MapStore(const MapStore&) = delete;
  MapStore& operator=(const MapStore&) = delete;
  virtual ~MapStore() = default;

  // Creates `name` with `size` zero bytes, fully allocated; fails if it
  // exists. Durable once sync_directory() completes.
  virtual Result<std::unique_ptr<PersistentMemory>> create(std::string_view name, uint64_t size) = 0;
  virtual Result<std::unique_ptr<PersistentMemory>> open(std::string_view name) = 0;
  // Replaces `to` if it exists; after a power cut `to` is the old file or the new one.
  virtual Result<> rename(std::string_view from, std::string_view to) = 0;
  virtual Result<> remove(std::string_view name) = 0;
  virtual Result<std::vector<std::string>> names() = 0;  // of the files there, in ascending order
  virtual Task<> sync_directory() = 0;
};

}  // namespace holdfast
