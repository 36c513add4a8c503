// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V5: a session is marked in the map file before it is marked on the device.
std::optional<std::string> check_V5(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (!raw.super || !raw.copy || !state.has_own_map()) return std::nullopt;
  if (raw.copy->session.number >= raw.super->session.number) return std::nullopt;
  return fmt::format("the device says session {}, and the map file {}", raw.super->session.number,
                     raw.copy->session.number);
}

}  // namespace holdfast::sim
