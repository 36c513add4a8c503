// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V3: the path of the map file is durable before a superblock stands before it.
std::optional<std::string> check_V3(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (!raw.super || raw.path == raw.map_name) return std::nullopt;
  return fmt::format("the superblock of volume {} is newer than the path behind it, '{}'", raw.map_name,
                     raw.path);
}

}  // namespace holdfast::sim
