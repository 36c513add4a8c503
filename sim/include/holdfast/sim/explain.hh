// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// One undecided piece of a cut: what it is part of, which protocol step wrote it, and what became of it.
struct PieceStory {
  enum class Fate : uint8_t { arrived, lost, torn };
  Fate fate = Fate::arrived;
  std::string owner;  // "metadata page 1, chain of blob 'a'"
  std::string wrote;  // "write chain (B1) #24, completed #27"

  friend bool operator==(const PieceStory&, const PieceStory&) = default;
};

// A request, load or persist that a fault of the disk or map file struck.
struct FaultStory {
  std::string kind;   // "rot"
  std::string struck; // "user data (none)"
  std::string owner;  // of the first byte that it is about; empty: none
};

// The first field that is not as it would be if nothing were lost.
struct WrongField {
  std::string owner;
  std::string field;
  uint64_t expected = 0;
  uint64_t found = 0;
};

// Found by trying: if everything that is complete were durable at any place between `from` and `to`, the
// failure could not happen.
struct MissingBarrier {
  // A barrier that the program was told to hold there.
  struct Claim {
    Barrier barrier = Barrier::none;
    std::string by;        // "flush #21 to #22"
    bool ignored = false;  // by this disk; else what it covers does not help
  };
  std::string from;
  std::string to;
  std::vector<Claim> claims;
  std::size_t places_tried = 0;
};

struct Explanation {
  std::string invariant;
  std::string words;
  std::vector<std::vector<PieceStory>> cuts;
  std::vector<FaultStory> faults;
  std::optional<WrongField> wrong;  // none: nothing is missing, or beside faults nothing that matters
  std::optional<MissingBarrier> missing;  // none: no barrier would have helped
  std::string text;  // all of it, on one screen
};

// Tells the story of the crash state that a token names. `text` is the scenario's file. Errors: a scenario
// or token that cannot be used, and what differs; a state that breaks nothing.
std::expected<Explanation, std::string> explain(std::string_view text, const std::string& file,
                                                std::string_view token);

}  // namespace holdfast::sim
