// SPDX-License-Identifier: BSD-3-Clause
#include "jobs.hh"

#include <fmt/core.h>

namespace holdfast::tools {

std::vector<Job> jobs_of(const std::vector<sim::Scenario>& scenarios, uint64_t first_seed, uint64_t seeds) {
  std::vector<Job> jobs;
  for (const sim::Scenario& scenario : scenarios) {
    for (const sim::Case& which : cases_of(scenario)) {
      const std::string name = name_of(which);
      for (uint64_t seed = first_seed; seed < first_seed + seeds; ++seed)
        jobs.push_back({which, seed, seeds == 1 ? name : fmt::format("{} with seed {}", name, seed)});
    }
  }
  return jobs;
}

}  // namespace holdfast::tools
