// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "explain/recording.hh"
#include "explore/cases.hh"
#include "holdfast/sim/explain.hh"

namespace holdfast::sim {

// What a person reads: what is broken, the steps with the cuts in them, what became of the undecided pieces,
// the first wrong field, the missing barrier. `text` is the scenario's file.
std::string screen_of(const Explanation& explanation, std::string_view text, const Case& which,
                      const Recorder& recorder);

}  // namespace holdfast::sim
