// SPDX-License-Identifier: BSD-3-Clause
#include "explore/volume_trace.hh"

#include <algorithm>
#include <cstring>

#include "format/chunk_map.hh"

namespace holdfast::sim {

// A unit that is discarded is one that holds something else.
void VolumeTrace::submitted(simdisk::EventNumber event, uint64_t process, const IoRequest& request,
                            uint32_t block_size) {
  if (request.purpose.step == Step::mark_session) session_marks_.push_back(event);
  const bool writes = request.purpose.step == Step::write_units;
  if (!writes && request.purpose.step != Step::discard_units) return;
  const uint64_t count = request.block_count * block_size / layout_.unit_size;
  for (uint64_t i = 0; i < count; ++i) {
    Placed placed{.event = event, .process = process, .value = 0, .content = {}, .units = {}};
    if (writes) {
      const auto* bytes = static_cast<const std::byte*>(request.buffers[0].iov_base) + i * layout_.unit_size;
      placed.content = simdisk::hash_bytes({bytes, layout_.unit_size});
    }
    place("", What::unit, request.block * block_size / layout_.unit_size + i, placed);
  }
}

void VolumeTrace::stored(simdisk::EventNumber event, uint64_t process, std::string_view map, uint64_t offset,
                         std::span<const std::byte> bytes) {
  Placed placed{
      .event = event, .process = process, .value = 0, .content = simdisk::hash_bytes(bytes), .units = {}};
  const uint64_t logical_end = layout_.logical_entry_offset(layout_.chunks);
  const uint64_t maps_end = layout_.chunk_map_offset(layout_.chunk_maps());
  if (offset >= VolumeLayout::kLogicalMapOffset && offset < logical_end && bytes.size() == sizeof(uint64_t)) {
    std::memcpy(&placed.value, bytes.data(), sizeof placed.value);
    place(map, What::entry, (offset - VolumeLayout::kLogicalMapOffset) / sizeof(uint64_t), placed);
  }
  if (offset >= layout_.chunk_maps_offset() && offset < maps_end &&
      bytes.size() == layout_.chunk_map_bytes()) {
    placed.units = units_in(bytes);
    place(map, What::map, (offset - layout_.chunk_maps_offset()) / layout_.chunk_map_bytes(), placed);
  }
}

std::vector<uint64_t> VolumeTrace::units_in(std::span<const std::byte> chunk_map) const {
  std::vector<Le64> words(chunk_map.size() / sizeof(Le64));
  std::memcpy(words.data(), chunk_map.data(), chunk_map.size());
  StoredChunk chunk;
  if (!parse_chunk_map(layout_, words, chunk)) chunk.units.clear();
  return std::move(chunk.units);
}

std::span<const Placed> VolumeTrace::entries_of(std::string_view map, uint64_t chunk) const {
  return found(map, What::entry, chunk);
}
std::span<const Placed> VolumeTrace::maps_of(std::string_view map, uint64_t index) const {
  return found(map, What::map, index);
}
std::span<const Placed> VolumeTrace::units_of(uint64_t unit) const { return found("", What::unit, unit); }

std::span<const Placed> VolumeTrace::found(std::string_view map, What what, uint64_t index) const {
  const auto placed = placed_.find({std::string(map), what, index});
  return placed == placed_.end() ? std::span<const Placed>() : std::span<const Placed>(placed->second);
}

void VolumeTrace::place(std::string_view map, What what, uint64_t index, const Placed& placed) {
  std::vector<Placed>& here = placed_[{std::string(map), what, index}];
  here.push_back(placed);
  order_.push_back(&here);
}

void VolumeTrace::forget_since(simdisk::EventNumber event) {
  while (!order_.empty() && order_.back()->back().event > event) {
    order_.back()->pop_back();
    order_.pop_back();
  }
  while (!session_marks_.empty() && session_marks_.back() > event) session_marks_.pop_back();
}

}  // namespace holdfast::sim
