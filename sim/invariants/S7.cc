// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S7: a change or the removal of the superblock is durable before it is acknowledged.
std::optional<std::string> check_S7(const Examination& state) {
  const Versions<uint64_t>& epoch = state.model.epoch();
  const bool destroyed = epoch.count() == 1 && epoch.oldest() == 0;
  if (destroyed && state.epoch() != 0)
    return fmt::format("the store of format {} was destroyed and is there again", state.epoch());
  if (state.epoch() == 0 || state.epoch() != epoch.oldest() || state.found.open_error) return std::nullopt;
  if (state.model.super_blob().allows(state.found.super_blob)) return std::nullopt;
  if (state.model.unsettled(state.model.super_blob().newest())) return std::nullopt;
  return fmt::format("the super blob was set to '{}', and found is '{}'", state.model.super_blob().newest(),
                     state.found.super_blob);
}

}  // namespace holdfast::sim
