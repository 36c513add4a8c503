// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

namespace {

// The entry of a chunk when the session was marked on the device. What was stored before the last power cut
// may have been lost: what the cut left counts.
uint64_t entry_at_mark(const VolumeExamination& state, uint64_t chunk) {
  const VolumeModel::Found& left = state.model.found();
  const bool marked_since = state.raw.super_written_at > left.event && chunk < left.entries.size();
  uint64_t value = marked_since ? left.entries[chunk] : kNoChunkMap;
  for (const Placed& entry : state.trace.entries_of(state.raw.map_name, chunk)) {
    const bool counts = !marked_since || entry.event > left.event;
    if (counts && entry.event < state.raw.super_written_at) value = entry.value;
  }
  return value;
}

bool was_in_use(const VolumeExamination& state, uint64_t map) {
  for (uint64_t chunk = 0; chunk < state.layout.chunks; ++chunk) {
    if (entry_at_mark(state, chunk) == map) return true;
  }
  return false;
}

}  // namespace

// V7: chunk maps that nobody refers to are blank before a session changes anything, and when it closes.
std::optional<std::string> check_V7(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (!raw.super || !raw.copy || !state.has_own_map()) return std::nullopt;
  const bool closed = raw.copy->session.closed;
  for (uint64_t map = 0; map < raw.maps.size(); ++map) {
    if (raw.poisoned_maps.contains(map)) continue;
    if (is_blank(raw.maps[map]) || std::ranges::count(raw.entries, map) > 0) continue;
    const std::span<const Placed> puts = state.trace.maps_of(raw.map_name, map);
    const bool of_this_session = puts.empty() || puts.back().event > raw.super_written_at;
    if (closed || (!of_this_session && !was_in_use(state, map)))
      return fmt::format("chunk map {} holds old numbers, and no entry leads to it", map);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
