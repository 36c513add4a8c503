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

}  // namespace holdfast::sim
