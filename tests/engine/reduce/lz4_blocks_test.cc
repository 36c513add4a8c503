// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/lz4_blocks.hh"

#include <gtest/gtest.h>
#include <lz4.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string_view>
#include <vector>

#include "reduce/codec.hh"

namespace holdfast {
namespace {

using Bytes = std::vector<std::byte>;
using Sizes = std::vector<std::size_t>;
constexpr std::size_t kSector = Lz4BlockSearch::kSector;
constexpr std::size_t kChunk = 16384;

enum class Like { text, noise, zeroes, half_noise, few_values };
constexpr Like kLikes[] = {Like::text, Like::noise, Like::zeroes, Like::half_noise, Like::few_values};

class Source {
 public:
  explicit Source(uint64_t seed) : state_(seed) {}

  uint32_t below(uint32_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<uint32_t>(state_ >> 33) % bound;
  }

  Bytes bytes(Like like, std::size_t size) {
    Bytes made;
    while (made.size() < size) append_piece(made, like);
    made.resize(size);
    return made;
  }

  // What a chunk of several blocks is made of: each from another buffer.
  Bytes pieces(Like like, const Sizes& sizes) {
    Bytes made;
    for (std::size_t size : sizes) {
      const Bytes piece = bytes(below(2) == 0 ? like : kLikes[below(std::size(kLikes))], size);
      made.insert(made.end(), piece.begin(), piece.end());
    }
    return made;
  }

  Sizes sizes(uint32_t count) {
    std::vector<uint32_t> cuts = {0, kChunk / kSector};
    for (uint32_t i = 1; i < count; ++i) cuts.push_back(1 + below(kChunk / kSector - 1));
    std::ranges::sort(cuts);
    Sizes sizes;
    for (std::size_t i = 1; i < cuts.size(); ++i) {
      if (cuts[i] != cuts[i - 1]) sizes.push_back((cuts[i] - cuts[i - 1]) * kSector);
    }
    return sizes;
  }

 private:
  void append_piece(Bytes& made, Like like) {
    using namespace std::string_view_literals;
    static constexpr std::string_view kWords[] = {"the "sv, "root "sv, "names "sv, "a page, "sv, "and\n"sv};
    switch (like) {
      case Like::text:
        for (char letter : kWords[below(std::size(kWords))]) made.push_back(static_cast<std::byte>(letter));
        return;
      case Like::noise: made.push_back(static_cast<std::byte>(below(256))); return;
      case Like::zeroes: made.push_back(std::byte{0}); return;
      case Like::half_noise:
        made.push_back(made.size() % kSector < kSector / 2 ? static_cast<std::byte>(below(256))
                                                           : std::byte{0});
        return;
      case Like::few_values: made.push_back(static_cast<std::byte>(below(4) == 0 ? 0 : below(4))); return;
    }
  }

  uint64_t state_;
};

// As SPDK writes a chunk: one block for each buffer, in one stream, with nothing between the blocks.
enum class Buffers { one, apart };

Bytes in_blocks(const Bytes& chunk, const Sizes& sizes, Buffers buffers, int acceleration = 1) {
  auto stream = std::make_unique<LZ4_stream_t>();
  LZ4_initStream(stream.get(), sizeof(LZ4_stream_t));
  std::vector<Bytes> copies;
  Bytes into(chunk.size() * 2 + 65536);
  std::size_t taken = 0;
  std::size_t written = 0;
  for (std::size_t size : sizes) {
    const std::byte* from = chunk.data() + taken;
    if (buffers == Buffers::apart) from = copies.emplace_back(from, from + size).data();
    const int more = LZ4_compress_fast_continue(
        stream.get(), reinterpret_cast<const char*>(from), reinterpret_cast<char*>(into.data() + written),
        static_cast<int>(size), static_cast<int>(into.size() - written), acceleration);
    taken += size;
    written += static_cast<std::size_t>(more);
  }
  into.resize(written);
  return into;
}

bool is_one_block(const Bytes& from, std::size_t size) {
  Bytes into(size);
  return LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
                             static_cast<int>(from.size()), static_cast<int>(size)) == static_cast<int>(size);
}

Result<Bytes> decompressed(const Bytes& from, std::size_t size) {
  const auto codec = std::move(make_codec(1, 1, nullptr).value());
  Bytes into(size);
  HF_CHECK(codec->decompress(from, into));
  return into;
}

RC_GTEST_PROP(Lz4Blocks, OfWholeSectorsAreReadBack, ()) {
  Source source(*rc::gen::arbitrary<uint64_t>());
  const Like like = *rc::gen::elementOf(std::vector<Like>(std::begin(kLikes), std::end(kLikes)));
  const Sizes sizes = source.sizes(*rc::gen::inRange<uint32_t>(1, 9));
  const Bytes chunk = source.pieces(like, sizes);
  for (Buffers buffers : {Buffers::one, Buffers::apart}) {
    const Bytes from = in_blocks(chunk, sizes, buffers);
    if (sizes.size() > 1 && is_one_block(from, kChunk)) continue;  // OneBlockIsBelievedFirst
    const auto back = decompressed(from, kChunk);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == chunk);
  }
}

