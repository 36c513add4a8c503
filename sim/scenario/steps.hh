// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "scenario/reader.hh"

namespace holdfast::sim {

// `scenario`: its device and its volume are read already.
std::vector<ScenarioStep> read_steps(Reader& reader, const Node& node, const Scenario& scenario);

}  // namespace holdfast::sim
