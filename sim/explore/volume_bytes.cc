// SPDX-License-Identifier: BSD-3-Clause
#include "explore/volume_bytes.hh"

#include <algorithm>

namespace holdfast::sim {

void VolumeBytes::read(uint64_t byte, std::span<std::byte> into) const {
  if (is_disk()) return disk_.read(byte, into);
  while (!into.empty()) {
    const std::size_t count = std::min<std::size_t>(into.size(), cluster_size_ - byte % cluster_size_);
    if (cluster_at(byte).value == 0) {
      std::ranges::fill(into.first(count), std::byte{0});
    } else {
      disk_.read(place_of(byte), into.first(count));
    }
    into = into.subspan(count);
    byte += count;
  }
}

simdisk::EventNumber VolumeBytes::written_at_byte(uint64_t byte) const {
  if (!is_disk() && cluster_at(byte).value == 0) return 0;
  return disk_.written_at_byte(place_of(byte));
}

std::vector<simdisk::FaultHit> VolumeBytes::hits_in(std::span<const simdisk::FaultHit> disk) const {
  if (is_disk()) return {disk.begin(), disk.end()};
  std::vector<simdisk::FaultHit> found;
  for (const simdisk::FaultHit& hit : disk) {
    for (uint64_t byte = 0; byte < size_; byte += cluster_size_) {
      const uint64_t place = place_of(byte);
      if (cluster_at(byte).value == 0 || !hit.touches(place, place + cluster_size_)) continue;
      const uint64_t begin = std::max(hit.begin, place) - place;
      const uint64_t end = std::min(hit.end, place + cluster_size_) - place;
      found.push_back({byte + begin, byte + end, hit.whole});
    }
  }
  return found;
}

}  // namespace holdfast::sim
