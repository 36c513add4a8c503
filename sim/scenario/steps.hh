// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "scenario/reader.hh"

namespace holdfast::sim {

std::vector<ScenarioStep> read_steps(Reader& reader, const Node& node, const DeviceSpec& device);

// What a session does after it has recovered from a cut, unless the scenario says otherwise: it writes
// metadata that takes pages from the free ones, and closes the store.
std::vector<ScenarioStep> default_after();

}  // namespace holdfast::sim
