// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

#include "core/bitmap.hh"
#include "holdfast/result.hh"

namespace holdfast {

// A mask: a type byte, the number of bits (u32), then the bits, lowest first. It carries no checksum: only a
// clean superblock vouches for it.
enum class MaskType : uint8_t { used_pages = 0, used_clusters = 1, used_blob_ids = 2 };

inline constexpr uint64_t kMaskHeaderBytes = 5;
constexpr uint64_t mask_bytes(uint64_t bits) { return kMaskHeaderBytes + (bits + 7) / 8; }

// All bits up to the stated length, those of the last, partial byte included. A mask may state more bits than
// the store has (a grow that was cut short): they are left out.
Result<Bitmap> parse_mask(std::span<const std::byte> region, MaskType type, uint64_t bits);

// Fills a whole region; what follows the bits becomes zero.
void encode_mask(std::span<std::byte> region, MaskType type, const Bitmap& bitmap);

}  // namespace holdfast
