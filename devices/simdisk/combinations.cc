// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/combinations.hh"

namespace holdfast::simdisk {

CombinationCursor::CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices)
    : last_(set.everything()),
      combinations_(set.combinations()),
      budget_(budget),
      choices_(choices),
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
  const std::size_t named = 2 + 2 * selection_.size();
  propose();
  while (!seen_.insert(hash_bytes(std::as_bytes(std::span(selection_)))).second) {
    if (proposed_ < named) {
      propose();
    } else {
      count_up();
    }
  }
  return true;
}

void CombinationCursor::propose() {
  const std::size_t units = selection_.size();
  const uint64_t nth = proposed_++;
  for (std::size_t i = 0; i < units; ++i) {
    if (nth == 0) {
      selection_[i] = 0;
    } else if (nth == 1) {
      selection_[i] = last_[i];
    } else if (nth < 2 + units) {
      selection_[i] = i == nth - 2 ? last_[i] : 0;
    } else if (nth < 2 + 2 * units) {
      selection_[i] = i == nth - 2 - units ? 0 : last_[i];
    } else {
      selection_[i] = choices_.choose(Domain::loss, last_[i] + 1);
    }
  }
}

}  // namespace holdfast::simdisk
