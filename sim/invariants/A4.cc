// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// A4: every chunk map and every unit has at most one owner. Counted on raw media, not by the engine.
std::optional<std::string> check_A4(const VolumeExamination& state) {
  if (!state.has_own_map()) return std::nullopt;
  VolumeOwnership owners(state.layout);
  for (uint64_t chunk = 0; chunk < state.raw.entries.size(); ++chunk) {
    StoredChunk stored;
    stored.map = state.raw.entries[chunk];
    if (stored.map >= state.raw.maps.size() || state.raw.lost_chunks.contains(chunk)) continue;
    if (!parse_chunk_map(state.layout, state.raw.maps[stored.map], stored)) continue;
    owners.take(stored);
    if (owners.contested()) return fmt::format("chunk {} owns what another chunk owns too", chunk);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
