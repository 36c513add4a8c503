// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// What a block holds, as far as the workload wrote it: which write, of which blob or volume. 0 is zeroes. A
// tag also says how well its bytes can be compressed.
using Tag = uint64_t;
inline constexpr Tag kZeroes = 0;
inline constexpr Tag kUnreadable = ~uint64_t{1};  // the device says that it cannot be read
inline constexpr Tag kForeign = ~uint64_t{0};  // bytes that no write of this run produced for this block
inline constexpr Tag kOfAnotherBlock = ~uint64_t{2};  // but for another block of the same volume

// `birth` is one of a blob or volume.
constexpr Tag make_tag(Content content, uint64_t birth, uint64_t write) {
  constexpr uint64_t kMark = uint64_t{0x48} << 56;  // no tag is zero, and stale garbage is rarely a tag
  return kMark | uint64_t{static_cast<uint8_t>(content)} << 54 | birth << 32 | write;
}
constexpr uint64_t birth_of(Tag tag) { return tag >> 32 & 0x3FFFFF; }
constexpr Content content_of(Tag tag) { return static_cast<Content>(tag >> 54 & 3); }

// The bytes that a write with this tag puts into block `block` of its blob or volume, and the way back.
void fill_block(std::span<std::byte> bytes, Tag tag, uint64_t block);
Tag tag_of_block(std::span<const std::byte> bytes, uint64_t block);
// The same for one of a volume's `blocks` blocks: what is no tag of this one may be one of another.
Tag tag_among_blocks(std::span<const std::byte> bytes, uint64_t block, uint64_t blocks);

}  // namespace holdfast::sim
