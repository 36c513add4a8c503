// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/sim/containment.hh"
#include "holdfast/sim/report.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// Which combinations of what a cut leaves open are visited.
enum class Search : uint8_t {
  lazy,   // those that recovery can tell apart
  plain,  // all, to check the other against: what is found is the same
};

struct RunOptions {
  uint64_t seed = 0;
  Search search = Search::lazy;
  // A step or a recovery in which more things happen one after another never ends: a violation of `progress`.
  uint64_t scheduler_steps_most = 1'000'000;
  // kWhereaboutsWords of memory for the place where the engine runs, or none.
  std::span<uint64_t> whereabouts = {};
  // Places where the engine died before. Each is reported as a violation of `no_abort` and not gone to again.
  std::span<const Death> deaths = {};
};

// A scenario is run once on each of its disks, with and without FUA as it says: "name[honest,fua]".
std::vector<std::string> cases_of(const Scenario& scenario);
ScenarioResult run_case(const Scenario& scenario, std::size_t case_index, const RunOptions& options);

// Goes to the one crash state that a token names, and tells what it found there.
struct ReplayReport {
  bool matched = false;  // the violation is there again
  std::string text;
};
std::expected<ReplayReport, std::string> replay(const Scenario& scenario, std::string_view token);

}  // namespace holdfast::sim
