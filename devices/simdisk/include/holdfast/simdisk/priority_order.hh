// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "holdfast/simdisk/sequencer.hh"

namespace holdfast::simdisk {

// An order drawn in the manner of PCT (probabilistic concurrency testing): each executor and each request in
// flight gets a priority when it is first seen, the highest goes on as long as it can, and at few drawn
// places the one that would go on falls behind all others. A bug that needs a certain order of few things
// shows with a probability that is known, however long the run is.
class PriorityOrder final : public Sequencer {
 public:
  // `choices`: how long a run is, about; `falls`: at how many places of it one falls behind.
  PriorityOrder(uint64_t seed, std::size_t choices, std::size_t falls);

  std::optional<std::size_t> next(std::span<const Option> options) override;

 private:
  uint64_t rank_of(const Option& option) const;

  uint64_t seed_;
  std::set<std::size_t> places_;  // of the falls
  std::vector<uint64_t> fallen_;  // names, the deepest last
  std::size_t place_ = 0;
};

}  // namespace holdfast::simdisk
