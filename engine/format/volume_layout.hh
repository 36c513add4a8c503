// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace holdfast {

// A volume has this many more chunk maps, and at least this many chunks more of device, than it has chunks: a
// write puts a chunk's new content beside the old one.
inline constexpr uint64_t kSpareChunks = 128;
// A logical map entry: this chunk was never written, or was unmapped.
inline constexpr uint64_t kNoChunkMap = ~uint64_t{0};
// A slot of a chunk map that names no unit.
inline constexpr uint64_t kNoUnit = ~uint64_t{0};

// How long the map file is. Programs of before July 2019 forgot the headers of the chunk maps when they made
// it, and placed the maps with them.
enum class MapSizing : uint8_t { with_headers, without_headers };

// Where everything lies, checked: sizes divide each other, and the volume fits the device.
//
// The map file: the superblock's copy, a word for each chunk (the logical map), the chunk maps. The logical
// map and the chunk maps are rounded up to 64 bytes.
struct VolumeLayout {
  uint32_t unit_size = 0;  // bytes: what compressed data takes on the device is counted in units
  uint32_t logical_block_size = 0;  // bytes
  uint32_t chunk_size = 0;  // bytes
  uint64_t chunks = 0;
  uint64_t units = 0;  // of the device
  uint64_t first_unit = 0;  // behind the superblock and the path

  uint64_t volume_size() const noexcept { return chunks * chunk_size; }
  uint32_t units_per_chunk() const noexcept { return chunk_size / unit_size; }
  uint32_t units_for(uint64_t bytes) const noexcept {
    return static_cast<uint32_t>((bytes + unit_size - 1) / unit_size);
  }
  uint64_t byte_of_unit(uint64_t unit) const noexcept { return unit * unit_size; }

  uint64_t chunk_maps() const noexcept { return chunks + kSpareChunks; }
  uint64_t chunk_map_bytes() const noexcept { return 8 + uint64_t{8} * units_per_chunk(); }
  uint64_t logical_entry_offset(uint64_t chunk) const noexcept { return kLogicalMapOffset + chunk * 8; }
  uint64_t chunk_map_offset(uint64_t map) const noexcept {
    return chunk_maps_offset() + map * chunk_map_bytes();
  }
  uint64_t chunk_maps_offset() const noexcept { return kLogicalMapOffset + round_up(chunks * 8); }
  uint64_t map_file_bytes(MapSizing sizing) const noexcept {
    const uint64_t each = sizing == MapSizing::with_headers ? chunk_map_bytes() : chunk_map_bytes() - 8;
    return chunk_maps_offset() + round_up(chunk_maps() * each);
  }

  friend bool operator==(const VolumeLayout&, const VolumeLayout&) = default;

  static constexpr uint64_t kLogicalMapOffset = 4096;

 private:
  static uint64_t round_up(uint64_t bytes) noexcept { return (bytes + 63) / 64 * 64; }
};

}  // namespace holdfast
