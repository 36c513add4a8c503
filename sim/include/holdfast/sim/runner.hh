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

// One of the ways in which a scenario is run. It points into its scenario.
struct Case {
  const Scenario* scenario = nullptr;
  std::size_t index = 0;  // among those of the scenario
  const DiskCase* disk = nullptr;
  bool fua = false;
  MemoryKind memory = MemoryKind::persistent;  // of a volume's map file
  uint64_t nth = 0;  // the request that a fault strikes which can strike each; 0: there is no such fault
};
// Every disk of a scenario, with and without FUA, on each kind of memory, as the scenario says. Where a fault
// can strike each request, the scenario is played once to count them.
std::vector<Case> cases_of(const Scenario& scenario);
// "name[honest,fua]"
std::string name_of(const Case& which);
ScenarioResult run_case(const Case& which, const RunOptions& options);

// Goes to the one crash state that a token names, and tells what it found there.
struct ReplayReport {
  bool matched = false;  // the violation is there again
  std::string text;
};
std::expected<ReplayReport, std::string> replay(const Scenario& scenario, std::string_view token);

}  // namespace holdfast::sim
