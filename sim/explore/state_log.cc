// SPDX-License-Identifier: BSD-3-Clause
#include "explore/state_log.hh"

namespace holdfast::sim {

void Route::add(const std::vector<Cut>& path) {
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    const auto before = std::span(path).first(depth);
    choices_[words_of(before, path[depth].moment)].insert(path[depth].selection);
  }
}

const std::set<std::vector<uint32_t>>* Route::choices(const std::vector<Cut>& path, uint64_t moment) const {
  const auto found = choices_.find(words_of(path, moment));
  return found == choices_.end() ? nullptr : &found->second;
}

std::vector<uint64_t> Route::words_of(std::span<const Cut> path, uint64_t moment) {
  std::vector<uint64_t> words = {path.size()};
  for (const Cut& cut : path) {
    words.push_back(cut.moment);
    words.push_back(cut.selection.size());
    words.insert(words.end(), cut.selection.begin(), cut.selection.end());
  }
  words.push_back(moment);
  return words;
}

}  // namespace holdfast::sim
