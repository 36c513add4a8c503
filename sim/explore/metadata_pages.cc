// SPDX-License-Identifier: BSD-3-Clause
#include "explore/metadata_pages.hh"

#include <algorithm>
#include <cstring>
#include <vector>

#include "format/metadata_page.hh"
#include "holdfast/ids.hh"

namespace holdfast::sim {
namespace {

constexpr simdisk::Hash128 kNotThere{};

bool decides_the_super(const simdisk::UndecidedUnit& unit, const simdisk::Media& disk) {
  return unit.media == &disk && unit.byte < sizeof(SuperBlock);
}

}  // namespace

MetadataPages::MetadataPages(const simdisk::Media& disk, const simdisk::CrashSet& set, uint32_t block_size)
    : disk_(disk) {
  if (std::ranges::any_of(set.units, [&disk](const auto& unit) { return decides_the_super(unit, disk); }))
    return;
  std::vector<std::byte> super_page(sizeof(SuperBlock));
  disk.read(0, super_page);
  const Result<CheckedSuper> super = parse_super_block(super_page, disk.size(), block_size);
  if (!super || super->layout.md_page_size != simdisk::kMediaPage) return;
  first_ = super->layout.byte_of_page(PageIndex{0}) / simdisk::kMediaPage;
  count_ = super->layout.md_len;
}

bool MetadataPages::reads(const simdisk::Media& media, uint64_t page) const {
  return &media == &disk_ && page >= first_ && page - first_ < count_;
}

simdisk::Hash128 MetadataPages::seen_as(uint64_t page,
                                        std::span<const std::byte, simdisk::kMediaPage> content) const {
  MetadataPage parsed;
  std::memcpy(&parsed, content.data(), sizeof parsed);
  if ((parsed.blob_id & kBlobIdFlag) == 0) return kNotThere;
  const PageIndex index{static_cast<uint32_t>(page - first_)};
  const bool root = parsed.blob_id == blob_id_of_root(index).value && parsed.sequence == 0;
  if (!root && parsed.crc != page_checksum(parsed)) return kNotThere;
  return simdisk::hash_bytes(content);
}

}  // namespace holdfast::sim
