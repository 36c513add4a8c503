// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/volume_fault_contracts.hh"

#include <fmt/core.h>

#include <algorithm>

namespace holdfast::sim {
namespace {

using Hits = std::span<const simdisk::FaultHit>;

bool is_hit(Hits hits, uint64_t begin, uint64_t end) {
  return std::ranges::any_of(hits, [begin, end](const auto& hit) { return hit.touches(begin, end); });
}

// Of everything that lay under one chunk since its volume was made. A write of a part of a chunk reads the
// rest and stores it elsewhere: what a fault made of it moves along.
class ChunkHits {
 public:
  ChunkHits(const VolumeExamination& state, const VolumeHits& hits, uint64_t chunk)
      : layout_(state.layout), hits_(hits) {
    const uint64_t place = layout_.logical_entry_offset(chunk);
    led_astray_ = is_hit(hits.map, place, place + sizeof(uint64_t));
    any_ = led_astray_;
    for (const Placed& entry : state.trace.entries_of(state.raw.map_name, chunk)) {
      const Placed* led_to = nullptr;
      for (const Placed& map : state.trace.maps_of(state.raw.map_name, entry.value)) {
        if (map.event < entry.event) led_to = &map;
      }
      if (led_to != nullptr) add(entry.value, led_to->units);
    }
  }

  bool any() const { return any_; }
  // What is read may be whole in itself, and not what should be there: data of another time or place, ...
  bool whole_data() const { return whole_data_; }
  // ... or together with the chunk map that leads to it, and with its checksum.
  bool led_astray() const { return led_astray_; }

 private:
  void add(uint64_t map, std::span<const uint64_t> units) {
    const uint64_t place = layout_.chunk_map_offset(map);
    add(hits_.map, place, layout_.chunk_map_bytes(), led_astray_);
    for (const uint64_t unit : units)
      add(hits_.device, layout_.byte_of_unit(unit), layout_.unit_size, whole_data_);
  }
  void add(Hits hits, uint64_t begin, uint64_t length, bool& whole) {
    for (const simdisk::FaultHit& hit : hits) {
      if (!hit.touches(begin, begin + length)) continue;
      any_ = true;
      whole = whole || hit.whole;
    }
  }

  const VolumeLayout& layout_;
  const VolumeHits& hits_;
  bool any_ = false;
  bool whole_data_ = false;
  bool led_astray_ = false;
};

class VolumeFaultJudge {
 public:
  VolumeFaultJudge(Contract contract, const VolumeExamination& state, const VolumeHits& hits)
      : tells_(contract == Contract::detectable), state_(state), hits_(hits) {}

  std::optional<Broken> first_broken() const {
    if (state_.found.open_error) return check_refusal();
    if (!is_acknowledged()) return check_stranger();
    if (auto broken = check_owners()) return broken;
    for (uint64_t chunk = 0; chunk < state_.found.chunks.size(); ++chunk) {
      if (auto broken = check_chunk(chunk)) return broken;
    }
    return std::nullopt;
  }

 private:
  bool is_super_hit() const {
    return is_hit(hits_.device, 0, kVolumeHeaderBytes) || is_hit(hits_.map, 0, kVolumeSuperBytes);
  }
  bool is_acknowledged() const {
    return state_.raw.epoch != 0 && state_.model.epoch().allows(state_.raw.epoch);
  }
  bool is_unreadable(uint64_t chunk) const { return state_.found.unreadable.contains(chunk); }

  std::optional<Broken> check_refusal() const {
    if (is_super_hit() || state_.model.epoch().allows(0)) return std::nullopt;
    return Broken{"F2", "the volume does not open: " + describe(*state_.found.open_error)};
  }

  // A former volume is whole in itself, where the removal of its superblock was lost.
  std::optional<Broken> check_stranger() const {
    if (!is_super_hit()) return Broken{"F2", "a volume opens that is not there any more"};
    if (tells_ && std::ranges::none_of(hits_.device, &simdisk::FaultHit::whole))
      return Broken{"F1", "a volume opens that a fault made of another one"};
    return std::nullopt;
  }

