// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S3: a format is durable before it is acknowledged.
std::optional<std::string> check_S3(const Examination& state) {
  if (!state.raw.super && state.model.super_unsettled()) return std::nullopt;
  if (state.model.epoch().allows(state.epoch()) || state.model.epoch().oldest() == 0) return std::nullopt;
  return fmt::format("format {} was acknowledged; found is {}", state.model.epoch().oldest(),
                     state.epoch() == 0 ? "no store" : fmt::format("the store of format {}", state.epoch()));
}

}  // namespace holdfast::sim
