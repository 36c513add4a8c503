// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V8: a closed session is durable before close is acknowledged.
std::optional<std::string> check_V8(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (!state.model.closed() || !raw.super || !raw.copy || !state.has_own_map()) return std::nullopt;
  if (raw.copy->session.closed) return std::nullopt;
  return fmt::format("session {} was acknowledged as closed, and the map file says that it is not",
                     raw.copy->session.number);
}

}  // namespace holdfast::sim
