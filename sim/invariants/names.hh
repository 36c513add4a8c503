// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>
#include <vector>

namespace holdfast::sim {

// What no state shows: the engine died, or goes on forever.
inline constexpr const char* kNoAbort = "no_abort";
inline constexpr const char* kProgress = "progress";

// Everything that can be found broken, by its name: what each checker checks, what each contract of faults
// leaves, and these two. To add one gives it twins in tests/sim/, or a test fails.
std::vector<std::string_view> invariant_names();
// Without these two: a scenario can expect that a disk breaks it.
std::vector<std::string_view> expectable_invariant_names();

}  // namespace holdfast::sim
