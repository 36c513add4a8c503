// SPDX-License-Identifier: BSD-3-Clause
#include "jobs.hh"

#include <fmt/core.h>

#include "holdfast/sim/runner.hh"

namespace holdfast::tools {

std::vector<Job> jobs_of(const std::vector<sim::Scenario>& scenarios, uint64_t first_seed, uint64_t seeds) {
  std::vector<Job> jobs;
  for (const sim::Scenario& scenario : scenarios) {
    const std::vector<std::string> cases = cases_of(scenario);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      for (uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
        const std::string name = seeds == 1 ? cases[i] : fmt::format("{} with seed {}", cases[i], seed);
        jobs.push_back({&scenario, i, seed, name});
      }
    }
  }
  return jobs;
}

}  // namespace holdfast::tools
