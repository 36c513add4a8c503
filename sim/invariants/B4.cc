// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// B4: a redo is gone before the conversion of its root is acknowledged.
std::optional<std::string> check_B4(const Examination& state) {
  for (const Redo& redo : state.raw.replayed.redos) {
    const uint64_t page = state.raw.super->layout.byte_of_page(redo.page) / simdisk::kMediaPage;
    const auto erasure = state.trace.newest_write_after(page, state.media.written_at(page));
    if (!erasure || erasure->step != Step::erase_redo) continue;
    if (!state.trace.claimed_durable(*erasure, Barrier::B4)) continue;
    return fmt::format("the redo at byte {} was erased, and is there again", page * simdisk::kMediaPage);
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
