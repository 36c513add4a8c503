// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// C3: an entry of the logical map is durable before it is acknowledged and before the old chunk is reused.
std::optional<std::string> check_C3(const VolumeExamination& state) {
  if (state.broken_entry)
    return fmt::format("the logical map leads to a {} of chunk {} that was used again",
                       state.broken_entry->in_map ? "chunk map" : "unit", state.broken_entry->chunk);
  for (uint64_t chunk = 0; chunk < state.found.chunks.size(); ++chunk) {
    if (state.found.unreadable.contains(chunk) || state.raw.lost_chunks.contains(chunk)) continue;  // A5, A6
    if (!state.model.allows(state.raw.epoch, chunk, state.found.chunks[chunk]))
      return fmt::format("chunk {} shows what is older than what was acknowledged, or was never written",
                         chunk);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
