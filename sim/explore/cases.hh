// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "explore/explorer.hh"

namespace holdfast::sim {

// A state of a scenario, and the case in which it is.
struct Target {
  Token token;
  Case which;
};
// What the token of this text names, if it is of this scenario and this build; else what differs.
std::expected<Target, std::string> target_of(const Scenario& scenario, std::string_view text);
// Goes there; else the token names a moment or a choice that there is not.
std::expected<ScenarioResult, std::string> go_to(Explorer& explorer, const Token& token);

}  // namespace holdfast::sim