TEST(Lz4Blocks, MayReferToWhatTheBlockBeforeMade) {
  const Bytes noise = Source(1).bytes(Like::noise, kChunk / 2);
  Bytes twice = noise;
  twice.insert(twice.end(), noise.begin(), noise.end());
  for (Buffers buffers : {Buffers::one, Buffers::apart}) {
    const Bytes from = in_blocks(twice, {kChunk / 2, kChunk / 2}, buffers);
    ASSERT_LT(from.size(), kChunk * 3 / 4);
    EXPECT_EQ(decompressed(from, kChunk).value(), twice);
  }
}

TEST(Lz4Blocks, ReachThroughAChunkOfOneMebibyte) {
  const std::size_t size = Lz4BlockSearch::kMaxChunk;
  for (Like like : {Like::text, Like::zeroes, Like::half_noise}) {
    const Bytes chunk = Source(2).bytes(like, size);
    const Bytes from = in_blocks(chunk, {512, size / 2, size / 2 - 4096, 3584}, Buffers::apart);
    EXPECT_EQ(decompressed(from, size).value(), chunk);
  }
}

// Where few values are common, an end may be read into the middle of a block. Only one of the readings
// compresses to the same bytes again.
TEST(Lz4Blocks, WithSeveralReadingsAreReadAsTheyWereWritten) {
  Source source(3);
  auto search = std::make_unique<Lz4BlockSearch>();
  int with_several = 0;
  for (int i = 0; i < 200; ++i) {
    const Sizes sizes = source.sizes(12);
    const Bytes chunk = source.bytes(Like::few_values, kChunk);
    for (Buffers buffers : {Buffers::one, Buffers::apart}) {
      const Bytes from = in_blocks(chunk, sizes, buffers);
      const auto readings = search->find(from, kChunk);
      if (!readings || *readings == 1 || is_one_block(from, kChunk)) continue;
      ++with_several;
      ASSERT_EQ(decompressed(from, kChunk).value(), chunk);
    }
  }
  EXPECT_GT(with_several, 5);
}

// Nothing says which reading is the right one when no one of them is what this compressor writes.
TEST(Lz4Blocks, WithSeveralReadingsByAnotherCompressorAreNotGuessed) {
  Source source(4);
  auto search = std::make_unique<Lz4BlockSearch>();
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    const Sizes sizes = source.sizes(12);
    const Bytes from = in_blocks(source.bytes(Like::few_values, kChunk), sizes, Buffers::apart, 20);
    const auto readings = search->find(from, kChunk);
    if (!readings || *readings == 1 || is_one_block(from, kChunk)) continue;
    ++refused;
    ASSERT_EQ(decompressed(from, kChunk).error().code, Errc::corrupt);
  }
  EXPECT_GT(refused, 5);
}

