// SPDX-License-Identifier: BSD-3-Clause
#include "explore/tally.hh"

#include <algorithm>
#include <limits>

namespace holdfast::sim {
namespace {

// What never says more than there is.
void add_capped(uint64_t& sum, uint64_t number) {
  if (__builtin_add_overflow(sum, number, &sum)) sum = std::numeric_limits<uint64_t>::max();
}

// Null: nothing is open.
MediaCounts* counts_of(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk) {
  bool block = false;
  bool memory = false;
  for (const simdisk::UndecidedUnit& unit : set.units) (unit.media == &disk ? block : memory) = true;
  if (!block && !memory) return nullptr;
  if (block && memory) return &result.both;
  return block ? &result.block : &result.persistent_memory;
}

}  // namespace

void count_point(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk,
                 const Searched& searched) {
  add_capped(result.states_enumerated, set.combinations());
  MediaCounts* const counts = counts_of(result, set, disk);
  if (counts == nullptr) return;
  ++counts->crash_points;
  ++result.crash_points;
  if (searched.exact) {
    ++counts->crash_points_exact;
    ++result.crash_points_exact;
    return;
  }
  result.sampled_states += searched.states;
  add_capped(result.sampled_of, set.combinations());
  if (searched.bound == 0) return;
  const bool first = result.crash_points_bounded++ == 0;
  result.bound = first ? searched.bound : std::min<uint64_t>(result.bound, searched.bound);
}

void count_state(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk) {
  ++result.states_checked;
  if (MediaCounts* const counts = counts_of(result, set, disk)) ++counts->states_checked;
}

}  // namespace holdfast::sim
