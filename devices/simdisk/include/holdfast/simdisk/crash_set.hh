// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "holdfast/simdisk/digest.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast::simdisk {

// What may reach media of one unit. The first candidate is always what is there already.
struct Candidate {
  explicit Candidate(std::vector<std::byte> on_media);
  // This part of the unit comes from this write.
  void lay_over(uint64_t offset, std::span<const std::byte> part, EventNumber event);

  std::vector<std::byte> bytes;
  std::vector<EventNumber> events;  // which write each sector comes from; 0: it is as it was
  Hash128 hash;                     // of the bytes
};

// A range of one media that is decided as a whole: a disk's atomic unit, a line of persistent memory, the
// directory of a folder.
struct UndecidedUnit {
  Media* media = nullptr;
  uint64_t byte = 0;
  std::vector<Candidate> candidates;  // at least two, all different
};

// In how many ways these can be decided together; saturates at the largest number.
uint64_t combinations_of(std::span<const UndecidedUnit> units) noexcept;

// Everything that a power cut at one moment leaves open, on all media of a world: the free choices are the
// product. Each device tells its part, and the parts are joined.
struct CrashSet {
  std::vector<UndecidedUnit> units;  // part by part, and those of one media in ascending order
  bool complete = true;              // false: some unit has more candidates than are listed

  uint64_t combinations() const noexcept { return combinations_of(units); }
  Hash128 hash() const noexcept;  // tells media apart by their numbers
  // The selection with which the newest candidate of every unit reaches its media.
  std::vector<uint32_t> everything() const;
  // The units of `other` come behind these.
  void append(CrashSet other);
  // Candidate selection[i] of unit i reaches its media.
  void apply(std::span<const uint32_t> selection) const;
};

}  // namespace holdfast::simdisk
