// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::sim {

// Where in the exploration of one case the engine's code runs. Equal places are reached by the same way.
using Place = std::vector<uint64_t>;

// Words of memory in which an exploration keeps its place, so that who shares them learns from a process that
// died where it was.
inline constexpr std::size_t kWhereaboutsWords = std::size_t{1} << 20;
// Nothing: no exploration has begun, or its place does not fit.
std::optional<Place> place_in(std::span<const uint64_t> whereabouts);

// The engine aborted or crashed at this place, and took its process with it.
struct Death {
  Place place;
  std::string words;  // how it died
};

// A case in which the process dies more often than this is not explored further.
inline constexpr std::size_t kDeathsPerCase = 32;

}  // namespace holdfast::sim
