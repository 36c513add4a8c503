// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V4: a superblock, or its removal, is durable before it is acknowledged or the map file is removed.
std::optional<std::string> check_V4(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (!state.model.epoch().allows(raw.epoch))
    return fmt::format("media hold volume {}, and what was acknowledged says otherwise", raw.epoch);
  if (raw.super && !raw.map_there && state.has_own_map())
    return fmt::format("the map file of volume {} was removed, and its superblock is there", raw.map_name);
  return std::nullopt;
}

}  // namespace holdfast::sim
