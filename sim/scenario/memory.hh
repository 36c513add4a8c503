// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "scenario/reader.hh"

namespace holdfast::sim {

bool is_memory_step(const ScenarioStep& step);
// Something happens to a map file between two cuts.
bool touches_map_files(const Scenario& scenario);

// What happens to the map file of a volume.
MemoryPoison read_memory_poison(Reader& reader, const Node& node);
MemoryReplace read_memory_replace(Reader& reader, const Node& node);

}  // namespace holdfast::sim
