// SPDX-License-Identifier: BSD-3-Clause
#include "format/chunk_map.hh"

#include <algorithm>

#include "core/crc32c.hh"

namespace holdfast {
namespace {

Error map_error(const VolumeLayout& layout, const StoredChunk& chunk, const char* reason) {
  return {.code = Errc::corrupt,
          .object = ObjectKind::map_file,
          .number = chunk.map,
          .byte = layout.chunk_map_offset(chunk.map),
          .reason = reason};
}

}  // namespace

void encode_chunk_map(const StoredChunk& chunk, ChunkMapWords words) {
  encode_blank_map(words);
  words[0] = uint64_t{chunk.checksum} << 32 | chunk.stored_bytes;
  std::ranges::copy(chunk.units, words.begin() + 1);
}

void encode_blank_map(ChunkMapWords words) { std::ranges::fill(words, Le64(kNoUnit)); }

bool is_blank(std::span<const Le64> words) {
  return std::ranges::all_of(words, [](uint64_t word) { return word == kNoUnit; });
}

Result<> parse_chunk_map(const VolumeLayout& layout, std::span<const Le64> words, StoredChunk& chunk) {
  const uint64_t header = words[0];
  chunk.stored_bytes = static_cast<uint32_t>(header);
  chunk.checksum = static_cast<uint32_t>(header >> 32);
  chunk.units.clear();
  if (chunk.stored_bytes == 0 || chunk.stored_bytes > layout.chunk_size)
    return map_error(layout, chunk, "a chunk map names no size that a chunk can have");
  const uint32_t count = layout.units_for(chunk.stored_bytes);
  for (const uint64_t unit : words.subspan(1, count)) {
    if (unit >= layout.first_unit && unit < layout.units) chunk.units.push_back(unit);
  }
  if (chunk.units.size() == count) return {};
  return map_error(layout, chunk, "a chunk map names a unit outside of the device's data");
}

uint32_t chunk_checksum(std::span<const std::byte> stored) {
  const uint32_t crc = crc32c(stored);
  return crc == kNoChecksum ? kNoChecksum - 1 : crc;
}

VolumeOwnership::VolumeOwnership(const VolumeLayout& layout)
    : units_(layout.units), maps_(layout.chunk_maps()) {
  for (uint64_t unit = 0; unit < layout.first_unit; ++unit) units_.set(unit);
}

void VolumeOwnership::take(const StoredChunk& chunk) {
  if (maps_.set(chunk.map)) contested_maps_.insert(chunk.map);
  for (const uint64_t unit : chunk.units) {
    if (units_.set(unit)) contested_units_.insert(unit);
  }
}

Result<> VolumeOwnership::check(const StoredChunk& chunk) const {
  const auto contested = [this](uint64_t unit) { return contested_units_.contains(unit); };
  if (!contested_maps_.contains(chunk.map) && std::ranges::none_of(chunk.units, contested)) return {};
  return Error{.code = Errc::corrupt,
               .object = ObjectKind::map_file,
               .number = chunk.map,
               .reason = "two chunks own the same chunk map or unit, and nobody knows whose it is"};
}

}  // namespace holdfast
