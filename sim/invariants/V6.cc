// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// V6: a session is marked on the device before it changes anything.
std::optional<std::string> check_V6(const VolumeExamination& state) {
  simdisk::EventNumber mark = 0;
  for (const simdisk::EventNumber event : state.trace.session_marks()) {
    if (event < state.newest_entry) mark = event;
  }
  if (!state.raw.super || state.raw.super_written_at >= mark) return std::nullopt;
  return fmt::format("an entry of the logical map is of a session that the device does not know (number {})",
                     state.raw.super->session.number + 1);
}

}  // namespace holdfast::sim
