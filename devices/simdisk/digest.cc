// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/digest.hh"

#include <array>
#include <string_view>

#ifdef HOLDFAST_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

namespace holdfast::simdisk {

Hash128& Hash128::operator+=(const Hash128& other) noexcept {
  low += other.low;
  high += other.high;
  return *this;
}

Hash128& Hash128::operator-=(const Hash128& other) noexcept {
  low -= other.low;
  high -= other.high;
  return *this;
}

Hash128 hash_bytes(std::span<const std::byte> bytes, uint64_t seed) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.low64, hash.high64};
}

void Digest::add(std::initializer_list<uint64_t> words) noexcept {
  if (events_ != nullptr) events_->emplace_back(words);
  for (const uint64_t word : words) {
    const std::array<uint64_t, 3> chained = {state_.low, state_.high, word};
    state_ = hash_bytes(std::as_bytes(std::span(chained)));
  }
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint64_t word : {state_.high, state_.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[word >> shift & 0xF];
  }
  return text;
}

}  // namespace holdfast::simdisk
