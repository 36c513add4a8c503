// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/runner.hh"

#include <fmt/core.h>

#include <algorithm>

#include "explore/explorer.hh"

namespace holdfast::sim {
namespace {

// Where a fault strikes each request, every request is a case.
void add_cases(const Scenario& scenario, Case which, std::vector<Case>& cases) {
  if (std::ranges::none_of(which.disk->faults, &FaultSpec::each)) return cases.push_back(which);
  const uint64_t requests = Explorer(scenario, which, 0, 0).count_requests();
  for (which.nth = 1; which.nth <= std::max<uint64_t>(requests, 1); ++which.nth) cases.push_back(which);
}

std::vector<Case> expand(const Scenario& scenario) {
  std::vector<Case> cases;
  const std::vector<MemoryKind> memory =
      scenario.volume ? scenario.volume->memory : std::vector{MemoryKind::persistent};
  for (const DiskCase& disk : scenario.disks) {
    for (const bool fua : scenario.device.fua) {
      for (const MemoryKind kind : memory) add_cases(scenario, {&disk, fua, kind, 0}, cases);
    }
  }
  return cases;
}

std::string name_of(const Scenario& scenario, const Case& which) {
  std::string name = fmt::format("{}[{},{}", scenario.name, which.disk->name, which.fua ? "fua" : "no-fua");
  if (scenario.volume) name += which.memory == MemoryKind::mapped ? ",mapped" : ",persistent";
  if (which.nth > 0) name += fmt::format(",{}", which.nth);
  return name + "]";
}

}  // namespace

std::vector<std::string> cases_of(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const Case& which : expand(scenario)) names.push_back(name_of(scenario, which));
  return names;
}

ScenarioResult run_case(const Scenario& scenario, std::size_t case_index, const RunOptions& options) {
  const std::vector<Case> cases = expand(scenario);
  Explorer explorer(scenario, cases.at(case_index), case_index, options.seed);
  ScenarioResult result = explorer.run();
  result.name = name_of(scenario, cases[case_index]);
  return result;
}

std::expected<ReplayReport, std::string> replay(const Scenario& scenario, std::string_view text) {
  const auto token = parse_token(text);
  if (!token)
    return std::unexpected("this is not a token: hf1-SCENARIO-CASE-SEED-CUTS, as holdfast-sim run prints it");
  if (token->scenario != scenario.content_hash) {
    return std::unexpected(
        fmt::format("the token is for a scenario with the hash {:016x}, and {} has {:016x}: it was changed",
                    token->scenario, scenario.file, scenario.content_hash));
  }
  const std::vector<Case> cases = expand(scenario);
  if (token->case_index >= cases.size())
    return std::unexpected("the token names a case that the scenario does not have");
  Explorer explorer(scenario, cases[token->case_index], token->case_index, token->seed);
  const ScenarioResult result = explorer.run_to(*token);
  if (result.states_checked < token->cuts.size()) {
    return std::unexpected("the token leads nowhere: it was made by a build that behaves differently");
  }
  ReplayReport report{.matched = !result.violations.empty(), .text = {}};
  report.text = fmt::format("{}: {} power cut(s), recovered and judged\n",
                            cases_of(scenario)[token->case_index], token->cuts.size());
  for (const Violation& violation : result.violations) {
    report.text += fmt::format("  {}: {}\n", violation.invariant, violation.words);
  }
  if (result.violations.empty()) report.text += "  every invariant holds in this state\n";
  return report;
}

}  // namespace holdfast::sim
