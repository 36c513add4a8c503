// SPDX-License-Identifier: BSD-3-Clause
#include "explore/volume_examination.hh"

#include <algorithm>
#include <array>

namespace holdfast::sim {
namespace {

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_poisoned(const simdisk::MemoryFile& file, uint64_t offset, uint64_t length) {
  for (uint64_t line = offset / simdisk::kMemoryLine; line * simdisk::kMemoryLine < offset + length; ++line) {
    if (file.is_poisoned(line)) return true;
  }
  return false;
}

// Media keep what is under poison, and nobody can read it.
void read_poison(const simdisk::MemoryFile& file, const VolumeLayout& layout, RawVolume& raw) {
  raw.copy_is_poisoned = is_poisoned(file, 0, kVolumeSuperBytes);
  for (uint64_t map = 0; map < layout.chunk_maps(); ++map) {
    if (is_poisoned(file, layout.chunk_map_offset(map), layout.chunk_map_bytes()))
      raw.poisoned_maps.insert(map);
  }
  for (uint64_t chunk = 0; chunk < layout.chunks; ++chunk) {
    const bool entry = is_poisoned(file, layout.logical_entry_offset(chunk), sizeof(uint64_t));
    if (entry || raw.poisoned_maps.contains(raw.entries[chunk])) raw.lost_chunks.insert(chunk);
  }
}

void read_map_file(const simdisk::MemoryFolder& maps, const VolumeLayout& layout, RawVolume& raw) {
  const simdisk::MemoryFile* file = maps.find(raw.map_name);
  if (file == nullptr || file->size() != layout.map_file_bytes(MapSizing::with_headers)) return;
  raw.map_there = true;
  std::array<std::byte, kVolumeSuperBytes> page;
  file->content().read(0, page);
  raw.copy = parse_volume_super(page, layout.units * layout.unit_size);
  raw.entries.resize(layout.chunks);
  file->content().read(VolumeLayout::kLogicalMapOffset, std::as_writable_bytes(std::span(raw.entries)));
  raw.maps.assign(layout.chunk_maps(), std::vector<Le64>(layout.chunk_map_bytes() / sizeof(Le64)));
  for (uint64_t i = 0; i < raw.maps.size(); ++i)
    file->content().read(layout.chunk_map_offset(i), std::as_writable_bytes(std::span(raw.maps[i])));
  if (file->has_poison()) read_poison(*file, layout, raw);
  if (!raw.copy || raw.copy->session.number > 0) return;
  std::vector<std::byte> rest(file->size() - VolumeLayout::kLogicalMapOffset);
  file->content().read(VolumeLayout::kLogicalMapOffset, rest);
  const auto unfilled = std::ranges::find_if(rest, [](std::byte byte) { return byte != std::byte{0xFF}; });
  if (unfilled != rest.end())
    raw.unfilled_at = VolumeLayout::kLogicalMapOffset + static_cast<uint64_t>(unfilled - rest.begin());
}

// Follows the entries on media to what they led to when they were stored.
class EntryCheck {
 public:
  EntryCheck(const VolumeBytes& device, const VolumeTrace& trace, const VolumeLayout& layout,
             const RawVolume& raw)
      : device_(device), trace_(trace), layout_(layout), raw_(raw) {}

  // The same number may have been stored several times: an entry is broken if it is so for each.
  std::optional<BrokenEntry> check(uint64_t chunk, simdisk::EventNumber& newest_entry) {
    std::optional<BrokenEntry> broken;
    const std::span<const Placed> stores = trace_.entries_of(raw_.map_name, chunk);
    for (auto store = stores.rbegin(); store != stores.rend(); ++store) {
      if (store->value != raw_.entries[chunk]) continue;
      const std::optional<BrokenEntry> found = check_store(chunk, *store);
      if (!found) {
        newest_entry = std::max(newest_entry, store->event);
        return std::nullopt;
      }
      if (!broken) broken = found;
    }
    return broken;
  }

 private:
  std::optional<BrokenEntry> check_store(uint64_t chunk, const Placed& store) const {
    if (store.value >= layout_.chunk_maps()) return std::nullopt;
    const std::vector<Le64>& words = raw_.maps[store.value];
    const std::span<const Placed> maps = trace_.maps_of(raw_.map_name, store.value);
    const simdisk::Hash128 content = simdisk::hash_bytes(std::as_bytes(std::span(words)));
    if (!is_what_was_put(maps, store.event, content)) return broken(chunk, true, store, maps);
    StoredChunk stored;
    stored.map = store.value;
    if (!parse_chunk_map(layout_, words, stored)) return broken(chunk, true, store, maps);
    std::vector<std::byte> bytes(layout_.unit_size);
    for (const uint64_t unit : stored.units) {
      device_.read(layout_.byte_of_unit(unit), bytes);
      if (!is_what_was_put(trace_.units_of(unit), store.event, simdisk::hash_bytes(bytes)))
        return broken(chunk, false, store, trace_.units_of(unit));
    }
    return std::nullopt;
  }

