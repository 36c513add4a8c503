// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// C2: a chunk map is durable before the logical map leads to it.
std::optional<std::string> check_C2(const VolumeExamination& state) {
  if (!state.broken_entry || !state.broken_entry->in_map || state.broken_entry->reused_by)
    return std::nullopt;
  return fmt::format("the logical map leads to a chunk map of chunk {} that never arrived",
                     state.broken_entry->chunk);
}

}  // namespace holdfast::sim