// The readings that are counted are those that are given out: each is whole, and no two are the same.
TEST(Lz4Blocks, EachReadingIsAnother) {
  Source source(3);
  auto search = std::make_unique<Lz4BlockSearch>();
  for (int i = 0; i < 100; ++i) {
    const Sizes sizes = source.sizes(12);
    const Bytes from = in_blocks(source.bytes(Like::few_values, kChunk), sizes, Buffers::apart);
    const auto readings = search->find(from, kChunk);
    ASSERT_TRUE(readings);
    std::vector<std::vector<std::pair<uint32_t, uint32_t>>> seen;
    for (uint32_t number = 0; number < *readings; ++number) {
      std::size_t compressed = 0;
      std::size_t size = 0;
      auto& reading = seen.emplace_back();
      for (const Lz4Block& block : search->reading(number)) {
        compressed += block.compressed;
        size += block.size;
        reading.emplace_back(block.compressed, block.size);
      }
      EXPECT_EQ(compressed, from.size());
      EXPECT_EQ(size, kChunk);
    }
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
  }
}

// A chunk as Holdfast and SPDK write it must not pay for those of several blocks: bytes that make a chunk as
// one block are one block, although they were two.
TEST(Lz4Blocks, OneBlockIsBelievedFirst) {
  Source source(5);
  for (int i = 0; i < 20000; ++i) {
    const Sizes sizes = source.sizes(2);
    const Bytes chunk = source.bytes(Like::few_values, kChunk);
    const Bytes from = in_blocks(chunk, sizes, Buffers::apart);
    if (sizes.size() != 2 || !is_one_block(from, kChunk)) continue;
    const auto back = decompressed(from, kChunk);
    ASSERT_TRUE(back);
    EXPECT_NE(*back, chunk);
    return;
  }
  FAIL() << "no such chunk was found";
}

TEST(Lz4Blocks, EndWithSectorsOnly) {
  const Bytes chunk = Source(6).bytes(Like::text, kChunk);
  const Bytes from = in_blocks(chunk, {kChunk / 2 - 100, kChunk / 2 + 100}, Buffers::one);
  ASSERT_FALSE(is_one_block(from, kChunk));
  EXPECT_EQ(decompressed(from, kChunk).error().code, Errc::corrupt);
}

TEST(Lz4Blocks, AreAllNeeded) {
  const Bytes chunk = Source(7).bytes(Like::text, kChunk);
  const Bytes from = in_blocks(chunk, {4096, 8192, 4096}, Buffers::apart);
  ASSERT_EQ(decompressed(from, kChunk).value(), chunk);
  EXPECT_EQ(decompressed(Bytes(from.begin(), from.end() - 1), kChunk).error().code, Errc::corrupt);
  EXPECT_EQ(decompressed(Bytes(from.begin() + 1, from.end()), kChunk).error().code, Errc::corrupt);
  EXPECT_EQ(decompressed(from, kChunk - kSector).error().code, Errc::corrupt);
  EXPECT_EQ(decompressed(from, kChunk + kSector).error().code, Errc::corrupt);
}

