// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "holdfast/sim/runner.hh"

namespace holdfast::tools {

// Runs every case of every scenario in `jobs` processes. The results come in the order of the scenarios,
// whatever `jobs` is. A process that dies takes nothing with it: the
// error names the case that it was running.
std::expected<std::vector<sim::ScenarioResult>, std::string> run_in_workers(
    const std::vector<sim::Scenario>& scenarios, const sim::RunOptions& options, unsigned jobs);

}  // namespace holdfast::tools
