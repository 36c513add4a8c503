// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "holdfast/sim/runner.hh"

namespace holdfast::sim {

// Crash states by their tokens, with the digest of what happened in each: recovery, and what came of it.
using StateDigests = std::map<std::string, std::string>;
// What happened in one state, event by event. An event is numbers.
using Events = std::vector<std::vector<uint64_t>>;

// Explores a case and gives at most `most` of its states, an even choice that depends on the case and the
// seed alone.
StateDigests explore_states(const Case& which, uint64_t seed, std::size_t most);
// Plays the case once more, and goes to these states and to nothing else.
StateDigests visit_states(const Case& which, const StateDigests& states);

// The events of one state, reached in each of these ways.
Events events_when_explored(const Case& which, const std::string& token);
Events events_when_visited(const Case& which, const std::string& token);
// In words: the first event in which they differ. Empty: there is none.
std::string first_difference(const Events& explored, const Events& visited);

}  // namespace holdfast::sim
