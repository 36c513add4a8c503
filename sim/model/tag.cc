// SPDX-License-Identifier: BSD-3-Clause
#include "model/tag.hh"

#include <cstring>
#include <vector>

namespace holdfast::sim {
namespace {

uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// Dense: every word is another one. Half: every word of the first half. Sparse: one word, again and again.
uint64_t word_at(Tag tag, uint64_t block, std::size_t offset, std::size_t size) {
  const bool varies =
      content_of(tag) == Content::dense || (content_of(tag) == Content::half && offset * 2 < size);
  return mix(tag ^ mix(block * 512 + (varies ? offset / sizeof(uint64_t) : 1)));
}

}  // namespace

void fill_block(std::span<std::byte> bytes, Tag tag, uint64_t block) {
  if (tag == kZeroes) return static_cast<void>(std::memset(bytes.data(), 0, bytes.size()));
  for (std::size_t offset = 0; offset < bytes.size(); offset += sizeof(uint64_t)) {
    const uint64_t word = offset == 0 ? tag : word_at(tag, block, offset, bytes.size());
    std::memcpy(bytes.data() + offset, &word, sizeof(word));
  }
}

Tag tag_of_block(std::span<const std::byte> bytes, uint64_t block) {
  Tag tag = 0;
  std::memcpy(&tag, bytes.data(), sizeof(tag));
  std::vector<std::byte> expected(bytes.size());
  fill_block(expected, tag, block);
  return std::memcmp(expected.data(), bytes.data(), bytes.size()) == 0 ? tag : kForeign;
}

Tag tag_among_blocks(std::span<const std::byte> bytes, uint64_t block, uint64_t blocks) {
  const Tag tag = tag_of_block(bytes, block);
  for (uint64_t other = 0; tag == kForeign && other < blocks; ++other) {
    if (tag_of_block(bytes, other) != kForeign) return kOfAnotherBlock;
  }
  return tag;
}

}  // namespace holdfast::sim
