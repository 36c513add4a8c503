// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>
#include <vector>

namespace holdfast::sim {

// What no state shows: the engine died, or goes on forever.
inline constexpr const char* kNoAbort = "no_abort";
inline constexpr const char* kProgress = "progress";

// What the contracts of faults leave: invariants/fault_contracts.hh.
inline constexpr const char* kFaultContracts[] = {"F1", "F2", "F3", "F4"};

// Everything that can be found broken, by its name: what barriers keep, what holds without one, what faults
// leave, and the two above. To add one gives it a checker and twins in tests/sim/, or a test fails.
std::vector<std::string_view> invariant_names();
// Without these two: a scenario can expect that a disk breaks it.
std::vector<std::string_view> expectable_invariant_names();

}  // namespace holdfast::sim
