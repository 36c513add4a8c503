// SPDX-License-Identifier: BSD-3-Clause
#include "format/map_digest.hh"

#include <algorithm>
#include <vector>

#include "core/crc32c.hh"
#include "format/volume_layout.hh"

namespace holdfast {

Result<uint64_t> map_digest(const PersistentMemory& map) {
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  std::vector<std::byte> piece(kPiece);
  uint64_t digest = 0;
  const uint64_t end = map.geometry().size;
  for (uint64_t at = VolumeLayout::kLogicalMapOffset; at < end; at += kPiece) {
    const std::span<std::byte> part = std::span(piece).first(std::min(kPiece, end - at));
    HF_CHECK(map.load(at, part));
    digest = digest * 0x9E3779B97F4A7C15U + crc32c(part);
  }
  return digest;
}

}  // namespace holdfast
