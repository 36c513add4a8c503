// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/choice_stream.hh"

namespace holdfast::simdisk {
namespace {

// One step of splitmix64.
uint64_t next_random(uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  uint64_t value = state;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace

SeededChoices::SeededChoices(uint64_t seed) {
  for (std::size_t domain = 0; domain < kDomains; ++domain) {
    state_[domain] = seed ^ (0xa5a5a5a5a5a5a5a5ULL * (domain + 1));
    next_random(state_[domain]);
  }
}

// Draws that would favour small numbers are thrown away.
uint32_t SeededChoices::decide(Domain domain, uint32_t arity) {
  uint64_t& state = state_[static_cast<std::size_t>(domain)];
  const uint64_t fair = UINT64_MAX - UINT64_MAX % arity;
  uint64_t drawn = next_random(state);
  while (drawn >= fair) drawn = next_random(state);
  return static_cast<uint32_t>(drawn % arity);
}

uint32_t RecordingChoices::decide(Domain domain, uint32_t arity) {
  const uint32_t value = inner_.choose(domain, arity);
  recorded_.push_back({domain, arity, value});
  return value;
}

uint32_t ReplayedChoices::decide(Domain domain, uint32_t arity) {
  if (diverged_ || next_ == recorded_.size()) {
    diverged_ = true;
    return 0;
  }
  const Choice& choice = recorded_[next_++];
  diverged_ = choice.domain != domain || choice.arity != arity || choice.value >= arity;
  return diverged_ ? 0 : choice.value;
}

}  // namespace holdfast::simdisk
