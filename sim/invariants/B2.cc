// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// B2: a commit is durable before it is acknowledged and before what it replaced is reused.
std::optional<std::string> check_B2(const Examination& state) {
  const auto reused = find_reused_page(state);
  const bool by_delete = reused && reused->lost && reused->lost->step == Step::erase_root;  // B3's matter
  if (reused && !by_delete) {
    return fmt::format("the root of blob {:#x} names the page at byte {}, which was reused",
                       reused->root.id.value, reused->page * simdisk::kMediaPage);
  }
  if (state.epoch() == 0 || state.epoch() != state.model.epoch().oldest()) return std::nullopt;
  const bool damage = std::ranges::any_of(state.raw.replayed.damaged, [&state](const DamagedBlob& damaged) {
    return !state.model.unsettled(damaged.id.value);
  });
  for (const auto& [name, history] : state.model.blobs()) {
    if (history.unsettled) continue;
    const auto found = state.found.blobs.find(name);
    const bool there = found != state.found.blobs.end();
    if (there ? history.state.allows(found->second.state) : history.state.allows(std::nullopt)) continue;
    if (there && !history.state.newest() && history.state.count() == 1) continue;  // deleted: B3's matter
    if (damage && !there) continue;                                                // A1, A2
    return there ? fmt::format(
                       "blob '{}' shows a state that is older than what was acknowledged, or was never "
                       "committed",
                       name)
                 : fmt::format("blob '{}' was acknowledged and is not there", name);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
