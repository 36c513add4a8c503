// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

#include "format/super_block.hh"
#include "holdfast/simdisk/lazy_cursor.hh"

namespace holdfast::sim {

// What a recovering store makes of its metadata pages: one that is blank, and one that is not intact and no
// root, are not there. A root that is not intact is looked at sector by sector, because a redo may complete
// it, and so every other content of it is another one.
class MetadataPages final : public simdisk::PageReader {
 public:
  // Of the store on this disk, as long as its superblock is decided; else of none.
  MetadataPages(const simdisk::Media& disk, const simdisk::CrashSet& set, uint32_t block_size);

  bool reads(const simdisk::Media& media, uint64_t page) const override;
  simdisk::Hash128 seen_as(uint64_t page,
                           std::span<const std::byte, simdisk::kMediaPage> content) const override;

 private:
  const simdisk::Media& disk_;
  uint64_t first_ = 0;
  uint64_t count_ = 0;  // 0: nothing is known of any page
};

}  // namespace holdfast::sim
