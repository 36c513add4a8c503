// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/sim/runner.hh"

namespace holdfast::tools {

// One case of one scenario, with one seed. It points into the scenarios that it was made of.
struct Job {
  sim::Case which;
  uint64_t seed;
  std::string name;  // of the case, and its seed where there are several
};

// Every case of every scenario, with so many seeds from the first on.
std::vector<Job> jobs_of(const std::vector<sim::Scenario>& scenarios, uint64_t first_seed, uint64_t seeds);

}  // namespace holdfast::tools
