// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// A1: every page and every cluster has at most one owner. Counted on raw media, not by the engine.
std::optional<std::string> check_A1(const Examination& state) {
  if (auto words = find_shared_cluster(state.raw)) return words;
  for (const DamagedBlob& damaged : state.raw.replayed.damaged) {
    if (damaged.error.byte == Error::kNowhere && !state.model.unsettled(damaged.id.value))
      return fmt::format("blob {:#x} shares a page or cluster", damaged.id.value);
  }
  return std::nullopt;
}

std::optional<std::string> find_shared_cluster(const RawStore& raw) {
  std::map<uint64_t, BlobId> owners;
  for (const BlobRecord& record : raw.replayed.blobs) {
    for (const ClusterIndex cluster : record.clusters) {
      if (cluster.value == 0) continue;
      const auto [owner, first] = owners.emplace(cluster.value, record.id);
      if (first) continue;
      return fmt::format("cluster {} belongs to blobs {:#x} and {:#x}", cluster.value, owner->second.value,
                         record.id.value);
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
