// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "holdfast/simdisk/choice_stream.hh"
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

// Everything that a power cut at one moment leaves open, on all media of a world: the free choices are the
// product. Each device tells its part, and the parts are joined.
struct CrashSet {
  std::vector<UndecidedUnit> units;  // part by part, and those of one media in ascending order
  bool complete = true;              // false: some unit has more candidates than are listed

  uint64_t combinations() const noexcept;  // saturates at the largest number
  Hash128 hash() const noexcept;           // tells media apart by their numbers
  // The units of `other` come behind these.
  void append(CrashSet other);
  // Candidate selection[i] of unit i reaches its media.
  void apply(std::span<const uint32_t> selection) const;
};

// Visits the combinations of a crash set. Up to `budget` of them: all. Beyond it: nothing and everything,
// each unit alone, each unit missing, and then others drawn from `choices`; none twice.
class CombinationCursor {
 public:
  CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices);

  bool exhaustive() const noexcept { return exhaustive_; }
  // The next selection, or false. The span lives until the next call.
  bool next(std::span<const uint32_t>& selection);

 private:
  bool next_of_all();
  bool next_of_some();
  bool count_up();  // to the next combination; false: it was the last one and the first is next
  void propose();

  const CrashSet& set_;
  uint64_t budget_;
  ChoiceStream& choices_;
  bool exhaustive_;
  uint64_t visited_ = 0;
  uint64_t proposed_ = 0;
  std::set<Hash128> seen_;
  std::vector<uint32_t> selection_;
};

}  // namespace holdfast::simdisk
