// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/runner.hh"

#include <fmt/core.h>

#include "explore/cases.hh"
#include "hygiene/hygiene.hh"

namespace holdfast::sim {

std::vector<std::string> cases_of(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const Case& which : expand(scenario)) names.push_back(name_of(scenario, which));
  return names;
}

ScenarioResult run_case(const Scenario& scenario, std::size_t case_index, const RunOptions& options) {
  const std::vector<Case> cases = expand(scenario);
  Hygiene hygiene(scenario.device);
  Explorer explorer(scenario, cases.at(case_index), case_index, options);
  if (cases[case_index].disk->honest()) explorer.forward_session_to(hygiene);
  ScenarioResult result = explorer.run();
  if (as_expected(result.verdict)) hygiene.session_ended();
  result.warnings = hygiene.warnings();
  result.name = name_of(scenario, cases[case_index]);
  return result;
}

std::expected<ReplayReport, std::string> replay(const Scenario& scenario, std::string_view text) {
  const auto token = token_of(scenario, text);
  if (!token) return std::unexpected(token.error());
  const std::vector<Case> cases = expand(scenario);
  Explorer explorer(scenario, cases[token->case_index], token->case_index, {.seed = token->seed});
  const auto result = go_to(explorer, *token);
  if (!result) return std::unexpected(result.error());
  ReplayReport report{.matched = !result->violations.empty(), .text = {}};
  report.text = fmt::format("{}: {} power cut(s), recovered and judged\n",
                            name_of(scenario, cases[token->case_index]), token->cuts.size());
  for (const Violation& violation : result->violations) {
    report.text += fmt::format("  {}: {}\n", violation.invariant, violation.words);
  }
  if (result->violations.empty()) report.text += "  every invariant holds in this state\n";
  return report;
}

}  // namespace holdfast::sim
