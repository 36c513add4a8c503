// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace holdfast::sim {

using ScenarioDocument = nlohmann::ordered_json;  // a scenario file, its keys in the order of the file

// Leaves out steps, keys and cuts and lessens numbers as long as `still_fails` says so of what is left, and
// until nothing more can go. What `still_fails` is asked need not be a scenario that anybody could read.
ScenarioDocument reduced(ScenarioDocument document,
                         const std::function<bool(const ScenarioDocument&)>& still_fails);

// Steps of setup, steps and after: those inside others are counted, and not the others.
std::size_t steps_in(const ScenarioDocument& document);

}  // namespace holdfast::sim
