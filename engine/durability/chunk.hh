// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "durability/chunk_space.hh"
#include "durability/volume_media.hh"

namespace holdfast::durability {

// A chunk's new content, whose data was written, becomes the durable one, and the old one's space is free.
// `words` is working memory for one chunk map. Cut short: the old chunk or the new one, whole.
Task<> remap_chunk(VolumeMedia& media, ChunkSpace& space, Remap& remap, ChunkMapWords words,
                   Unflushed<Barrier::C1> data, const SessionMark& mark);

// The chunk becomes one that was never written. `batch` as for VolumeMedia. Cut short: the old chunk or none.
Task<> unmap_chunk(VolumeMedia& media, ChunkSpace& space, Remap& remap, IoBatch& batch,
                   const SessionMark& mark);

}  // namespace holdfast::durability
