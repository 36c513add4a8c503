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

uint64_t combinations_of(std::span<const UndecidedUnit> units) noexcept {
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

std::vector<uint32_t> CrashSet::everything() const {
  std::vector<uint32_t> selection;
  for (const UndecidedUnit& unit : units)
    selection.push_back(static_cast<uint32_t>(unit.candidates.size() - 1));
  return selection;
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

}  // namespace holdfast::simdisk
