// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "holdfast/ids.hh"

namespace holdfast {

// Where a blob's clusters lie, as every channel reads it. The only structure that threads share: the home
// executor publishes an entry when it is durable, and channels read it without a lock.
//
// A map that grows moves to a larger table. Channels may still read the former one, which therefore lives as
// long as the map; tables double in size, and so all former ones together take no more room than the last.
class ClusterMap {
 public:
  explicit ClusterMap(std::span<const ClusterIndex> clusters) { grow(clusters); }

  uint64_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  // Index 0: not allocated. Below the size that this thread has seen.
  ClusterIndex at(uint64_t cluster) const noexcept {
    return ClusterIndex{table_.load(std::memory_order_acquire)[cluster].load(std::memory_order_acquire)};
  }

  // Home executor.
  void publish(uint64_t cluster, ClusterIndex place) noexcept {
    table_.load(std::memory_order_relaxed)[cluster].store(place.value, std::memory_order_release);
  }
  void grow(std::span<const ClusterIndex> clusters) {
    if (clusters.size() > capacity_ || tables_.empty()) {
      capacity_ = std::max<uint64_t>(clusters.size(), 2 * capacity_);
      tables_.push_back(std::make_unique<Entry[]>(capacity_));
    }
    Entry* table = tables_.back().get();
    for (uint64_t i = 0; i < clusters.size(); ++i)
      table[i].store(clusters[i].value, std::memory_order_relaxed);
    table_.store(table, std::memory_order_release);
    size_.store(clusters.size(), std::memory_order_release);
  }
  // No channel has a request to what is cut off in progress.
  void shrink(uint64_t clusters) noexcept { size_.store(clusters, std::memory_order_release); }

 private:
  using Entry = std::atomic<uint32_t>;
  std::vector<std::unique_ptr<Entry[]>> tables_;
  uint64_t capacity_ = 0;
  std::atomic<Entry*> table_ = nullptr;
  std::atomic<uint64_t> size_ = 0;
};

}  // namespace holdfast