  static bool is_what_was_put(std::span<const Placed> puts, simdisk::EventNumber before,
                              const simdisk::Hash128& content) {
    const auto put = std::find_if(puts.rbegin(), puts.rend(),
                                  [before](const Placed& each) { return each.event < before; });
    return put != puts.rend() && put->content == content;
  }

  BrokenEntry broken(uint64_t chunk, bool in_map, const Placed& store, std::span<const Placed> puts) const {
    BrokenEntry broken{.chunk = chunk, .in_map = in_map, .reused_by = {}, .newer_entry = {}};
    if (puts.empty() || puts.back().event < store.event) return broken;
    const auto reuse =
        std::ranges::find_if(puts, [&store](const Placed& each) { return each.event > store.event; });
    broken.reused_by = *reuse;
    for (const Placed& entry : trace_.entries_of(raw_.map_name, chunk)) {
      if (entry.event > store.event && entry.event < reuse->event) broken.newer_entry = entry;
    }
    return broken;
  }

  const VolumeBytes& device_;
  const VolumeTrace& trace_;
  const VolumeLayout& layout_;
  const RawVolume& raw_;
};

}  // namespace

VolumeBytes bytes_of_volume(const World& world, const VolumeSpec& volume, const RawStore& store) {
  return volume.blob.empty() ? VolumeBytes(world.disk) : bytes_of_blob(world, volume.blob, store);
}

VolumeBytes bytes_of_blob(const World& world, std::string_view name, const RawStore& store) {
  for (const BlobRecord& blob : store.replayed.blobs) {
    if (name_of(blob) == name)
      return VolumeBytes(world.disk, blob.clusters, store.super->layout.cluster_size);
  }
  return VolumeBytes(world.disk, {}, 1);
}

RawVolume read_raw_volume(const VolumeBytes& device, const simdisk::MemoryFolder& maps,
                          const VolumeLayout& layout) {
  RawVolume raw;
  std::vector<std::byte> header(kVolumeHeaderBytes);
  if (device.size() < header.size()) return raw;
  device.read(0, header);
  raw.super = parse_volume_super(std::span(header).first(kVolumeSuperBytes), device.size());
  raw.super_written_at = device.written_at_byte(0);
  raw.path_written_at = device.written_at_byte(kVolumeSuperBytes);
  raw.path = parse_map_path(std::span(header).subspan(kVolumeSuperBytes)).value_or("");
  if (!raw.super || raw.super->layout != layout) return raw;
  raw.epoch = epoch_of_uuid(raw.super->uuid);
  raw.map_name = uuid_text(raw.super->uuid);
  raw.path = last_part(raw.path);
  read_map_file(maps, layout, raw);
  return raw;
}

Task<> read_volume(VolumeProgram& program, const VolumeSpec& spec, FoundVolume& found) {
  std::vector<std::byte> bytes(spec.chunk_size);
  const iovec buffer{.iov_base = bytes.data(), .iov_len = bytes.size()};
  const uint64_t blocks = spec.chunk_size / spec.logical_block_size;
  const uint64_t chunks = program.volume()->info().size / spec.chunk_size;
  for (uint64_t chunk = 0; chunk < chunks; ++chunk) {
    VolumeIo io;
    io.offset = chunk * spec.chunk_size;
    io.length = spec.chunk_size;
    io.buffers = {&buffer, 1};
    const Result<> read = co_await program.volume()->perform(io);
    if (!read) found.unreadable.emplace(chunk, read.error());
    ChunkTags tags(blocks, kForeign);
    for (uint64_t i = 0; read && i < blocks; ++i) {
      const auto block = std::span(bytes).subspan(i * spec.logical_block_size, spec.logical_block_size);
      tags[i] = tag_among_blocks(block, chunk * blocks + i, chunks * blocks);
    }
    found.chunks.push_back(std::move(tags));
  }
  co_return {};
}

VolumeExamination examine_volume(const VolumeBytes& device, const VolumeTrace& trace,
                                 const VolumeModel& model, const VolumeLayout& layout, const RawVolume& raw,
                                 const FoundVolume& found) {
  VolumeExamination state{.trace = trace,
                          .model = model,
                          .layout = layout,
                          .raw = raw,
                          .found = found,
                          .map_file = model.map_file(raw.epoch),
                          .broken_entry = {},
                          .newest_entry = 0};
  if (!state.has_own_map()) return state;
  EntryCheck check(device, trace, layout, raw);
  for (uint64_t chunk = 0; chunk < raw.entries.size(); ++chunk) {
    if (raw.lost_chunks.contains(chunk)) continue;
    const std::optional<BrokenEntry> broken = check.check(chunk, state.newest_entry);
    if (broken && !state.broken_entry) state.broken_entry = broken;
  }
  return state;
}

}  // namespace holdfast::sim
