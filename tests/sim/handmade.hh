// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>
#include <vector>

#include "explore/examination.hh"
#include "explore/volume_examination.hh"

namespace holdfast::sim {

// A crash state of a store that a test puts together; at first that of an empty disk.
struct HandmadeStore {
  Examination state() const { return {media, trace, model, raw, found}; }
  void add_blob(uint64_t id, std::vector<ClusterIndex> clusters) {
    BlobRecord record;
    record.id = BlobId{id};
    record.clusters = std::move(clusters);
    raw.replayed.blobs.push_back(std::move(record));
  }

  simdisk::Media media{1 << 20};
  Trace trace{4096, {}};
  Model model;
  RawStore raw;
  Found found;
};

// One of a volume; at first of one to which nothing was written.
struct HandmadeVolume {
  HandmadeVolume() {
    model.create_ends(model.create_begins(kChunks, 1), Ending::acknowledged);
    CheckedVolume super;
    super.uuid = uuid_of_epoch(1);
    super.layout = layout;
    super.extended = true;
    super.session.number = 2;
    raw.super = raw.copy = super;
    raw.epoch = 1;
    raw.map_name = raw.path = uuid_text(super.uuid);
    raw.map_there = true;
    raw.entries.assign(kChunks, kNoChunkMap);
    std::vector<Le64> blank(layout.chunk_map_bytes() / sizeof(Le64));
    encode_blank_map(blank);
    raw.maps.assign(layout.chunk_maps(), blank);
    found.chunks.assign(kChunks, ChunkTags{kZeroes});
  }
  void refuse(Errc code) {
    found.open_error = Error{.code = code};
    found.chunks.clear();
  }
  // The chunk map of the same number leads to this unit, and the chunk's entry to it.
  void map_chunk(uint64_t chunk, uint64_t unit) {
    raw.entries[chunk] = chunk;
    encode_chunk_map({.map = chunk, .stored_bytes = layout.chunk_size, .units = {unit}}, raw.maps[chunk]);
  }
  VolumeExamination state() const {
    return {.trace = trace,
            .model = model,
            .layout = layout,
            .raw = raw,
            .found = found,
            .map_file = model.map_file(raw.epoch),
            .broken_entry = {},
            .newest_entry = 0};
  }

  static constexpr uint64_t kChunks = 3;
  VolumeLayout layout{.unit_size = 4096,
                      .logical_block_size = 4096,
                      .chunk_size = 4096,
                      .chunks = kChunks,
                      .units = kChunks + kSpareChunks,
                      .first_unit = 2};
  VolumeTrace trace{layout};
  VolumeModel model;
  RawVolume raw;
  FoundVolume found;
};

}  // namespace holdfast::sim
