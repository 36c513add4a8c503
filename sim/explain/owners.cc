// SPDX-License-Identifier: BSD-3-Clause
#include "explain/owners.hh"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "explore/examination.hh"
#include "explore/exploration.hh"
#include "explore/volume_examination.hh"

namespace holdfast::sim {
namespace {

constexpr uint64_t kDiskMedia = 0;
constexpr uint64_t kDirectoryMedia = 1;

struct Field {
  uint32_t offset;
  uint32_t width;
  const char* name;
};
constexpr std::array<Field, 20> kSuperFields = {{{0, 8, "signature"},
                                                 {8, 4, "version"},
                                                 {12, 4, "length"},
                                                 {16, 4, "clean"},
                                                 {20, 8, "super blob"},
                                                 {28, 4, "cluster size"},
                                                 {32, 4, "start of the used page mask"},
                                                 {36, 4, "length of the used page mask"},
                                                 {40, 4, "start of the used cluster mask"},
                                                 {44, 4, "length of the used cluster mask"},
                                                 {48, 4, "start of the metadata"},
                                                 {52, 4, "length of the metadata"},
                                                 {56, 8, "type"},
                                                 {72, 4, "start of the used blob id mask"},
                                                 {76, 4, "length of the used blob id mask"},
                                                 {80, 8, "size"},
                                                 {88, 4, "io unit size"},
                                                 {92, 4, "metadata page size"},
                                                 {508, 4, "balance of the checksum"},
                                                 {4092, 4, "checksum"}}};
constexpr std::array<Field, 5> kPageFields = {{{0, 8, "blob id"},
                                               {8, 4, "sequence"},
                                               {12, 4, "reserved"},
                                               {4088, 4, "next page"},
                                               {4092, 4, "checksum"}}};
constexpr std::array<Field, 10> kVolumeFields = {{{0, 8, "signature"},
                                                  {8, 8, "uuid"},
                                                  {16, 8, "uuid"},
                                                  {24, 4, "unit size"},
                                                  {28, 4, "logical block size"},
                                                  {32, 4, "chunk size"},
                                                  {40, 8, "volume size"},
                                                  {72, 8, "session"},
                                                  {80, 8, "digest of the maps"},
                                                  {88, 4, "flags"}}};

// Bytes outside of the known fields are named `otherwise`, one by one.
Owned with_field(Owned owned, uint64_t begin, uint64_t byte, std::span<const Field> fields,
                 const char* otherwise) {
  const uint64_t offset = byte - begin;
  for (const Field& field : fields) {
    if (offset < field.offset || offset >= field.offset + field.width) continue;
    owned.field = field.name;
    owned.field_byte = begin + field.offset;
    owned.width = field.width;
    return owned;
  }
  owned.field = fmt::format("{}, byte {}", otherwise, offset);
  owned.field_byte = byte;
  owned.width = 1;
  return owned;
}

Owned with_word(Owned owned, std::string field, uint64_t byte, uint32_t width = 8) {
  owned.field = std::move(field);
  owned.field_byte = byte / width * width;
  owned.width = width;
  return owned;
}

std::string words_of(const BlobRecord& blob) {
  const auto name = name_of(blob);
  return name ? fmt::format("'{}'", *name) : fmt::format("{:#x}", blob.id.value);
}

}  // namespace

Owners::Owners(const World& world, const Scenario& scenario)
    : scenario_(&scenario), volume_layout_(layout_of(scenario)) {
  const bool on_a_store = !scenario.volume || !scenario.volume->blob.empty();
  RawStore store;
  if (on_a_store) {
    store = read_raw_store(world.disk, scenario.device.block_size);
    name_store(store);
  }
  if (scenario.volume) name_volume(world, store);
}

Owned Owners::at(uint64_t media, uint64_t byte) const {
  if (media == kDirectoryMedia)
    return with_word({.owner = "the names of the map files", .known = true}, "names", byte);
  return media == kDiskMedia ? on_disk(byte) : in_map_file(byte);
}

Owned Owners::on_disk(uint64_t byte) const {
  return scenario_->volume && scenario_->volume->blob.empty() ? in_volume(byte) : in_store(byte);
}

void Owners::name_store(const RawStore& raw) {
  regions_[0] = "superblock";
  if (!raw.super) return;
  const StoreLayout& layout = raw.super->layout;
  metadata_begin_ = layout.byte_of_page(PageIndex{0});
  metadata_end_ = layout.byte_of_page(PageIndex{layout.md_len});
  regions_[layout.byte_of_region(layout.page_mask)] = "used page mask";
  regions_[layout.byte_of_region(layout.cluster_mask)] = "used cluster mask";
  if (layout.blob_id_mask.length > 0)
    regions_[layout.byte_of_region(layout.blob_id_mask)] = "used blob id mask";
  for (const RootOnMedia& root : raw.roots) {
    const auto first = metadata_begin_ / simdisk::kMediaPage;
    pages_[root.page - first] = fmt::format("root of blob {:#x}", root.id.value);
    for (const uint64_t page : root.chain)
      pages_[page - first] = fmt::format("chain of blob {:#x}", root.id.value);
  }
  for (const BlobRecord& blob : raw.replayed.blobs) {
    const std::string name = words_of(blob);
    for (std::size_t i = 0; i < blob.chain.size(); ++i)
      pages_[blob.chain[i].value] = fmt::format("{} of blob {}", i == 0 ? "root" : "chain", name);
    for (const PageIndex page : blob.extent_pages)
      if (page.value != 0) pages_[page.value] = fmt::format("extent page of blob {}", name);
    for (std::size_t i = 0; i < blob.clusters.size(); ++i) {
      if (blob.clusters[i].value == 0) continue;
      clusters_[blob.clusters[i].value] = name;
      cluster_begin_[blob.clusters[i].value] = i * layout.cluster_size;
    }
  }
}

Owned Owners::in_store(uint64_t byte) const {
  const uint64_t page_begin = byte / simdisk::kMediaPage * simdisk::kMediaPage;
  if (page_begin == 0)
    return with_field({.owner = "superblock", .known = true}, 0, byte, kSuperFields, "reserved");
  if (metadata_begin_ == 0) return with_word({.owner = fmt::format("byte {}", page_begin)}, "content", byte);
  if (byte < metadata_begin_) {
    const auto& [begin, name] = *std::prev(regions_.upper_bound(byte));
    return with_word({.owner = name, .known = true}, fmt::format("byte {}", byte - begin), byte, 1);
  }
  if (byte < metadata_end_) {
    const uint64_t page = (byte - metadata_begin_) / simdisk::kMediaPage;
    const auto owner = pages_.find(page);
    const bool known = owner != pages_.end();
    const std::string role = known ? ", " + owner->second : "";
    return with_field({.owner = fmt::format("metadata page {}{}", page, role), .known = known}, page_begin,
                      byte, kPageFields, "descriptors");
  }
  const uint64_t cluster = byte / scenario_->store.cluster_size;
  const auto blob = clusters_.find(cluster);
  if (blob == clusters_.end()) return with_word({.owner = fmt::format("cluster {}", cluster)}, "data", byte);
  const uint64_t in_blob = cluster_begin_.at(cluster) + byte % scenario_->store.cluster_size;
  const uint64_t block = in_blob / scenario_->device.block_size;
  return with_word({.owner = fmt::format("block {} of blob {}", block, blob->second), .known = true}, "data",
                   byte);
}

void Owners::name_volume(const World& world, const RawStore& store) {
  const VolumeBytes device = bytes_of_volume(world, *scenario_->volume, store);
  const RawVolume raw = read_raw_volume(device, world.maps, volume_layout_);
  for (uint64_t chunk = 0; chunk < raw.entries.size(); ++chunk) {
    const uint64_t map = raw.entries[chunk];
    if (map >= raw.maps.size()) continue;
    chunk_of_map_[map] = chunk;
    for (std::size_t slot = 1; slot < raw.maps[map].size(); ++slot)
      chunk_of_unit_[uint64_t{raw.maps[map][slot]}] = chunk;
  }
}

Owned Owners::in_volume(uint64_t byte) const {
  if (byte < kVolumeSuperBytes)
    return with_field({.owner = "superblock", .known = true}, 0, byte, kVolumeFields, "reserved");
  if (byte < kVolumeHeaderBytes)
    return with_word({.owner = "path of the map file", .known = true},
                     fmt::format("byte {}", byte - kVolumeSuperBytes), byte, 1);
  const uint64_t unit = byte / volume_layout_.unit_size;
  const auto chunk = chunk_of_unit_.find(unit);
  const bool known = chunk != chunk_of_unit_.end();
  const std::string of_chunk = known ? fmt::format(", data of chunk {}", chunk->second) : "";
  return with_word({.owner = fmt::format("unit {}{}", unit, of_chunk), .known = known}, "data", byte);
}

Owned Owners::in_map_file(uint64_t byte) const {
  if (byte < VolumeLayout::kLogicalMapOffset)
    return with_field({.owner = "superblock's copy in the map file", .known = true}, 0, byte, kVolumeFields,
                      "reserved");
  const VolumeLayout& layout = volume_layout_;
  if (byte < layout.logical_entry_offset(layout.chunks)) {
    const uint64_t chunk = (byte - VolumeLayout::kLogicalMapOffset) / 8;
    return with_word({.owner = fmt::format("logical map, entry of chunk {}", chunk), .known = true},
                     "chunk map", byte);
  }
  if (byte < layout.chunk_maps_offset())
    return with_word({.owner = "map file, behind the logical map", .known = true}, "padding", byte);
  const uint64_t map = (byte - layout.chunk_maps_offset()) / layout.chunk_map_bytes();
  const uint64_t word = (byte - layout.chunk_map_offset(map)) / 8;
  const auto chunk = chunk_of_map_.find(map);
  const bool known = chunk != chunk_of_map_.end();
  const std::string of_chunk = known ? fmt::format(" (of chunk {})", chunk->second) : "";
  return with_word({.owner = fmt::format("chunk map {}{}", map, of_chunk), .known = known},
                   word == 0 ? std::string("size and checksum") : fmt::format("unit {}", word - 1), byte);
}

}  // namespace holdfast::sim
