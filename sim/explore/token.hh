// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explore/build_identity.hh"

namespace holdfast::sim {

// One cut: after how many moments of the session, which candidate each undecided unit got, and what was
// chosen until then in the session's races. Moments are counted from 1; 0: the session was not cut.
struct Cut {
  uint64_t moment = 0;
  std::vector<uint32_t> selection;
  std::vector<uint32_t> order = {};

  friend bool operator==(const Cut&, const Cut&) = default;
};

// The way to one crash state: the scenario (by its content), the case, the seed, and the cuts, outermost
// first. Without a cut: to the end of the first session. Another build may choose otherwise, so a token also
// names its own.
struct Token {
  uint64_t scenario = 0;
  std::size_t case_index = 0;
  uint64_t seed = 0;
  std::vector<Cut> cuts;
  uint32_t build = build_identity();

  friend bool operator==(const Token&, const Token&) = default;
};

// Appends numbers that no other cut has.
void append_words(const Cut& cut, std::vector<uint64_t>& words);

// hf2-BUILD-SCENARIO-CASE-SEED-MOMENT.SELECTION-..., or MOMENT.SELECTION.ORDER where there was a race
std::string to_text(const Token& token);
std::optional<Token> parse_token(std::string_view text);

}  // namespace holdfast::sim
