// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "holdfast/simdisk/sequencer.hh"

namespace holdfast::simdisk {

// Visits every order in which things can happen, by having a deterministic program run again and again: each
// run takes the way of the one before up to a last choice, and another one there.
//
// With `prune`, of two orders that differ only in independent neighbours one is enough (sleep sets): every
// state of the program is visited all the same, only by fewer ways. Independent are things on two executors
// that post to neither and to no third one both, and that touch no byte of the disk both. Nothing is
// independent of what happens on the first executor, where a program keeps what is shared.
class OrderTree final : public Sequencer {
 public:
  explicit OrderTree(bool prune) : prune_(prune) {}

  // The next run begins; false: all orders were visited.
  bool begin_run();

  // None: every order from here on differs from one that was visited by independent neighbours only.
  std::optional<std::size_t> next(std::span<const Option> options) override;
  void happened(const Effects& effects) override;

  // The longest run so far.
  std::size_t choices_most() const noexcept { return choices_most_; }

 private:
  // Something that was chosen here, or further up, before: what begins with it was visited.
  struct Asleep {
    Option option;
    Effects effects;
  };
  struct Node {
    std::vector<Option> options;
    std::size_t chosen = 0;
    Effects effects;  // of what was chosen
    std::vector<Asleep> asleep;
  };

  std::optional<std::size_t> choose(const Node& node, std::size_t from) const;
  std::vector<Asleep> still_asleep() const;

  bool prune_;
  bool begun_ = false;
  std::vector<Node> way_;
  std::size_t depth_ = 0;  // how far this run has come
  std::size_t choices_most_ = 0;
};

}  // namespace holdfast::simdisk
