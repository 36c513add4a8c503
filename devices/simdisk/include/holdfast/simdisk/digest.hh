// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace holdfast::simdisk {

// 128 bits that name content: equal hashes are taken for equal bytes.
struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;

  // Addition is what makes the hash of an image independent of the order of its changes, and undoable.
  Hash128& operator+=(const Hash128& other) noexcept;
  Hash128& operator-=(const Hash128& other) noexcept;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

Hash128 hash_bytes(std::span<const std::byte> bytes, uint64_t seed = 0) noexcept;

// A running digest of events: two runs that did the same have the same digest.
class Digest {
 public:
  void add(std::initializer_list<uint64_t> words) noexcept;
  void add(const Hash128& hash) noexcept { add({hash.low, hash.high}); }
  const Hash128& value() const noexcept { return state_; }
  std::string hex() const;
  // From now on, each event is also kept, in its own words.
  void record(std::vector<std::vector<uint64_t>>* events) noexcept { events_ = events; }

 private:
  Hash128 state_;
  std::vector<std::vector<uint64_t>>* events_ = nullptr;
};

}  // namespace holdfast::simdisk
