// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V2: a map file, its name and its content, is durable before a superblock names it.
std::optional<std::string> check_V2(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  const bool going = state.model.destroying() || !state.model.epoch().allows(raw.epoch);  // V4's matter
  if (!raw.super || going || !state.has_own_map()) return std::nullopt;
  if (!raw.map_there) return fmt::format("the map file of volume {} is not there", raw.map_name);
  if (!raw.copy || !check_pairing(*raw.super, *raw.copy))
    return fmt::format("the map file of volume {} has no copy of its superblock", raw.map_name);
  if (raw.unfilled_at)
    return fmt::format("the map of a volume that was never changed says something at byte {}",
                       *raw.unfilled_at);
  return std::nullopt;
}

}  // namespace holdfast::sim
