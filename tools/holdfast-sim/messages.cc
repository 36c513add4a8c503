// SPDX-License-Identifier: BSD-3-Clause
#include "messages.hh"

#include <nlohmann/json.hpp>

namespace holdfast::tools {
namespace {

nlohmann::json numbers_of(const sim::MediaCounts& counts) {
  return {counts.crash_points, counts.crash_points_exact, counts.states_checked};
}
sim::MediaCounts counts_of(const nlohmann::json& numbers) { return {numbers[0], numbers[1], numbers[2]}; }

}  // namespace

std::string to_message(const sim::ScenarioResult& result) {
  auto violations = nlohmann::json::array();
  for (const sim::Violation& violation : result.violations) {
    violations.push_back({violation.invariant, violation.words, violation.token});
  }
  auto warnings = nlohmann::json::array();
  for (const sim::Warning& warning : result.warnings) {
    warnings.push_back(
        {static_cast<int>(warning.kind), warning.step, warning.barrier, warning.count, warning.event});
  }
  const nlohmann::json message = {
      {"name", result.name},
      {"verdict", static_cast<int>(result.verdict)},
      {"counts", {result.crash_points, result.crash_points_exact, result.states_checked}},
      {"block", numbers_of(result.block)},
      {"persistent_memory", numbers_of(result.persistent_memory)},
      {"both", numbers_of(result.both)},
      {"more", {result.sampled_states, result.sampled_of, result.states_enumerated, result.simulated_ns}},
      {"bounded", {result.crash_points_bounded, result.bound}},
      {"orders", result.orders},
      {"every_order", result.every_order},
      {"digest_depends_on", result.digest_depends_on},
      {"violations", violations},
      {"warnings", warnings},
      {"seconds", result.seconds},
      {"digest", result.digest},
      {"outcomes", result.outcomes},
      {"note", result.note}};
  return message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

sim::ScenarioResult from_message(const std::string& line) {
  const auto message = nlohmann::json::parse(line);
  sim::ScenarioResult result;
  result.name = message["name"];
  result.verdict = static_cast<sim::Verdict>(message["verdict"].get<int>());
  result.crash_points = message["counts"][0];
  result.crash_points_exact = message["counts"][1];
  result.states_checked = message["counts"][2];
  result.block = counts_of(message["block"]);
  result.persistent_memory = counts_of(message["persistent_memory"]);
  result.both = counts_of(message["both"]);
  result.sampled_states = message["more"][0];
  result.sampled_of = message["more"][1];
  result.states_enumerated = message["more"][2];
  result.simulated_ns = message["more"][3];
  result.crash_points_bounded = message["bounded"][0];
  result.bound = message["bounded"][1];
  result.orders = message["orders"];
  result.every_order = message["every_order"];
  result.digest_depends_on = message["digest_depends_on"];
  for (const auto& violation : message["violations"])
    result.violations.push_back({violation[0], violation[1], violation[2]});
  for (const auto& warning : message["warnings"])
    result.warnings.push_back({static_cast<sim::WarningKind>(warning[0].get<int>()), warning[1], warning[2],
                               warning[3], warning[4]});
  result.seconds = message["seconds"];
  result.digest = message["digest"];
  result.outcomes = message["outcomes"];
  result.note = message["note"];
  return result;
}

}  // namespace holdfast::tools
