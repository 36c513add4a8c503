// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "scenario/reader.hh"

namespace holdfast::sim {

// `scenario`: its device and its volume are read already.
std::vector<ScenarioStep> read_steps(Reader& reader, const Node& node, const Scenario& scenario);

// What a session does after it has recovered from a cut, unless the scenario says otherwise: it writes what
// takes space from the free one, metadata of a store or chunks of a volume, and closes.
std::vector<ScenarioStep> default_after(const Scenario& scenario);

}  // namespace holdfast::sim
