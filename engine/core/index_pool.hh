// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "core/bitmap.hh"
#include "holdfast/assert.hh"

namespace holdfast {

// Numbers below a limit, each free or taken. The lowest free one is found in as many steps as the limit has
// digits to the base of 64.
class IndexPool {
 public:
  // All that are set in `taken` are taken.
  explicit IndexPool(const Bitmap& taken) : limit_(taken.size()), free_count_(taken.clear_count()) {
    uint64_t size = limit_;
    do {
      size = (size + 63) / 64;
      levels_.emplace_back(size);
    } while (size > 1);
    for (uint64_t index = 0; index < limit_; ++index) {
      if (!taken.test(index)) mark_free(index);
    }
  }

  uint64_t free_count() const noexcept { return free_count_; }
  bool is_free(uint64_t index) const noexcept {
    HF_ASSERT(index < limit_);
    return (levels_[0][index / 64] >> (index % 64) & 1) != 0;
  }

  // The lowest free one. There must be one.
  uint64_t take() noexcept {
    HF_ASSERT(free_count_ > 0);
    uint64_t index = 0;
    for (std::size_t level = levels_.size(); level-- > 0;) {
      index = index * 64 + static_cast<uint64_t>(std::countr_zero(levels_[level][index]));
    }
    mark_taken(index);
    --free_count_;
    return index;
  }
  // One that is taken.
  void give_back(uint64_t index) noexcept {
    HF_ASSERT(!is_free(index));
    mark_free(index);
    ++free_count_;
  }

 private:
  void mark_free(uint64_t index) noexcept {
    for (std::vector<uint64_t>& level : levels_) {
      level[index / 64] |= uint64_t{1} << (index % 64);
      index /= 64;
    }
  }
  // A word without free numbers is no longer offered by the level above.
  void mark_taken(uint64_t index) noexcept {
    for (std::vector<uint64_t>& level : levels_) {
      level[index / 64] &= ~(uint64_t{1} << (index % 64));
      if (level[index / 64] != 0) return;
      index /= 64;
    }
  }

  std::vector<std::vector<uint64_t>> levels_;  // bit set: free, or something below it is
  uint64_t limit_;
  uint64_t free_count_;
};

}  // namespace holdfast
