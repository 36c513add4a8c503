// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/runner.hh"

#include <fmt/core.h>

#include "explore/cases.hh"
#include "hygiene/hygiene.hh"

namespace holdfast::sim {

ScenarioResult run_case(const Case& which, const RunOptions& options) {
  Hygiene hygiene(which.scenario->device);
  Explorer explorer(which, options);
  if (which.disk->honest()) explorer.forward_session_to(hygiene);
  ScenarioResult result = explorer.run();
  if (as_expected(result.verdict)) hygiene.session_ended();
  result.warnings = hygiene.warnings();
  result.name = name_of(which);
  return result;
}

std::expected<ReplayReport, std::string> replay(const Scenario& scenario, std::string_view text) {
  const auto target = target_of(scenario, text);
  if (!target) return std::unexpected(target.error());
  Explorer explorer(target->which, {.seed = target->token.seed});
  const auto result = go_to(explorer, target->token);
  if (!result) return std::unexpected(result.error());
  ReplayReport report{.matched = !result->violations.empty(), .text = {}};
  report.text = fmt::format("{}: {} power cut(s), recovered and judged\n", name_of(target->which),
                            target->token.cuts.size());
  for (const Violation& violation : result->violations) {
    report.text += fmt::format("  {}: {}\n", violation.invariant, violation.words);
  }
  if (result->violations.empty()) report.text += "  every invariant holds in this state\n";
  return report;
}

}  // namespace holdfast::sim
