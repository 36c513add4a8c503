// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S2: a superblock names only a wiped metadata region.
std::optional<std::string> check_S2(const Examination& state) {
  if (state.epoch() == 0) return std::nullopt;
  for (const RootOnMedia& root : state.raw.roots) {
    if (root.written_at(state.media) > state.model.begin_of_epoch(state.epoch())) continue;
    return fmt::format("the store of format {} holds blob {:#x}, which is older", state.epoch(),
                       root.id.value);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
