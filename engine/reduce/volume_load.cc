// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/volume_load.hh"

#include <algorithm>
#include <array>

namespace holdfast {
namespace {

Error chunk_error(uint64_t chunk, uint64_t byte, const char* reason) {
  return {
      .code = Errc::corrupt, .object = ObjectKind::chunk, .number = chunk, .byte = byte, .reason = reason};
}

Error map_file_error(Errc code, uint64_t size, const char* reason) {
  return {.code = code, .object = ObjectKind::map_file, .number = size, .reason = reason};
}

// Chunk maps that lie in the file as a whole.
uint64_t reachable_maps(const PersistentMemory& map, const VolumeLayout& layout) {
  const uint64_t bytes = map.geometry().size - layout.chunk_maps_offset();
  return std::min(layout.chunk_maps(), bytes / layout.chunk_map_bytes());
}

// One walk over all chunks.
class MapReader {
 public:
  MapReader(const PersistentMemory& map, const VolumeLayout& layout)
      : map_(map),
        layout_(layout),
        words_(layout.chunk_map_bytes() / sizeof(Le64)),
        content_{.owned = VolumeOwnership(layout), .stale = Bitmap(layout.chunk_maps()), .damage = {}} {
    chunk_.units.reserve(layout.units_per_chunk());
  }

  MapContent read() {
    for (uint64_t chunk = 0; chunk < layout_.chunks; ++chunk) take(chunk);
    if (content_.owned.contested()) refuse_contested();
    const uint64_t maps = reachable_maps(map_, layout_);
    for (uint64_t map = 0; map < maps; ++map) {
      if (!content_.owned.maps().test(map)) look_at_free(map);
    }
    return std::move(content_);
  }

 private:
  // [A6] what media hold no more is reported as lost, and never as data: for each chunk by itself.
  void take(uint64_t number) {
    const Result<> found = find_chunk(map_, layout_, number, words_, chunk_);
    if (!found) content_.damage.push_back({number, found.error()});
    if (!chunk_.exists()) return;
    content_.mapped_chunks += found ? 1U : 0U;
    content_.owned.take(chunk_);
  }

  // Both owners: nobody knows whose content it is.
  void refuse_contested() {
    for (uint64_t chunk = 0; chunk < layout_.chunks; ++chunk) {
      if (!find_chunk(map_, layout_, chunk, words_, chunk_) || !chunk_.exists()) continue;
      const Result<> alone = content_.owned.check(chunk_);
      if (alone) continue;
      content_.damage.push_back({chunk, chunk_error(chunk, Error::kNowhere, alone.error().reason)});
      --content_.mapped_chunks;
    }
    std::ranges::sort(content_.damage, {}, &Volume::Damage::chunk);
  }

  // What is stored over a part of a line that cannot be read goes nowhere: such a map is nobody's.
  void look_at_free(uint64_t map) {
    const auto loaded = map_.load(layout_.chunk_map_offset(map), std::as_writable_bytes(std::span(words_)));
    if (!loaded) {
      content_.owned.withhold_map(map);
      ++content_.unreadable_maps;
    } else if (!is_blank(words_)) {
      content_.stale.set(map);
    }
  }

  const PersistentMemory& map_;
  const VolumeLayout& layout_;
  std::vector<Le64> words_;
  StoredChunk chunk_;
  MapContent content_;
};

}  // namespace

Task<VolumeHeader> read_volume_header(durability::VolumeMedia& media) {
  const uint64_t device_bytes = media.device().byte_count();
  if (device_bytes < kVolumeHeaderBytes || kVolumeSuperBytes % media.device().block_size != 0) {
    co_return Error{
        .code = Errc::not_a_store,
        .object = ObjectKind::device,
        .reason = "a compressed volume has a device of more than 8 KiB whose blocks divide 4096 bytes"};
  }
  AlignedBuffer header(kVolumeHeaderBytes);
  HF_CO_CHECK(co_await media.read(0, header.bytes()));
  VolumeHeader read;
  HF_CO_TRY(read.volume, parse_volume_super(header.bytes().first(kVolumeSuperBytes), device_bytes));
  HF_CO_TRY(read.path, parse_map_path(header.bytes().subspan(kVolumeSuperBytes)));
  if (read.volume.layout.unit_size % media.device().block_size != 0) {
    co_return Error{
        .code = Errc::unsupported,
        .object = ObjectKind::super_block,
        .number = read.volume.layout.unit_size,
        .reason = "the volume's units are no whole blocks of this device; use one with smaller blocks"};
  }
  co_return read;
}

Result<CheckedMap> check_map_file(const PersistentMemory& map, const CheckedVolume& volume) {
  CheckedMap checked;
  const uint64_t size = map.geometry().size;
  if (size != volume.layout.map_file_bytes(MapSizing::with_headers)) {
    if (size != volume.layout.map_file_bytes(MapSizing::without_headers)) {
      return map_file_error(
          Errc::corrupt, size,
          "its length is not that of this volume's map; give the map file that was made with it");
    }
    checked.sizing = MapSizing::without_headers;
  }
  std::array<std::byte, kVolumeSuperBytes> page;
  HF_CHECK(map.load(0, page));
  const uint64_t device_bytes = volume.layout.units * volume.layout.unit_size;
  Result<CheckedVolume> copy = parse_volume_super(page, device_bytes);
  if (!copy) return map_file_error(Errc::corrupt, size, "no superblock stands at its begin");
  checked.copy = std::move(*copy);
  HF_CHECK(check_pairing(volume, checked.copy));
  return checked;
}

Result<> find_chunk(const PersistentMemory& map, const VolumeLayout& layout, uint64_t number,
                    ChunkMapWords words, StoredChunk& chunk) {
  chunk.map = kNoChunkMap;
  chunk.units.clear();
  const uint64_t entry = layout.logical_entry_offset(number);
  HF_TRY(const uint64_t index, map.load_u64(entry));
  if (index == kNoChunkMap) return {};
  if (index >= reachable_maps(map, layout))
    return chunk_error(number, entry, "the logical map leads to a chunk map that does not exist");
  chunk.map = index;
  HF_CHECK(map.load(layout.chunk_map_offset(index), std::as_writable_bytes(words)));
  return parse_chunk_map(layout, words, chunk);
}

MapContent read_map(const PersistentMemory& map, const VolumeLayout& layout) {
  return MapReader(map, layout).read();
}

}  // namespace holdfast
