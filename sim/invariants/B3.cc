// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

namespace {

// A root that an erasure should have removed.
bool came_back(const Examination& state, const RootOnMedia& root) {
  const auto newest = state.trace.newest_write_after(root.page, root.written_at(state.media));
  return newest && newest->step == Step::erase_root;
}

bool is_damaged(const Examination& state, BlobId id) {
  for (const DamagedBlob& damaged : state.raw.replayed.damaged) {
    if (damaged.id == id) return true;
  }
  return false;
}

}  // namespace

// B3: a delete is durable before it is acknowledged and before what it frees is reused.
std::optional<std::string> check_B3(const Examination& state) {
  for (const auto& [name, history] : state.model.blobs()) {
    const bool deleted = history.state.count() == 1 && !history.state.newest() && !history.unsettled;
    if (deleted && state.found.blobs.contains(name))
      return fmt::format("blob '{}' was deleted and is there again", name);
  }
  if (const auto reused = find_reused_page(state)) {
    return fmt::format("blob {:#x} was deleted and is there again, and the page at byte {} was reused",
                       reused->root.id.value, reused->page * simdisk::kMediaPage);
  }
  for (const RootOnMedia& root : state.raw.roots) {
    if (!came_back(state, root) || !is_damaged(state, root.id)) continue;
    return fmt::format("blob {:#x} was deleted and is there again, over space that others own now",
                       root.id.value);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
