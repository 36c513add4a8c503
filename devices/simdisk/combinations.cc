// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/combinations.hh"

#include <algorithm>
#include <numeric>

namespace holdfast::simdisk {

CombinationCursor::CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices)
    : last_(set.everything()),
      combinations_(set.combinations()),
      budget_(budget),
      choices_(choices),
      complete_(set.complete),
      exhaustive_(set.complete && combinations_ <= budget),
      selection_(set.units.size()) {}

bool CombinationCursor::next(std::span<const uint32_t>& selection) {
  if (!(exhaustive_ ? next_of_all() : next_of_some())) return false;
  ++visited_;
  selection = selection_;
  return true;
}

// Counts through all combinations, the first unit fastest.
bool CombinationCursor::next_of_all() { return visited_ == 0 || count_up(); }

bool CombinationCursor::count_up() {
  for (std::size_t i = 0; i < selection_.size(); ++i) {
    if (selection_[i]++ < last_[i]) return true;
    selection_[i] = 0;
  }
  return false;
}

// A draw that was visited already goes on to the next combination that was not, so that the search ends
// whatever is drawn.
bool CombinationCursor::next_of_some() {
  if (visited_ == budget_ || visited_ == combinations_) return false;
  propose();
  while (!seen_.insert(hash_bytes(std::as_bytes(std::span(selection_)))).second) {
    if (levels_end_) {
      count_up();
    } else {
      propose();
    }
  }
  return true;
}

void CombinationCursor::propose() {
  const std::size_t named = 2 + 2 * selection_.size();
  if (proposed_ < named) return propose_named(proposed_++);
  if (!levels_end_ && propose_of_level()) return;
  levels_end_ = true;
  for (std::size_t i = 0; i < selection_.size(); ++i)
    selection_[i] = choices_.choose(Domain::loss, last_[i] + 1);
}

void CombinationCursor::propose_named(uint64_t nth) {
  const std::size_t units = selection_.size();
  for (std::size_t i = 0; i < units; ++i) {
    const bool alone = nth >= 2 && nth < 2 + units;
    const bool missing = nth >= 2 + units;
    const bool arrives = nth == 1 || (alone && i == nth - 2) || (missing && i != nth - 2 - units);
    selection_[i] = arrives ? last_[i] : 0;
  }
}

// False: all levels that fit were proposed.
bool CombinationCursor::propose_of_level() {
  for (const std::size_t place : places_) {
    if (selection_[place]++ < last_[place]) return true;
    selection_[place] = 1;
  }
  const std::size_t units = selection_.size();
  for (std::size_t i = places_.size(); i-- > 0;) {
    if (places_[i] == units - places_.size() + i) continue;
    ++places_[i];
    for (std::size_t j = i + 1; j < places_.size(); ++j) places_[j] = places_[j - 1] + 1;
    put_on_places();
    return true;
  }
  if (complete_) bound_ = places_.size();
  return begin_level();
}

// The next one, if the budget has room for all of it.
bool CombinationCursor::begin_level() {
  const std::size_t level = places_.size() + 1;
  if (level > selection_.size() || combinations_at(level) > budget_ - visited_) return false;
  places_.resize(level);
  std::iota(places_.begin(), places_.end(), std::size_t{0});
  put_on_places();
  return true;
}

void CombinationCursor::put_on_places() {
  std::ranges::fill(selection_, 0);
  for (const std::size_t place : places_) selection_[place] = 1;
}

// Saturates.
uint64_t CombinationCursor::combinations_at(std::size_t level) const {
  std::vector<uint64_t> with(level + 1);  // so many units, of those that were looked at
  with[0] = 1;
  for (const uint32_t last : last_) {
    for (std::size_t units = level; units > 0; --units) {
      uint64_t more = 0;
      if (__builtin_mul_overflow(with[units - 1], last, &more) ||
          __builtin_add_overflow(with[units], more, &with[units]))
        with[units] = UINT64_MAX;
    }
  }
  return with[level];
}

}  // namespace holdfast::simdisk
