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
// each unit alone, each unit missing; then all in which one unit reaches media, all in which two do, and so
// on as long as the budget has room for all with so many; and then others drawn from `choices`. None twice.
class CombinationCursor {
 public:
  CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices);

  bool exhaustive() const noexcept { return exhaustive_; }
  // How many units reach media at most in combinations of which all were visited, at the end.
  std::size_t bound() const noexcept { return bound_; }
  // The next selection, or false. The span lives until the next call.
  bool next(std::span<const uint32_t>& selection);

 private:
  bool next_of_all();
  bool next_of_some();
  bool count_up();  // to the next combination; false: it was the last one and the first is next
  void propose();
  void propose_named(uint64_t nth);
  bool propose_of_level();
  bool begin_level();
  void put_on_places();
  uint64_t combinations_at(std::size_t level) const;

  std::vector<uint32_t> last_;  // candidate of each unit
  uint64_t combinations_;       // saturates
  uint64_t budget_;
  ChoiceStream& choices_;
  bool complete_;
  bool exhaustive_;
  uint64_t visited_ = 0;
  uint64_t proposed_ = 0;
  std::vector<std::size_t> places_;  // units that reach media: those of a level
  bool levels_end_ = false;
  std::size_t bound_ = 0;
  std::set<Hash128> seen_;
  std::vector<uint32_t> selection_;
};

}  // namespace holdfast::simdisk
