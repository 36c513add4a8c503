// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// R2: what the load of a volume reads is durable before it is acted upon.
std::optional<std::string> check_R2(const VolumeExamination& state) {
  const std::optional<BrokenEntry>& broken = state.broken_entry;
  if (!broken || !broken->reused_by || !broken->newer_entry) return std::nullopt;
  if (broken->newer_entry->process == broken->reused_by->process) return std::nullopt;
  return fmt::format(
      "the entry of chunk {} that process {} stored is lost, and process {}, which read it, used what the "
      "old "
      "entry leads to",
      broken->chunk, broken->newer_entry->process, broken->reused_by->process);
}

}  // namespace holdfast::sim
