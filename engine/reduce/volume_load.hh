// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/bitmap.hh"
#include "durability/volume_media.hh"
#include "format/chunk_map.hh"
#include "format/volume_super.hh"
#include "holdfast/volume.hh"

namespace holdfast {

// What stands at the begin of a volume's device.
struct VolumeHeader {
  CheckedVolume volume;
  std::string path;
};
Task<VolumeHeader> read_volume_header(durability::VolumeMedia& media);

// The map file's size and its copy of the superblock, against the device's.
struct CheckedMap {
  MapSizing sizing = MapSizing::with_headers;
  CheckedVolume copy;
};
Result<CheckedMap> check_map_file(const PersistentMemory& map, const CheckedVolume& volume);

// Where a chunk's content is, by the logical map and its chunk map; not exists(): nowhere. `words` is working
// memory for one chunk map. corrupt: an index or unit out of range.
Result<> find_chunk(const PersistentMemory& map, const VolumeLayout& layout, uint64_t number,
                    ChunkMapWords words, StoredChunk& chunk);

// The whole map, read.
struct MapContent {
  VolumeOwnership owned;
  Bitmap stale;  // chunk maps that no entry leads to, and that are not blank
  uint64_t unreadable_maps = 0;  // of those that no entry leads to; withheld from use
  uint64_t mapped_chunks = 0;  // the damaged ones not among them
  std::vector<Volume::Damage> damage;
};
MapContent read_map(const PersistentMemory& map, const VolumeLayout& layout);

}  // namespace holdfast
