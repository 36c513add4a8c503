// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "holdfast/sim/report.hh"
#include "holdfast/simdisk/crash_set.hh"

namespace holdfast::sim {

// How many states of a crash point were visited, and what they stand for.
struct Searched {
  bool exact;          // all
  uint64_t states;
  std::size_t bound = 0;  // not exact: those in which so many pieces arrive at most
};
void count_point(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk,
                 const Searched& searched);
void count_state(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk);

}  // namespace holdfast::sim
