// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "scenario/reader.hh"

namespace holdfast::sim {

bool is_volume_step(const ScenarioStep& step);

// The same as check_story, of a scenario that has volume steps only.
void check_volume_story(Reader& reader, const Node& root, const Scenario& scenario);

}  // namespace holdfast::sim
