// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

constexpr NamedChecker<VolumeChecker> kCheckers[] = {
    {"V1", check_V1}, {"V3", check_V3}, {"V5", check_V5}, {"V2", check_V2}, {"V4", check_V4},
    {"R2", check_R2}, {"C1", check_C1}, {"C2", check_C2}, {"C3", check_C3}, {"A4", check_A4},
    {"V6", check_V6}, {"V7", check_V7}, {"V8", check_V8}, {"A6", check_A6}, {"A5", check_A5},
};

}  // namespace

std::span<const NamedChecker<VolumeChecker>> checkers_of_volumes() { return kCheckers; }

std::optional<Broken> first_broken(const VolumeExamination& state) {
  return first_broken_of(checkers_of_volumes(), state);
}

}  // namespace holdfast::sim
