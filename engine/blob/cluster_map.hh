// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "holdfast/ids.hh"

namespace holdfast {

// Where a blob's clusters lie, as every channel reads it. The only structure that threads share: an entry is
// published by the home executor after it is durable, and read by channels without a lock.
class ClusterMap {
 public:
  explicit ClusterMap(std::span<const ClusterIndex> clusters)
      : entries_(std::make_unique<std::atomic<uint32_t>[]>(clusters.size())), size_(clusters.size()) {
    for (uint64_t i = 0; i < size_; ++i) entries_[i].store(clusters[i].value, std::memory_order_relaxed);
  }

  uint64_t size() const noexcept { return size_; }
  // Index 0: not allocated.
  ClusterIndex at(uint64_t cluster) const noexcept {
    return ClusterIndex{entries_[cluster].load(std::memory_order_acquire)};
  }

 private:
  std::unique_ptr<std::atomic<uint32_t>[]> entries_;
  uint64_t size_;
};

}  // namespace holdfast
