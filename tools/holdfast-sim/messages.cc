// SPDX-License-Identifier: BSD-3-Clause
#include "messages.hh"

#include <nlohmann/json.hpp>

namespace holdfast::tools {

std::string to_message(const sim::ScenarioResult& result) {
  auto violations = nlohmann::json::array();
  for (const sim::Violation& violation : result.violations) {
    violations.push_back({violation.invariant, violation.words, violation.token});
  }
  const nlohmann::json message = {
      {"name", result.name},
      {"verdict", static_cast<int>(result.verdict)},
      {"counts", {result.crash_points, result.crash_points_exact, result.states_checked}},
      {"violations", violations},
      {"seconds", result.seconds},
      {"digest", result.digest},
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
  for (const auto& violation : message["violations"])
    result.violations.push_back({violation[0], violation[1], violation[2]});
  result.seconds = message["seconds"];
  result.digest = message["digest"];
  result.note = message["note"];
  return result;
}

}  // namespace holdfast::tools
