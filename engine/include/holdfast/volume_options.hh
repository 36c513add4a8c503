// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "holdfast/codec.hh"
#include "holdfast/host/executor.hh"

namespace holdfast {

// Names a volume, and its map file. Sixteen bytes that nobody else has: the caller draws them.
using Uuid = std::array<std::byte, 16>;

struct VolumeOptions {
  Uuid uuid{};  // not all zero
  // The folder that the path on the device names, for programs that look there: "FOLDER/UUID". Holdfast
  // itself asks the MapStore for the UUID.
  std::string_view folder = ".";
  uint32_t chunk_size = 16384;  // bytes, 4096 to 1 MiB: what is compressed together
  uint32_t unit_size = 4096;    // bytes, a multiple of the device's block size that divides chunk_size
  uint32_t logical_block_size = 0;  // bytes: offsets and lengths are multiples of it; 0: the device's block
  uint32_t codec = static_cast<uint32_t>(CodecKind::lz4);  // a CodecKind, or 128 to 255: the caller's own
  uint32_t codec_level = 1;  // deflate 0 to 3, LZ4 its acceleration, 1 to 65537
  // A CRC-32C of each stored chunk, in a word that SPDK leaves alone. It holds as long as no other program
  // writes to the volume: see Volume::Info::checksums.
  bool checksums = false;
  bool replace_existing = false;  // false: refuse a device on which a volume or a blobstore begins
};

struct VolumeOpenOptions {
  bool read_only = false;  // write nothing at all
  // A write is acknowledged when the device has its data, and durable after a flush.
  bool write_back = false;
  // Beside damaged chunks, write what no intact chunk owns. It may be theirs: they cannot be repaired then.
  bool write_beside_damage = false;
  // Of requests, cut at chunks, that are in progress together; each has two chunks of memory. It is lowered
  // to what the volume has spare space for.
  uint32_t queue_depth = 64;
  std::string_view map_name;  // in the MapStore; empty: the UUID
  // Where chunks are compressed and decompressed, if not on the home executor. They outlive the volume.
  std::span<Executor* const> codec_executors;
  CodecMaker* codec_maker = nullptr;  // for volumes with a codec of the caller's own
};

// Options are arguments of awaited calls, which gcc 12 copies without destroying
// (docs/decisions/coroutines.md).
static_assert(std::is_trivially_destructible_v<VolumeOptions> &&
              std::is_trivially_destructible_v<VolumeOpenOptions>);

}  // namespace holdfast
