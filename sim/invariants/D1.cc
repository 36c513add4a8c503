// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// D1: data is durable before its flush, or its write with FUA, is acknowledged.
std::optional<std::string> check_D1(const Examination& state) {
  for (const auto& [name, blob] : state.found.blobs) {
    const auto known = state.model.blobs().find(name);
    if (known == state.model.blobs().end() || known->second.unsettled) continue;
    const std::vector<BlockVersions>& blocks = known->second.blocks;
    for (std::size_t block = 0; block < blob.blocks.size(); ++block) {
      const bool gained = block >= blocks.size();  // by a resize that is not acknowledged yet
      if (gained ? blob.blocks[block] == kZeroes : blocks[block].allows(blob.blocks[block])) continue;
      return fmt::format("block {} of blob '{}' holds older bytes than were acknowledged as durable", block,
                         name);
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
