// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "holdfast/sim/scenario.hh"
#include "holdfast/simdisk/digest.hh"
#include "holdfast/simdisk/order_tree.hh"
#include "holdfast/simdisk/priority_order.hh"

namespace holdfast::sim {

// The orders in which a case is played. Where no step asks for every order there is one, that of the seed.
// Where one does, the case is played again and again, up to a budget in every order; if that was not all, as
// often again in orders that are drawn.
class Races final : public simdisk::Sequencer {
 public:
  // With `prune`, orders that differ in independent neighbours only are not played.
  Races(const Scenario& scenario, uint64_t seed, bool prune);

  // From now on there is one playing: in this order, and behind its end whatever comes first.
  void play_as(std::vector<uint32_t> order) { fixed_ = std::move(order); }

  // The next playing begins; false: it was the last one.
  bool begin_playing();

  // What happens next in a step of which every order is wanted.
  std::optional<std::size_t> next(std::span<const simdisk::Option> options) override;
  void happened(const simdisk::Effects& effects) override;

  // What was chosen in this playing so far, where there was a choice.
  const std::vector<uint32_t>& order() const { return order_; }
  // Whether no other playing came here: what it holds was not seen before.
  bool is_new() const { return new_; }
  // This playing ends here, because another one shows the same from here on.
  bool is_redundant() const { return redundant_; }

  uint64_t playings() const { return playings_; }
  bool played_all() const { return !drawn_; }

 private:
  bool has_races_;
  uint64_t seed_;
  uint64_t most_;  // playings in every order, before others are drawn
  simdisk::OrderTree tree_;
  std::optional<simdisk::PriorityOrder> drawn_;
  std::optional<std::vector<uint32_t>> fixed_;
  uint64_t playings_ = 0;
  std::vector<uint32_t> order_;
  simdisk::Digest prefix_;               // of order_
  std::set<simdisk::Hash128> prefixes_;  // of all playings
  bool new_ = true;
  bool redundant_ = false;
};

}  // namespace holdfast::sim
