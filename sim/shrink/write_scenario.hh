// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "shrink/reduction.hh"

namespace holdfast::sim {

// As people write scenarios: a line for each key, and one for each step or disk.
std::string to_text(const ScenarioDocument& document);
std::string on_one_line(const ScenarioDocument& node);

}  // namespace holdfast::sim
