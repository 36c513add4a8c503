// SPDX-License-Identifier: BSD-3-Clause
#include "model/tag.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace holdfast::sim {
namespace {

Tag some_tag() {
  const Content content = *rc::gen::element(Content::half, Content::dense, Content::sparse);
  return make_tag(content, *rc::gen::inRange<uint64_t>(0, 1 << 22), *rc::gen::inRange<uint64_t>(0, 1 << 30));
}

std::vector<std::byte> filled(Tag tag, uint64_t block, std::size_t size = 4096) {
  std::vector<std::byte> bytes(size);
  fill_block(bytes, tag, block);
  return bytes;
}

RC_GTEST_PROP(Tags, AreReadFromEveryBlockThatTheyFilled, ()) {
  const auto size = *rc::gen::element<std::size_t>(512, 4096, 16384);
  const Tag tag = some_tag();
  const uint64_t block = *rc::gen::inRange<uint64_t>(0, 1 << 20);
  RC_ASSERT(tag_of_block(filled(tag, block, size), block) == tag);
}

RC_GTEST_PROP(Tags, AreNotReadFromABlockWithOneOtherBit, ()) {
  const Tag tag = some_tag();
  std::vector<std::byte> bytes = filled(tag, 7);
  bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^= std::byte{1} << *rc::gen::inRange(0, 8);
  RC_ASSERT(tag_of_block(bytes, 7) == kForeign);
}

RC_GTEST_PROP(Tags, AreNotReadFromHalfABlock, ()) {
  const Tag tag = some_tag();
  std::vector<std::byte> bytes = filled(tag, 7);
  const std::vector<std::byte> other = filled(some_tag() ^ 1, 7);
  RC_PRE(other != bytes);
  std::copy(other.begin() + 2048, other.end(), bytes.begin() + 2048);
  RC_ASSERT(tag_of_block(bytes, 7) == kForeign);
}

TEST(Tags, SayOfABlockOfAVolumeWhoseItIs) {
  const Tag tag = make_tag(Content::half, 1, 2);
  EXPECT_EQ(tag_among_blocks(filled(tag, 3), 3, 8), tag);
  EXPECT_EQ(tag_among_blocks(filled(tag, 3), 4, 8), kOfAnotherBlock);
  EXPECT_EQ(tag_among_blocks(filled(tag, 9), 4, 8), kForeign) << "no block of this volume";
  EXPECT_EQ(tag_among_blocks(filled(kZeroes, 0), 4, 8), kZeroes);
}

}  // namespace
}  // namespace holdfast::sim
