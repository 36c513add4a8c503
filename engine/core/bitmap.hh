// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "holdfast/assert.hh"

namespace holdfast {

// A fixed number of bits that knows how many of them are set.
class Bitmap {
 public:
  Bitmap() = default;
  explicit Bitmap(uint64_t size) : words_((size + 63) / 64), size_(size) {}

  uint64_t size() const noexcept { return size_; }
  uint64_t set_count() const noexcept { return set_count_; }
  uint64_t clear_count() const noexcept { return size_ - set_count_; }

  bool test(uint64_t bit) const noexcept {
    HF_ASSERT(bit < size_);
    return (words_[bit / 64] >> (bit % 64) & 1) != 0;
  }
  // Returns what the bit was before.
  bool set(uint64_t bit) noexcept {
    const bool was = test(bit);
    words_[bit / 64] |= uint64_t{1} << (bit % 64);
    set_count_ += was ? 0 : 1;
    return was;
  }
  bool clear(uint64_t bit) noexcept {
    const bool was = test(bit);
    words_[bit / 64] &= ~(uint64_t{1} << (bit % 64));
    set_count_ -= was ? 1 : 0;
    return was;
  }

  void set_all() noexcept {
    for (uint64_t bit = 0; bit < size_; ++bit) set(bit);
  }
  // Whether every bit of the other one, of the same size, is set here too.
  bool contains(const Bitmap& other) const noexcept {
    HF_ASSERT(size_ == other.size_);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if ((other.words_[i] & ~words_[i]) != 0) return false;
    }
    return true;
  }

  friend bool operator==(const Bitmap&, const Bitmap&) = default;

  // The first clear bit at or after `from`, then from the start on.
  std::optional<uint64_t> find_clear(uint64_t from) const noexcept {
    if (clear_count() == 0) return std::nullopt;
    if (from >= size_) from = 0;
    if (const auto found = find_clear_between(from, size_)) return found;
    return find_clear_between(0, from);
  }

 private:
  std::optional<uint64_t> find_clear_between(uint64_t begin, uint64_t end) const noexcept {
    for (uint64_t bit = begin; bit < end;) {
      const uint64_t free = ~words_[bit / 64] >> (bit % 64);
      if (free != 0) {
        const uint64_t found = bit + static_cast<uint64_t>(std::countr_zero(free));
        if (found < end) return found;
        return std::nullopt;
      }
      bit = (bit / 64 + 1) * 64;
    }
    return std::nullopt;
  }

  std::vector<uint64_t> words_;
  uint64_t size_ = 0;
  uint64_t set_count_ = 0;
};

}  // namespace holdfast
