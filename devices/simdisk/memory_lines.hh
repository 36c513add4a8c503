// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "holdfast/simdisk/crash_set.hh"
#include "holdfast/simdisk/fault_plan.hh"
#include "holdfast/simdisk/memory_folder.hh"

namespace holdfast::simdisk {

// What was stored into one map file and is not durable for certain, line by line. Of a line's pieces any
// prefix may be on media.
class MemoryLines {
 public:
  explicit MemoryLines(MemoryFile& file) noexcept : file_(file) {}

  bool is_decided() const noexcept { return lines_.empty() && cleansed_.empty(); }
  // What the newest stores left. Poison is the caller's to ask for.
  void load(uint64_t offset, std::span<std::byte> into) const noexcept;
  // The first of these bytes that cannot be loaded.
  std::optional<uint64_t> first_poisoned(uint64_t offset, uint64_t length) const;
  void store(uint64_t offset, std::span<const std::byte> bytes, EventNumber event);
  // What was stored up to this event into the lines that begin in the range is durable.
  void persist(uint64_t begin, uint64_t end, EventNumber covers);
  // Which bytes of [begin, end) were stored up to this event and are not durable for certain.
  std::vector<FaultHit> undecided(uint64_t begin, uint64_t end, EventNumber covers) const;
  // One bit of what is on media is another one.
  void rot(uint64_t byte);
  // What the lines held, durable or not, is lost.
  void poison(uint64_t offset, uint64_t length);
  void add_to(CrashSet& set) const;

 private:
  struct Piece {
    EventNumber event = 0;
    uint32_t offset = 0;  // in the line
    uint32_t length = 0;
    std::array<std::byte, 8> bytes{};

    std::span<const std::byte> content() const noexcept { return std::span(bytes).first(length); }
  };
  struct Line {
    std::vector<Piece> pieces;                // in program order
    std::array<std::byte, kMemoryLine> now{}; // with all of them
  };
  using Lines = std::map<uint64_t, Line>;

  uint64_t length_of(uint64_t line) const noexcept;
  bool is_poisoned(uint64_t line) const noexcept;
  void store_in_line(uint64_t line, uint32_t offset, std::span<const std::byte> bytes, EventNumber event);
  void store_over_poison(uint64_t line, std::span<const std::byte> bytes, EventNumber event);
  Lines::iterator persist_page(Lines::iterator line, uint64_t end, EventNumber covers);
  void add_line_to(CrashSet& set, uint64_t index, const Line& line) const;

  MemoryFile& file_;
  Lines lines_;                              // those with undecided pieces
  std::map<uint64_t, EventNumber> cleansed_; // poisoned lines that were overwritten as a whole
};

}  // namespace holdfast::simdisk
