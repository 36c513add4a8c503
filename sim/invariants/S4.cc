// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// S4: a store is durably marked dirty before its metadata changes.
std::optional<std::string> check_S4(const Examination& state) {
  if (!state.raw.super || !state.raw.super->clean || state.model.super_unsettled()) return std::nullopt;
  const StoreLayout& layout = state.raw.super->layout;
  for (uint32_t i = 0; i < layout.md_len; ++i) {
    const uint64_t byte = layout.byte_of_page(PageIndex{i});
    if (state.media.written_at(byte / simdisk::kMediaPage) > state.super_written_at()) {
      return fmt::format("the superblock says clean, and metadata page {} was changed after it", i);
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
