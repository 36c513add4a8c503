// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// C1: a chunk's data is durable before the logical map leads to it.
std::optional<std::string> check_C1(const VolumeExamination& state) {
  if (!state.broken_entry || state.broken_entry->in_map || state.broken_entry->reused_by) return std::nullopt;
  return fmt::format("the logical map leads to data of chunk {} that never arrived",
                     state.broken_entry->chunk);
}

}  // namespace holdfast::sim
