// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "holdfast/simdisk/choice_stream.hh"
#include "holdfast/simdisk/crash_set.hh"

namespace holdfast::simdisk {

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

  std::vector<uint32_t> last_;  // candidate of each unit
  uint64_t combinations_;       // saturates
  uint64_t budget_;
  ChoiceStream& choices_;
  bool exhaustive_;
  uint64_t visited_ = 0;
  uint64_t proposed_ = 0;
  std::set<Hash128> seen_;
  std::vector<uint32_t> selection_;
};

}  // namespace holdfast::simdisk
