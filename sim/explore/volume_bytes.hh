// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "holdfast/ids.hh"
#include "holdfast/simdisk/fault_plan.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast::sim {

// What media hold of the device that a volume lies on: all of a disk, or the clusters that a blob has there.
class VolumeBytes {
 public:
  explicit VolumeBytes(const simdisk::Media& disk) : disk_(disk), size_(disk.size()) {}
  VolumeBytes(const simdisk::Media& disk, std::span<const ClusterIndex> clusters, uint32_t cluster_size)
      : disk_(disk),
        size_(clusters.size() * uint64_t{cluster_size}),
        clusters_(clusters.begin(), clusters.end()),
        cluster_size_(cluster_size) {}

  uint64_t size() const { return size_; }
  // What has no cluster is zeroes.
  void read(uint64_t byte, std::span<std::byte> into) const;
  simdisk::EventNumber written_at_byte(uint64_t byte) const;
  // What hit the disk, as far as it is here, in bytes of this device.
  std::vector<simdisk::FaultHit> hits_in(std::span<const simdisk::FaultHit> disk) const;

 private:
  bool is_disk() const { return cluster_size_ == 0; }
  ClusterIndex cluster_at(uint64_t byte) const { return clusters_[byte / cluster_size_]; }
  uint64_t place_of(uint64_t byte) const {
    return is_disk() ? byte : uint64_t{cluster_at(byte).value} * cluster_size_ + byte % cluster_size_;
  }

  const simdisk::Media& disk_;
  uint64_t size_;
  std::vector<ClusterIndex> clusters_;  // of the blob; 0: none yet
  uint32_t cluster_size_ = 0;           // 0: it is the disk
};

}  // namespace holdfast::sim
