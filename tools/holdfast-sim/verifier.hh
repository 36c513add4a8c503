// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/sim/scenario.hh"

namespace holdfast::tools {

struct Verification {
  uint64_t runs = 0;                    // states that were reached twice
  std::vector<std::string> mismatches;  // in words
};

// Reaches at least `runs` crash states of the scenarios twice, with seed 0 and as many further ones as it
// takes: while the case is explored, and once more by their tokens alone, in a process of its own with
// another heap. What happens there must be the same, event by event.
Verification verify(const std::vector<sim::Scenario>& scenarios, uint64_t runs, unsigned jobs);

}  // namespace holdfast::tools
