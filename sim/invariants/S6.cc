// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S6: a clean mark is durable before close is acknowledged.
std::optional<std::string> check_S6(const Examination& state) {
  if (!state.model.closed() || !state.raw.super || state.raw.super->clean) return std::nullopt;
  return "the store was closed, and the superblock says dirty";
}

}  // namespace holdfast::sim
