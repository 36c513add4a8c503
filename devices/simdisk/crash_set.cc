// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/crash_set.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace holdfast::simdisk {

Candidate::Candidate(std::vector<std::byte> on_media)
    : bytes(std::move(on_media)), events(sectors_for(bytes.size())), hash(hash_bytes(bytes)) {}

void Candidate::lay_over(uint64_t offset, std::span<const std::byte> part, EventNumber event) {
  std::memcpy(bytes.data() + offset, part.data(), part.size());
  const auto first = static_cast<std::ptrdiff_t>(offset / kMediaSector);
  const auto end = static_cast<std::ptrdiff_t>(sectors_for(offset + part.size()));
  std::fill(events.begin() + first, events.begin() + end, event);
  hash = hash_bytes(bytes);
}

uint64_t CrashSet::combinations() const noexcept {
  uint64_t product = 1;
  for (const UndecidedUnit& unit : units) {
    if (__builtin_mul_overflow(product, unit.candidates.size(), &product)) return UINT64_MAX;
  }
  return product;
}

Hash128 CrashSet::hash() const noexcept {
  Hash128 total;
  for (const UndecidedUnit& unit : units) {
    for (const Candidate& candidate : unit.candidates) {
      const std::array<uint64_t, 4> words = {unit.media->number(), unit.byte, candidate.hash.low,
                                             candidate.hash.high};
      total += hash_bytes(std::as_bytes(std::span(words)));
    }
  }
  return total;
}

void CrashSet::append(CrashSet other) {
  complete = complete && other.complete;
  std::ranges::move(other.units, std::back_inserter(units));
}

void CrashSet::apply(std::span<const uint32_t> selection) const {
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (selection[i] == 0) continue;
    const Candidate& candidate = units[i].candidates[selection[i]];
    units[i].media->write(units[i].byte, candidate.bytes, candidate.events);
  }
}

CombinationCursor::CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices)
    : set_(set),
      budget_(budget),
      choices_(choices),
      exhaustive_(set.complete && set.combinations() <= budget),
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
    if (++selection_[i] < set_.units[i].candidates.size()) return true;
    selection_[i] = 0;
  }
  return false;
}

// A draw that was visited already goes on to the next combination that was not, so that the search ends
// whatever is drawn.
bool CombinationCursor::next_of_some() {
  if (visited_ == budget_ || visited_ == set_.combinations()) return false;
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
    const auto newest = static_cast<uint32_t>(set_.units[i].candidates.size() - 1);
    if (nth == 0) {
      selection_[i] = 0;
    } else if (nth == 1) {
      selection_[i] = newest;
    } else if (nth < 2 + units) {
      selection_[i] = i == nth - 2 ? newest : 0;
    } else if (nth < 2 + 2 * units) {
      selection_[i] = i == nth - 2 - units ? 0 : newest;
    } else {
      selection_[i] = choices_.choose(Domain::loss, newest + 1);
    }
  }
}

}  // namespace holdfast::simdisk
