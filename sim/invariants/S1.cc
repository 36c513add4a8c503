// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S1: no superblock is durable while the metadata region is being wiped.
std::optional<std::string> check_S1(const Examination& state) {
  if (!state.raw.super || state.model.epoch().count() == 1) return std::nullopt;
  const uint64_t begin = state.model.begin_of_epoch(state.model.epoch().newest());
  if (state.super_written_at() > begin) return std::nullopt;
  const StoreLayout& layout = state.raw.super->layout;
  for (uint64_t page = 1; page < layout.byte_of_cluster(layout.first_data_cluster) / simdisk::kMediaPage;
       ++page) {
    const auto write = state.trace.write_at(page, state.media.written_at(page));
    if (write && write->event > begin && write->step == Step::wipe_metadata) {
      return fmt::format("the former superblock is on media, and metadata at byte {} is wiped",
                         page * simdisk::kMediaPage);
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
