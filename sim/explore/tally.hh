// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "holdfast/sim/report.hh"
#include "holdfast/simdisk/crash_set.hh"

namespace holdfast::sim {

// Counts a crash point of which `visited` combinations were visited, all of them if it is `exhaustive`.
void count_point(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk,
                 bool exhaustive, uint64_t visited);
void count_state(ScenarioResult& result, const simdisk::CrashSet& set, const simdisk::Media& disk);

}  // namespace holdfast::sim
