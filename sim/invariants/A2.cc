// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

namespace {

std::optional<std::string> check_refusal(const Examination& state) {
  if (!state.found.open_error) return "the store opens without a valid superblock";
  if (state.found.open_error->code == state.raw.super.error().code) return std::nullopt;
  return fmt::format("the superblock is wrong ({}), and open ends otherwise: {}",
                     describe(state.raw.super.error()), describe(*state.found.open_error));
}

}  // namespace

// A2: a store with an intact superblock opens, and every blob in it is one that was created. Where a
// foreign program tore the superblock, open says so.
std::optional<std::string> check_A2(const Examination& state) {
  if (state.raw.super && state.found.open_error)
    return "the store does not open: " + describe(*state.found.open_error);
  if (!state.raw.super && state.model.super_unsettled()) return check_refusal(state);
  for (const DamagedBlob& damaged : state.raw.replayed.damaged) {
    if (!state.model.unsettled(damaged.id.value)) return describe(damaged.error);
  }
  for (const BlobId stranger : state.found.strangers) {
    if (!state.model.unsettled(stranger.value))
      return fmt::format("blob {:#x} has lost its name", stranger.value);
  }
  for (const auto& [name, blob] : state.found.blobs) {
    if (!state.model.blobs().contains(name))
      return fmt::format("blob '{}' was never created in this store", name);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
