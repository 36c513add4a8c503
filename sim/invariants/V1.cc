// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V1: the former superblock is gone before anything of a new volume is written.
std::optional<std::string> check_V1(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (!raw.super || raw.path == raw.map_name || raw.path_written_at < raw.super_written_at)
    return std::nullopt;
  return fmt::format("the superblock of volume {} stands before the path of map file '{}'", raw.map_name,
                     raw.path);
}

}  // namespace holdfast::sim
