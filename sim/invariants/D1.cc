// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// D1: data is durable before its flush, or its write with FUA, is acknowledged.
std::optional<std::string> check_D1(const Examination& state) {
  for (const auto& [name, blob] : state.found.blobs) {
    const auto known = state.model.blobs().find(name);
    if (known == state.model.blobs().end() || known->second.blocks.size() != blob.blocks.size()) continue;
    for (std::size_t block = 0; block < blob.blocks.size(); ++block) {
      if (known->second.blocks[block].allows(blob.blocks[block])) continue;
      return fmt::format("block {} of blob '{}' holds older bytes than were acknowledged as durable", block,
                         name);
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
