// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/buffers.hh"
#include "core/io_batch.hh"
#include "durability/volume_media.hh"
#include "format/chunk_map.hh"
#include "holdfast/aligned_buffer.hh"
#include "holdfast/volume.hh"

namespace holdfast {

// The part of a request that lies in one chunk; of a flush, all of it.
struct ChunkPart {
  VolumeIo* io = nullptr;
  uint64_t chunk = 0;
  uint64_t within = 0;  // where in the chunk it begins
  BufferPart buffers;   // their length is the part's
};

// All that one part in progress needs: allocated once, when the volume is opened.
struct ChunkSlot final : Work {
  ChunkSlot(BlockChannel& channel, const VolumeLayout& layout)
      : plain(layout.chunk_size),
        packed(layout.chunk_size),
        words(layout.chunk_map_bytes() / sizeof(Le64)),
        batch(channel, layout.units_per_chunk()) {
    remap.before.units.reserve(layout.units_per_chunk());
    remap.after.units.reserve(layout.units_per_chunk());
  }

  // It goes on from the executor's queue, never from inside whoever lets it.
  void run() noexcept override { go_on->set(true); }

  AlignedBuffer plain;      // a chunk's content
  AlignedBuffer packed;     // the same as it is stored
  std::vector<Le64> words;  // of a chunk map
  IoBatch batch;
  durability::Remap remap;

  ChunkPart part;
  std::optional<Arrival<ChunkPart>> work;  // while the slot is idle
  // While another part of the same chunk is before this one, or an acknowledged write waits for somebody to
  // want it durable.
  std::optional<Arrival<bool>> go_on;
  uint64_t parked_as = 0;  // its number among such writes
  bool parked = false;
  bool wanted = false;
  ChunkSlot* next_in_line = nullptr;  // of those whose chunks have the same hash
};

}  // namespace holdfast
