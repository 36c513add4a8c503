// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// A5: what media hold intact can be read, and no checksum says otherwise.
std::optional<std::string> check_A5(const VolumeExamination& state) {
  const bool may_be_opened = state.raw.super && state.has_own_map() && !state.raw.copy_is_poisoned;
  if (state.found.open_error && may_be_opened)
    return fmt::format("the volume cannot be opened: {}", describe(*state.found.open_error));
  for (const auto& [chunk, error] : state.found.unreadable) {
    if (!state.raw.lost_chunks.contains(chunk))
      return fmt::format("chunk {} cannot be read: {}", chunk, describe(error));
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
