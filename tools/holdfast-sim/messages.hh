// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "holdfast/sim/report.hh"

namespace holdfast::tools {

// What a worker process says of a case: one line, and the way back.
std::string to_message(const sim::ScenarioResult& result);
sim::ScenarioResult from_message(const std::string& line);

}  // namespace holdfast::tools
