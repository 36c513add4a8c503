// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "explore/explorer.hh"

namespace holdfast::sim {

// Every disk of a scenario, with and without FUA, on each kind of memory, as the scenario says. A case points
// into the scenario.
std::vector<Case> expand(const Scenario& scenario);
std::string name_of(const Scenario& scenario, const Case& which);

// The token of this text, if it is of this scenario and this build; else what differs.
std::expected<Token, std::string> token_of(const Scenario& scenario, std::string_view text);
// The state that the token names; else it names a moment or a choice that there is not.
std::expected<ScenarioResult, std::string> go_to(Explorer& explorer, const Token& token);

}  // namespace holdfast::sim
