// SPDX-License-Identifier: BSD-3-Clause
#include "explore/containment.hh"

#include <algorithm>

namespace holdfast::sim {

void Containment::begin(std::span<uint64_t> whereabouts, std::span<const Death> deaths) {
  whereabouts_ = whereabouts;
  deaths_ = deaths;
  if (!whereabouts_.empty()) whereabouts_[0] = 0;
}

// The first word of memory is the number of words that follow; 0: no place, or one that does not fit.
const Death* Containment::enter(std::span<const Cut> path, uint64_t moment,
                                const std::vector<uint32_t>& order, Doing doing) {
  if (whereabouts_.empty()) return nullptr;
  words_.assign({static_cast<uint64_t>(doing)});
  append_words({moment, {}, order}, words_);
  for (const Cut& cut : path) append_words(cut, words_);
  whereabouts_[0] = 0;
  if (words_.size() < whereabouts_.size()) {
    std::ranges::copy(words_, whereabouts_.begin() + 1);
    whereabouts_[0] = words_.size();
  }
  const auto found = std::ranges::find(deaths_, words_, &Death::place);
  return found == deaths_.end() ? nullptr : &*found;
}

std::optional<Place> place_in(std::span<const uint64_t> whereabouts) {
  if (whereabouts[0] == 0) return std::nullopt;
  const auto words = whereabouts.subspan(1, whereabouts[0]);
  return Place(words.begin(), words.end());
}

}  // namespace holdfast::sim
