// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "holdfast/sim/runner.hh"
#include "jobs.hh"

namespace holdfast::tools {

// Runs every job, with its seed, in so many processes. The results come in the order of the jobs, however
// many processes there are. One that dies takes nothing with it: where the engine ran is reported as a
// violation of `no_abort`, and another process goes on with the case. An error is a process that died where
// no engine ran.
std::expected<std::vector<sim::ScenarioResult>, std::string> run_in_workers(std::vector<Job> jobs,
                                                                            const sim::RunOptions& options,
                                                                            unsigned processes);

// As sim::replay(), in a process of its own: if the engine dies there, that is what the report says.
std::expected<sim::ReplayReport, std::string> replay_in_worker(const sim::Scenario& scenario,
                                                               const std::string& token);

}  // namespace holdfast::tools
