// SPDX-License-Identifier: BSD-3-Clause
#include "explore/races.hh"

#include <algorithm>

namespace holdfast::sim {
namespace {

// Most bugs of order need two or three things in a certain order, and so one or two falls.
constexpr std::size_t kFalls = 2;

bool wants_every_order(const ScenarioStep& step) {
  const auto* parallel = std::get_if<Parallel>(&step.action);
  return parallel != nullptr && parallel->every_order;
}

}  // namespace

Races::Races(const Scenario& scenario, uint64_t seed, bool prune)
    : has_races_(std::ranges::any_of(scenario.setup, wants_every_order) ||
                 std::ranges::any_of(scenario.steps, wants_every_order)),
      seed_(seed),
      most_(scenario.crash.orders),
      tree_(prune) {}

bool Races::begin_playing() {
  const bool one_is_all = fixed_ || !has_races_;
  if ((one_is_all && playings_ == 1) || playings_ == 2 * most_) return false;
  if (!drawn_ && !tree_.begin_run()) return false;
  if (playings_ >= most_) drawn_.emplace(seed_ + playings_, tree_.choices_most(), kFalls);
  order_.clear();
  prefix_ = {};
  redundant_ = false;
  new_ = playings_++ == 0;
  return true;
}

std::optional<std::size_t> Races::next(std::span<const simdisk::Option> options) {
  std::optional<std::size_t> choice;
  if (fixed_) {
    const bool behind = options.size() == 1 || order_.size() >= fixed_->size();
    choice = behind ? 0 : std::min<std::size_t>((*fixed_)[order_.size()], options.size() - 1);
  } else if (drawn_) {
    choice = drawn_->next(options);
  } else {
    choice = tree_.next(options);
  }
  redundant_ = !choice.has_value();
  if (choice && options.size() > 1) {
    order_.push_back(static_cast<uint32_t>(*choice));
    prefix_.add({*choice});
    new_ = prefixes_.insert(prefix_.value()).second;
  }
  return choice;
}

void Races::happened(const simdisk::Effects& effects) {
  if (!fixed_ && !drawn_) tree_.happened(effects);
}

}  // namespace holdfast::sim
