// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "core/bitmap.hh"
#include "core/little_endian.hh"
#include "format/volume_layout.hh"
#include "holdfast/result.hh"

namespace holdfast {

// The checksum of a chunk that has none. A CRC that is all ones is written as this number less one.
inline constexpr uint32_t kNoChecksum = ~uint32_t{0};

// Where the content of a chunk is: the chunk map that says so, and what it says.
//
// A chunk map on media: u32 stored bytes, u32 checksum (a word that SPDK leaves all ones), then a u64 unit
// number for each unit of a chunk, all ones where none is needed. Content that takes as many units as the
// chunk itself is stored as it is, other content compressed.
struct StoredChunk {
  uint64_t map = kNoChunkMap;
  uint32_t stored_bytes = 0;
  uint32_t checksum = kNoChecksum;
  std::vector<uint64_t> units;

  bool exists() const noexcept { return map != kNoChunkMap; }
  bool compressed(const VolumeLayout& layout) const noexcept {
    return units.size() < layout.units_per_chunk();
  }
};

// A chunk map's words: one for the header, one for each unit of a chunk.
using ChunkMapWords = std::span<Le64>;

// Every slot that names no unit is all ones, so that whoever uses the map next finds nothing stale.
void encode_chunk_map(const StoredChunk& chunk, ChunkMapWords words);
void encode_blank_map(ChunkMapWords words);
bool is_blank(std::span<const Le64> words);

// Fills in what the words say about `chunk.map`. corrupt: an impossible size, or a unit outside of the
// device; the units inside it are filled in nevertheless. What stands in slots behind those that are needed
// is not looked at: SPDK leaves old numbers there.
Result<> parse_chunk_map(const VolumeLayout& layout, std::span<const Le64> words, StoredChunk& chunk);

// CRC-32C of what is stored, never kNoChecksum.
uint32_t chunk_checksum(std::span<const std::byte> stored);

// Who owns what, found by walking through the logical map twice: all chunks take what is theirs, and then a
// chunk is asked for again whether it was the only one.
class VolumeOwnership {
 public:
  explicit VolumeOwnership(const VolumeLayout& layout);

  void take(const StoredChunk& chunk);
  // One that no chunk may have.
  void withhold_map(uint64_t map) { maps_.set(map); }
  bool contested() const noexcept { return !contested_maps_.empty() || !contested_units_.empty(); }
  // corrupt: something of this chunk has another owner too.
  Result<> check(const StoredChunk& chunk) const;

  const Bitmap& units() const noexcept { return units_; }
  const Bitmap& maps() const noexcept { return maps_; }

 private:
  Bitmap units_;
  Bitmap maps_;
  std::set<uint64_t> contested_units_;
  std::set<uint64_t> contested_maps_;
};

}  // namespace holdfast
