// SPDX-License-Identifier: BSD-3-Clause
#include "model/tag.hh"

#include <algorithm>
#include <cstring>

#include "format/metadata_page.hh"

namespace holdfast::sim {
namespace {

uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// Dense: every word is another one. Half: every word of the first half. Sparse: one word, again and again.
std::size_t different_words(Content content, std::size_t words) {
  switch (content) {
    case Content::dense: return words;
    case Content::half: return words / 2;
    case Content::sparse: break;
  }
  return 1;
}

// The words that a block with this tag has, from the second on, as long as `visit` returns true; it is given
// the number of the word and the word.
template <class Visit>
bool visit_words(Tag tag, uint64_t block, std::size_t words, const Visit& visit) {
  const auto word_at = [tag, block](std::size_t i) { return mix(tag ^ mix(block * 512 + i)); };
  const std::size_t different = different_words(content_of(tag), words);
  for (std::size_t i = 1; i < different; ++i) {
    if (!visit(i, word_at(i))) return false;
  }
  const uint64_t same = word_at(1);
  for (std::size_t i = std::max<std::size_t>(different, 1); i < words; ++i) {
    if (!visit(i, same)) return false;
  }
  return true;
}

bool is_filled(std::span<const std::byte> bytes, Tag tag, uint64_t block) {
  if (tag == kZeroes) return is_zero(bytes);
  return visit_words(tag, block, bytes.size() / sizeof(Tag), [bytes](std::size_t i, uint64_t word) {
    return std::memcmp(bytes.data() + i * sizeof(word), &word, sizeof(word)) == 0;
  });
}

}  // namespace

void fill_block(std::span<std::byte> bytes, Tag tag, uint64_t block) {
  if (tag == kZeroes) return static_cast<void>(std::memset(bytes.data(), 0, bytes.size()));
  std::memcpy(bytes.data(), &tag, sizeof(tag));
  visit_words(tag, block, bytes.size() / sizeof(Tag), [bytes](std::size_t i, uint64_t word) {
    std::memcpy(bytes.data() + i * sizeof(word), &word, sizeof(word));
    return true;
  });
}

Tag tag_of_block(std::span<const std::byte> bytes, uint64_t block) {
  Tag tag = 0;
  std::memcpy(&tag, bytes.data(), sizeof(tag));
  return is_filled(bytes, tag, block) ? tag : kForeign;
}

Tag tag_among_blocks(std::span<const std::byte> bytes, uint64_t block, uint64_t blocks) {
  const Tag tag = tag_of_block(bytes, block);
  for (uint64_t other = 0; tag == kForeign && other < blocks; ++other) {
    if (tag_of_block(bytes, other) != kForeign) return kOfAnotherBlock;
  }
  return tag;
}

}  // namespace holdfast::sim
