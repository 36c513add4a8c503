// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>

#include "invariants/invariants.hh"

namespace holdfast::sim {

namespace {

// Of its sectors: a page has arrived when the last of them has.
simdisk::EventNumber oldest_sector(const simdisk::Media& media, uint64_t page) {
  simdisk::EventNumber oldest = media.written_at(page);
  const uint64_t end = (page + 1) * simdisk::kMediaPage;
  for (uint64_t byte = page * simdisk::kMediaPage; byte < end; byte += kSectorBytes)
    oldest = std::min(oldest, media.written_at_byte(byte));
  return oldest;
}

std::optional<std::string> find_missing_page(const Examination& state) {
  for (const RootOnMedia& root : state.raw.roots) {
    for (const uint64_t page : root.chain) {
      const auto meant = state.trace.last_write_before(page, root.written_at(state.media));
      if (!meant || !meant->content || oldest_sector(state.media, page) >= meant->event) continue;
      if (meant->step == Step::none) continue;  // a foreign program promises nothing
      if (*meant->content == state.media.page_hash(page)) continue;
      return fmt::format("the root of blob {:#x} names the page at byte {}, which never arrived",
                         root.id.value, page * simdisk::kMediaPage);
    }
  }
  return std::nullopt;
}

std::optional<std::string> find_foreign_bytes(const Examination& state) {
  for (const auto& [name, blob] : state.found.blobs) {
    const auto known = state.model.blobs().find(name);
    if (known == state.model.blobs().end() || known->second.unsettled) continue;
    const std::vector<BlockVersions>& expected = known->second.blocks;
    for (std::size_t block = 0; block < blob.blocks.size(); ++block) {
      const Tag tag = blob.blocks[block];
      if (tag == kZeroes || (tag != kForeign && birth_of(tag) == known->second.birth)) continue;
      if (block < expected.size() && expected[block].allows(tag)) continue;  // after a foreign program
      return fmt::format("block {} of blob '{}' shows bytes that were written to something else", block,
                         name);
    }
  }
  return std::nullopt;
}

}  // namespace

// B1: a root names only durable pages and cleared clusters.
std::optional<std::string> check_B1(const Examination& state) {
  if (auto words = find_missing_page(state)) return words;
  return find_foreign_bytes(state);
}

}  // namespace holdfast::sim
