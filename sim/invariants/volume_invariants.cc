// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

struct Named {
  const char* name;
  VolumeChecker check;
};

// In the order of cause: a superblock without its map file also makes every chunk unreadable, and so on.
constexpr Named kCheckers[] = {
    {"V1", check_V1}, {"V3", check_V3}, {"V5", check_V5}, {"V2", check_V2}, {"V4", check_V4},
    {"R2", check_R2}, {"C1", check_C1}, {"C2", check_C2}, {"C3", check_C3}, {"A4", check_A4},
    {"V6", check_V6}, {"V7", check_V7}, {"V8", check_V8}, {"A5", check_A5},
};

}  // namespace

std::optional<Broken> first_broken(const VolumeExamination& state) {
  for (const Named& named : kCheckers) {
    if (auto words = named.check(state)) return Broken{named.name, std::move(*words)};
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
