// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S5: everything is durable before a store is marked clean.
std::optional<std::string> check_S5(const Examination& state) {
  if (!state.raw.super || !state.raw.super->clean || state.raw.masks_agree) return std::nullopt;
  if (state.model.super_unsettled()) return std::nullopt;
  return "the superblock says clean, and the masks do not say what the roots say";
}

}  // namespace holdfast::sim