// The rules of a block's end, on two sectors that were written by hand.
TEST(Lz4Blocks, EndAsTheStandardSays) {
  auto search = std::make_unique<Lz4BlockSearch>();
  const auto two_sectors = [](std::initializer_list<int> first) {
    Bytes bytes;
    for (int byte : first) bytes.push_back(static_cast<std::byte>(byte));
    for (int byte : {0xf0, 255, 242}) bytes.push_back(static_cast<std::byte>(byte));
    bytes.resize(bytes.size() + kSector, std::byte{'b'});
    return bytes;
  };
  // One byte, a match, and the last literals: 1 + 506 + 5, 1 + 507 + 4, 1 + 499 + 12.
  EXPECT_EQ(search->find(two_sectors({0x1f, 'a', 1, 0, 255, 232, 0x50, 1, 2, 3, 4, 5}), 1024).value(), 1U);
  EXPECT_FALSE(search->find(two_sectors({0x1f, 'a', 1, 0, 255, 233, 0x40, 1, 2, 3, 4}), 1024));
  EXPECT_EQ(
      search
          ->find(two_sectors({0x1f, 'a', 1, 0, 255, 225, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), 1024)
          .value(),
      1U);
  // The last token with half a match, an offset of 0, and one that reaches before the chunk.
  EXPECT_FALSE(search->find(two_sectors({0x1f, 'a', 1, 0, 255, 232, 0x51, 1, 2, 3, 4, 5}), 1024));
  EXPECT_FALSE(search->find(two_sectors({0x1f, 'a', 0, 0, 255, 232, 0x50, 1, 2, 3, 4, 5}), 1024));
  EXPECT_FALSE(search->find(two_sectors({0x1f, 'a', 2, 0, 255, 232, 0x50, 1, 2, 3, 4, 5}), 1024));
  // A match that begins 11 bytes before the end, after one of 501 - 11: only 12 are allowed.
  EXPECT_EQ(
      search
          ->find(two_sectors({0x1f, 'a', 1, 0, 255, 224, 0x10, 'c', 1, 0, 0x80, 1, 2, 3, 4, 5, 6, 7, 8}),
                 1024)
          .value(),
      1U);
  EXPECT_FALSE(search->find(
      two_sectors({0x1f, 'a', 1, 0, 255, 225, 0x10, 'c', 1, 0, 0x70, 1, 2, 3, 4, 5, 6, 7}), 1024));
}

// A disk may carry anything. What looks like ends everywhere must not take the search more than its bounds.
TEST(Lz4Blocks, ThatEndEverywhereAreGivenUp) {
  Source source(8);
  Bytes sectors;
  for (std::size_t made = 0; made < Lz4BlockSearch::kMaxChunk; made += kSector) {
    for (int byte : {0xf0, 255, 242}) sectors.push_back(static_cast<std::byte>(byte));
    for (std::size_t i = 0; i < kSector; ++i)
      sectors.push_back(static_cast<std::byte>(source.below(2) * 0x10));
  }
  sectors.resize(Lz4BlockSearch::kMaxChunk);
  EXPECT_EQ(decompressed(sectors, Lz4BlockSearch::kMaxChunk).error().code, Errc::corrupt);
}

TEST(Lz4Blocks, OfZeroesAreNone) {
  const Bytes zeroes(Lz4BlockSearch::kMaxChunk);
  for (std::size_t size : {kSector, kChunk, std::size_t{Lz4BlockSearch::kMaxChunk}}) {
    EXPECT_EQ(decompressed(zeroes, size).error().code, Errc::corrupt);
  }
}

TEST(Lz4Blocks, BeyondTheSizesOfTheSearchAreNone) {
  auto search = std::make_unique<Lz4BlockSearch>();
  const Bytes big(Lz4BlockSearch::kMaxChunk + 1);
  const std::span<const std::byte> all(big);
  EXPECT_EQ(search->find(all, kChunk).error().code, Errc::corrupt);
  EXPECT_EQ(search->find(all.first(100), Lz4BlockSearch::kMaxChunk + kSector).error().code, Errc::corrupt);
  EXPECT_EQ(search->find(all.first(100), kChunk + 1).error().code, Errc::corrupt);
  EXPECT_EQ(search->find(all.first(100), 0).error().code, Errc::corrupt);
}

// Damage of blocks is answered with an error or with a chunk, never with a step outside.
RC_GTEST_PROP(Lz4Blocks, SurviveBytesThatChanged, ()) {
  Source source(*rc::gen::arbitrary<uint64_t>());
  const Like like = *rc::gen::elementOf(std::vector<Like>(std::begin(kLikes), std::end(kLikes)));
  const Sizes sizes = source.sizes(*rc::gen::inRange<uint32_t>(2, 33));
  Bytes from = in_blocks(source.pieces(like, sizes), sizes, Buffers::apart);
  for (int i = 0; i < 8; ++i) {
    from[source.below(static_cast<uint32_t>(from.size()))] = static_cast<std::byte>(source.below(256));
    const auto done = decompressed(from, kChunk);
    RC_ASSERT(done || done.error().code == Errc::corrupt);
  }
}

}  // namespace
}  // namespace holdfast