  std::optional<Broken> check_owners() const {
    VolumeOwnership owners(state_.layout);
    for (uint64_t chunk = 0; chunk < state_.raw.entries.size(); ++chunk) {
      const std::optional<StoredChunk> stored = stored_chunk(chunk);
      if (!stored || is_unreadable(chunk)) continue;
      owners.take(*stored);
      if (owners.contested())
        return Broken{"F3", fmt::format("chunk {} can be read, and owns what another chunk owns too", chunk)};
    }
    return std::nullopt;
  }

  // By the map file on media; none: it has none there.
  std::optional<StoredChunk> stored_chunk(uint64_t chunk) const {
    StoredChunk stored;
    stored.map = state_.raw.entries[chunk];
    if (stored.map >= state_.raw.maps.size()) return std::nullopt;
    if (!parse_chunk_map(state_.layout, state_.raw.maps[stored.map], stored)) return std::nullopt;
    return stored;
  }

  std::optional<Broken> check_chunk(uint64_t chunk) const {
    const ChunkHits hits(state_, hits_, chunk);
    if (is_unreadable(chunk)) {
      if (hits.any() || is_shared_with_hit(chunk)) return std::nullopt;
      return Broken{"F2", fmt::format("chunk {} cannot be read, and no fault hit it: {}", chunk,
                                      describe(state_.found.unreadable.at(chunk)))};
    }
    const ChunkTags& tags = state_.found.chunks[chunk];
    if (state_.model.allows(state_.raw.epoch, chunk, tags)) return std::nullopt;
    if (std::ranges::any_of(tags, [this](Tag tag) { return is_of_another(tag); }))
      return Broken{"F4", fmt::format("chunk {} shows bytes that are not its own", chunk)};
    if (!hits.any())
      return Broken{"F2", fmt::format("chunk {} shows what is older than what was acknowledged, or was never "
                                      "written, and no fault hit it",
                                      chunk)};
    if (!can_tell(chunk, hits)) return std::nullopt;
    return Broken{"F1", fmt::format("chunk {} returns what a fault made of it", chunk)};
  }

  // Who owns what another chunk owns too is told, and each of the two may be the one that was hit.
  bool is_shared_with_hit(uint64_t chunk) const {
    const std::optional<StoredChunk> stored = stored_chunk(chunk);
    for (uint64_t other = 0; stored && other < state_.raw.entries.size(); ++other) {
      const std::optional<StoredChunk> owner = stored_chunk(other);
      if (other == chunk || !owner || !ChunkHits(state_, hits_, other).any()) continue;
      VolumeOwnership owners(state_.layout);
      owners.take(*stored);
      owners.take(*owner);
      if (owners.contested()) return true;
    }
    return false;
  }

  bool is_of_another(Tag tag) const {
    if (tag == kOfAnotherBlock) return true;
    return tag != kZeroes && tag != kForeign && birth_of(tag) != state_.raw.epoch;
  }

  // Only a checksum tells what is whole in itself from what should be there, and of an older chunk map it
  // tells nothing.
  bool can_tell(uint64_t chunk, const ChunkHits& hits) const {
    const std::optional<StoredChunk> stored = stored_chunk(chunk);
    const bool has_checksum = stored && stored->checksum != kNoChecksum;
    return tells_ && !hits.led_astray() && (has_checksum || !hits.whole_data());
  }

  bool tells_;
  const VolumeExamination& state_;
  const VolumeHits& hits_;
};

}  // namespace

std::optional<Broken> first_broken_beside_faults(Contract contract, const VolumeExamination& state,
                                                 const VolumeHits& hits) {
  return VolumeFaultJudge(contract, state, hits).first_broken();
}

}  // namespace holdfast::sim
