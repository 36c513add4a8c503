// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstring>

#include "core/crc32c.hh"
#include "format/super_block.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast {

inline SuperBlock super_on(const simdisk::Media& media) {
  std::array<std::byte, sizeof(SuperBlock)> page{};
  media.read(0, page);
  SuperBlock super;
  std::memcpy(static_cast<void*>(&super), page.data(), sizeof(super));
  return super;
}

// Makes a store of an older version of a closed one: what that version does not know is zero.
inline void make_older(simdisk::Media& media, uint32_t version) {
  SuperBlock super = super_on(media);
  super.version = version;
  if (version < 3) {
    super.used_blob_id_mask_start = 0;
    super.used_blob_id_mask_len = 0;
    super.size = 0;
    super.io_unit_size = 0;
    super.md_page_size = 0;
  }
  if (version < 2) super.type = {};
  const auto bytes = std::as_bytes(std::span(&super, 1));
  super.crc = crc32c(bytes.first(offsetof(SuperBlock, crc)));
  media.write(0, bytes, 0);
}

}  // namespace holdfast
