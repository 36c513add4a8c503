// SPDX-License-Identifier: BSD-3-Clause
#include "explore/state_log.hh"

namespace holdfast::sim {

void Route::add(const std::vector<Cut>& path) {
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    const auto before = std::span(path).first(depth);
    choices_[words_of(before, path[depth].moment, path[depth].order)].insert(path[depth].selection);
  }
}

const std::set<std::vector<uint32_t>>* Route::choices(std::span<const Cut> path, uint64_t moment,
                                                      const std::vector<uint32_t>& order) const {
  const auto found = choices_.find(words_of(path, moment, order));
  return found == choices_.end() ? nullptr : &found->second;
}

std::vector<uint64_t> Route::words_of(std::span<const Cut> path, uint64_t moment,
                                      const std::vector<uint32_t>& order) {
  std::vector<uint64_t> words = {path.size()};
  for (const Cut& cut : path) append_words(cut, words);
  append_words({moment, {}, order}, words);
  return words;
}

}  // namespace holdfast::sim
