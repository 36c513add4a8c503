// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/volume.hh"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "format/volume_layout.hh"

namespace holdfast::sim {
namespace {

using Keys = std::string_view[];

constexpr Keys kVolumeKeys = {"blob",  "chunk_size", "unit_size",  "logical_block_size",
                              "codec", "checksums",  "write_back", "queue_depth",
                              "memory"};
constexpr Keys kCreateKeys = {"replace"};
constexpr Keys kOpenKeys = {"write_beside_damage"};
constexpr Keys kRangeKeys = {"offset", "length"};
constexpr Keys kWriteKeys = {"offset", "length", "content"};
constexpr Keys kCodecs = {"lz4", "deflate"};
constexpr CodecKind kCodecKinds[] = {CodecKind::lz4, CodecKind::deflate};
constexpr Keys kMemories = {"persistent", "mapped"};
constexpr MemoryKind kMemoryKinds[] = {MemoryKind::persistent, MemoryKind::mapped};
constexpr Keys kContents = {"half", "dense", "sparse"};

constexpr uint32_t kSector = 512;
constexpr uint32_t kSmallestChunk = 4096;
constexpr uint32_t kLargestChunk = 1 << 20;
constexpr uint64_t kDeepestQueue = 64;
constexpr uint64_t kMostClustersBelow = 1 << 20;
constexpr uint64_t kMostChunks = 512;  // every crash state is read to its end

const Position& position_of(const Node& object, std::string_view key) {
  const Node* node = object.find(key);
  return node != nullptr ? node->position : object.position;
}

// False: what follows must not calculate with it.
bool read_sectors(Reader& reader, const Node& object, std::string_view key, uint32_t least, uint32_t& size) {
  const uint64_t value = reader.size(object, key).value_or(size);
  if (value % kSector == 0 && value >= least && value <= kLargestChunk) {
    size = static_cast<uint32_t>(value);
    return true;
  }
  reader.complain(position_of(object, key), fmt::format("\"{}\" must be a multiple of {} from {} to {}", key,
                                                        kSector, least, kLargestChunk));
  return false;
}

void check_sizes(Reader& reader, const Node& node, const VolumeSpec& volume, const DeviceSpec& device) {
  if (volume.unit_size % device.block_size != 0) {
    reader.complain(
        position_of(node, "unit_size"),
        fmt::format("\"unit_size\" must be a multiple of the device's block size, {}", device.block_size));
  }
  if (volume.chunk_size % volume.unit_size != 0) {
    reader.complain(position_of(node, "unit_size"),
                    fmt::format("\"unit_size\" must divide the chunk size, {}", volume.chunk_size));
  }
  if (volume.chunk_size % volume.logical_block_size != 0) {
    reader.complain(position_of(node, "logical_block_size"),
                    fmt::format("\"logical_block_size\" must divide the chunk size, {}", volume.chunk_size));
  }
}

void check_count_of_chunks(Reader& reader, const Node& node, const VolumeSpec& volume) {
  const uint64_t chunks = chunks_of(volume);
  const std::string_view place = volume.blob.empty() ? "device" : "blob";
  if (chunks == 0) {
    reader.complain(
        node.position,
        fmt::format("the {0} has only {1} chunks, and a volume keeps {2} of them spare; make the {0} larger "
                    "or the chunks smaller",
                    place, volume.device_size / volume.chunk_size, kSpareChunks));
  }
  if (chunks > kMostChunks) {
    reader.complain(node.position,
                    fmt::format("the volume has {} chunks, and at most {} can be read in every crash state; "
                                "make the {} smaller or the chunks larger",
                                chunks, kMostChunks, place));
  }
}

std::vector<MemoryKind> read_memory(Reader& reader, const Node& node) {
  constexpr std::string_view kWhat = "a kind of memory";
  std::vector<MemoryKind> kinds;
  if (node.kind == Node::Kind::text) {
    if (const auto index = reader.one_of(node, kMemories, kWhat)) kinds.push_back(kMemoryKinds[*index]);
    return kinds;
  }
  if (!reader.check_kind(node, Node::Kind::array, "\"memory\"")) return kinds;
  for (const Node& item : node.items) {
    const auto index = reader.one_of(item, kMemories, kWhat);
    if (!index) continue;
    if (std::ranges::find(kinds, kMemoryKinds[*index]) != kinds.end())
      reader.complain(item.position, "\"memory\" lists a case twice");
    kinds.push_back(kMemoryKinds[*index]);
    if (kinds.size() > std::size(kMemoryKinds)) break;
  }
  if (node.items.empty())
    reader.complain(node.position,
                    "\"memory\" lists no case; write \"persistent\", \"mapped\" or both in a list");
  return kinds;
}

}  // namespace

VolumeSpec read_volume(Reader& reader, const Node& node, const DeviceSpec& device) {
  VolumeSpec volume;
  if (!reader.check_object(node, kVolumeKeys)) return volume;
  const bool chunk_fits = read_sectors(reader, node, "chunk_size", kSmallestChunk, volume.chunk_size);
  const bool unit_fits = read_sectors(reader, node, "unit_size", kSector, volume.unit_size);
  const bool block_fits =
      read_sectors(reader, node, "logical_block_size", kSector, volume.logical_block_size);
  if (node.find("blob") != nullptr) {
    volume.blob = reader.text(node, "blob", true).value_or("");
  } else {
    volume.device_size = device.size;
  }
  const bool all_fit = chunk_fits && unit_fits && block_fits;
  if (all_fit) check_sizes(reader, node, volume, device);
  if (all_fit && node.find("blob") == nullptr) check_count_of_chunks(reader, node, volume);
  if (const Node* codec = node.find("codec"))
    volume.codec = kCodecKinds[reader.one_of(*codec, kCodecs, "a codec").value_or(0)];
  volume.checksums = reader.boolean(node, "checksums").value_or(volume.checksums);
  volume.write_back = reader.boolean(node, "write_back").value_or(volume.write_back);
  const uint64_t depth = reader.number(node, "queue_depth").value_or(volume.queue_depth);
  if (depth == 0 || depth > kDeepestQueue)
    reader.complain(position_of(node, "queue_depth"),
                    fmt::format("\"queue_depth\" must be from 1 to {}", kDeepestQueue));
  volume.queue_depth = static_cast<uint32_t>(std::min(depth, kDeepestQueue));
  if (const Node* memory = node.find("memory")) volume.memory = read_memory(reader, *memory);
  return volume;
}

void measure_blob(Reader& reader, const Node& node, Scenario& scenario) {
  VolumeSpec& volume = *scenario.volume;
  const BlobCreate* blob = nullptr;
  for (const auto* steps : {&scenario.setup, &scenario.steps}) {
    for (const ScenarioStep& step : *steps) {
      const auto* create = std::get_if<BlobCreate>(&step.action);
      if (create != nullptr && create->name == volume.blob && !step.expected_error) blob = create;
    }
  }
  if (blob == nullptr) {
    return reader.complain(
        position_of(node, "blob"),
        fmt::format("no step creates the blob \"{}\" that the volume is to lie in", volume.blob));
  }
  volume.device_size = std::min(blob->clusters, kMostClustersBelow) * scenario.store.cluster_size;
  check_count_of_chunks(reader, node, volume);
}

VolumeCreate read_volume_create(Reader& reader, const Node& node) {
  reader.check_object(node, kCreateKeys);
  return {.replace = reader.boolean(node, "replace").value_or(false)};
}

VolumeOpen read_volume_open(Reader& reader, const Node& node) {
  reader.check_object(node, kOpenKeys);
  return {.write_beside_damage = reader.boolean(node, "write_beside_damage").value_or(false)};
}

VolumeData read_volume_data(Reader& reader, const Node& node, DataKind kind, const DeviceSpec& device,
                            const VolumeSpec* volume) {
  VolumeData io{.kind = kind};
  const bool writes = kind == DataKind::write;
  reader.check_object(node, writes ? std::span<const std::string_view>(kWriteKeys) : kRangeKeys);
  io.offset = reader.size(node, "offset").value_or(0);
  io.length = reader.size(node, "length").value_or(0);
  if (const Node* content = node.find("content"); content != nullptr && writes)
    io.content = static_cast<Content>(reader.one_of(*content, kContents, "a kind of content").value_or(0));
  if (io.length == 0) reader.complain(node.position, "\"length\" is missing or 0");
  if (io.length > device.size) reader.complain(node.position, "\"length\" is more than the device has");
  const uint32_t block = volume != nullptr ? volume->logical_block_size : kSector;
  if (io.offset % block != 0 || io.length % block != 0) {
    reader.complain(
        node.position,
        fmt::format("\"offset\" and \"length\" must be multiples of the logical block, {}", block));
  }
  return io;
}

uint64_t chunks_of(const VolumeSpec& volume) {
  const uint64_t all = volume.device_size / volume.chunk_size;
  return all > kSpareChunks ? all - kSpareChunks : 0;
}

}  // namespace holdfast::sim
