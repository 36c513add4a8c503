// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "holdfast/sim/runner.hh"

namespace holdfast::sim {

inline ScenarioResult run_case(const Scenario& scenario, std::size_t index, const RunOptions& options) {
  return run_case(cases_of(scenario).at(index), options);
}

inline std::vector<std::string> names_of_cases(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const Case& which : cases_of(scenario)) names.push_back(name_of(which));
  return names;
}

inline std::vector<ScenarioResult> run_all(const Scenario& scenario) {
  std::vector<ScenarioResult> results;
  for (const Case& which : cases_of(scenario)) results.push_back(run_case(which, {}));
  return results;
}

}  // namespace holdfast::sim
