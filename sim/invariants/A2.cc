// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// A2: a store with an intact superblock opens, and every blob in it is one that was created.
std::optional<std::string> check_A2(const Examination& state) {
  if (state.raw.super && state.found.open_error)
    return "the store does not open: " + describe(*state.found.open_error);
  for (const DamagedBlob& damaged : state.raw.replayed.damaged) return describe(damaged.error);
  if (!state.found.strangers.empty())
    return fmt::format("blob {:#x} has lost its name", state.found.strangers[0].value);
  for (const auto& [name, blob] : state.found.blobs) {
    if (!state.model.blobs().contains(name))
      return fmt::format("blob '{}' was never created in this store", name);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
