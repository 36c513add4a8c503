// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/order_tree.hh"

#include <algorithm>
#include <utility>

#include "holdfast/assert.hh"

namespace holdfast::simdisk {
namespace {

bool overlap(const Effects::Bytes& a, const Effects::Bytes& b) { return a.begin < b.end && b.begin < a.end; }

bool are_independent(const Effects& a, const Effects& b) {
  if (a.executor == 0 || b.executor == 0 || a.executor == b.executor) return false;
  const auto posts = [](const Effects& effects, std::size_t executor) {
    return std::ranges::find(effects.posted_to, executor) != effects.posted_to.end();
  };
  if (posts(a, b.executor) || posts(b, a.executor)) return false;
  if (std::ranges::any_of(a.posted_to, [&](std::size_t executor) { return posts(b, executor); }))
    return false;
  return std::ranges::none_of(a.touched, [&b](const Effects::Bytes& bytes) {
    return std::ranges::any_of(b.touched, [&bytes](const auto& other) { return overlap(bytes, other); });
  });
}

}  // namespace

bool OrderTree::begin_run() {
  depth_ = 0;
  if (!std::exchange(begun_, true)) return true;
  while (!way_.empty()) {
    Node& last = way_.back();
    last.asleep.push_back({last.options[last.chosen], std::move(last.effects)});
    if (const auto other = choose(last, last.chosen + 1)) {
      last.chosen = *other;
      return true;
    }
    way_.pop_back();
  }
  return false;
}

// A run that takes a way again meets what the run before met there.
std::optional<std::size_t> OrderTree::next(std::span<const Option> options) {
  if (depth_ < way_.size()) {
    HF_ASSERT(std::ranges::equal(way_[depth_].options, options));
    return way_[depth_].chosen;
  }
  Node node{.options = {options.begin(), options.end()}, .effects = {}, .asleep = still_asleep()};
  const auto chosen = choose(node, 0);
  if (!chosen) return std::nullopt;
  node.chosen = *chosen;
  way_.push_back(std::move(node));
  return chosen;
}

void OrderTree::happened(const Effects& effects) {
  way_[depth_++].effects = effects;
  choices_most_ = std::max(choices_most_, depth_);
}

std::optional<std::size_t> OrderTree::choose(const Node& node, std::size_t from) const {
  for (std::size_t i = from; i < node.options.size(); ++i) {
    const bool asleep = std::ranges::find(node.asleep, node.options[i], &Asleep::option) != node.asleep.end();
    if (!prune_ || !asleep) return i;
  }
  return std::nullopt;
}

// At the end of the way: what could not notice what was chosen last.
std::vector<OrderTree::Asleep> OrderTree::still_asleep() const {
  std::vector<Asleep> asleep;
  if (way_.empty()) return asleep;
  for (const Asleep& each : way_.back().asleep) {
    if (are_independent(each.effects, way_.back().effects)) asleep.push_back(each);
  }
  return asleep;
}

}  // namespace holdfast::simdisk
