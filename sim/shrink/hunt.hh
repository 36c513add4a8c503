// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explore/cases.hh"

namespace holdfast::sim {

// What makes two broken promises one failure: the invariant, and its words without names and numbers. A
// search that took any failure would end at another one.
struct FailureKind {
  std::string invariant;
  std::string words;

  friend bool operator==(const FailureKind&, const FailureKind&) = default;
};
FailureKind kind_of(std::string_view invariant, std::string_view words);

struct FoundFailure {
  Token token;
  std::string words;
  std::vector<std::vector<uint32_t>> newest;  // for each cut, the selection in which everything arrives
  std::size_t missing = 0;  // undecided pieces, over all cuts, that are not as in it
};

// One case of a scenario with one seed.
struct HuntingGround {
  Case which;
  uint64_t seed = 0;
};
// The first state of this kind, among at most so many; `states` is then how many it took.
std::optional<FoundFailure> hunt(const HuntingGround& ground, const FailureKind& kind, uint64_t most,
                                 uint64_t& states);
// Of the states of this kind, among at most so many states, the one with the fewest cuts, then missing
// pieces, then at the earliest moments.
std::optional<FoundFailure> find_smallest(const HuntingGround& ground, const FailureKind& kind,
                                          uint64_t most);
// The one that the token names.
std::optional<FoundFailure> visit(const HuntingGround& ground, const FailureKind& kind, const Token& token);
// Every step is carried out as the scenario expects it: if the power stays, and after each cut, as far as the
// first so many states tell.
bool plays_well(const HuntingGround& ground, uint64_t most);

}  // namespace holdfast::sim
