// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "holdfast/sim/report.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

struct ShrinkOptions {
  uint64_t runs = 4000;  // scenarios that are explored at most
};

// How large a failure is.
struct FailureSize {
  std::size_t steps = 0;  // of setup, steps and after, those inside others counted and not the others
  std::size_t cuts = 0;
  std::size_t pieces = 0;  // undecided pieces, over all cuts, that are lost, torn or older than the newest
};

// A failure that says the same with less.
struct Shrunk {
  std::string scenario;  // a whole scenario file: it fails by itself, on one disk
  Violation violation;   // with a token of that scenario
  uint64_t seed = 0;     // with which it must be run; 0 unless only the original seed shows the failure
  FailureSize before;
  FailureSize after;
  uint64_t runs = 0;
  bool at_budget = false;  // it might have become smaller still
  Verdict verdict = Verdict::fail;  // of that scenario now: expected_fail on a disk that ignores a barrier
};

// Looks for the smallest scenario, the fewest cuts, the fewest lost pieces and the earliest moment in which
// the invariant that the token's state breaks is still broken in the same words, names and numbers apart.
// `text` is the scenario's file. Errors: a scenario or token that cannot be used, and what differs.
std::expected<Shrunk, std::string> shrink(std::string_view text, const std::string& file,
                                          std::string_view token, const ShrinkOptions& options = {});

}  // namespace holdfast::sim
