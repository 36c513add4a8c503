// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/priority_order.hh"

#include <algorithm>
#include <array>

#include "holdfast/simdisk/choice_stream.hh"
#include "holdfast/simdisk/digest.hh"

namespace holdfast::simdisk {

PriorityOrder::PriorityOrder(uint64_t seed, std::size_t choices, std::size_t falls) : seed_(seed) {
  SeededChoices drawn(seed);
  for (std::size_t i = 0; i < falls; ++i)
    places_.insert(drawn.choose(Domain::order, static_cast<uint32_t>(std::max<std::size_t>(choices, 1))));
}

std::optional<std::size_t> PriorityOrder::next(std::span<const Option> options) {
  const auto highest = [&] {
    return std::ranges::max_element(options, {}, [this](const Option& option) { return rank_of(option); });
  };
  if (places_.contains(place_++)) fallen_.push_back(highest()->name);
  return static_cast<std::size_t>(highest() - options.begin());
}

// What fell last is the lowest.
uint64_t PriorityOrder::rank_of(const Option& option) const {
  const auto fell = std::ranges::find(fallen_, option.name);
  if (fell != fallen_.end()) return static_cast<uint64_t>(fallen_.end() - fell);
  const std::array<uint64_t, 1> name = {option.name};
  return hash_bytes(std::as_bytes(std::span(name)), seed_).low | uint64_t{1} << 63;
}

}  // namespace holdfast::simdisk
