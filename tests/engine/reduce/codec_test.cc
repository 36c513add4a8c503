// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/codec.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {
namespace {

using Bytes = std::vector<std::byte>;
constexpr CodecKind kKinds[] = {CodecKind::deflate, CodecKind::lz4};

// Bytes that end where memory ends: one step beyond them stops the test. The libraries are partly
// assembler, where a sanitizer sees nothing.
class AtTheEdge {
 public:
  explicit AtTheEdge(std::size_t size) : size_(size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    usable_ = (size + page - 1) / page * page;
    mapping_ = mmap(nullptr, usable_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mapped_ = usable_ + page;
    if (mapping_ == MAP_FAILED) std::abort();
    mprotect(begin_of_mapping() + usable_, page, PROT_NONE);
  }
  explicit AtTheEdge(std::span<const std::byte> bytes) : AtTheEdge(bytes.size()) {
    std::ranges::copy(bytes, span().begin());
  }
  AtTheEdge(const AtTheEdge&) = delete;
  AtTheEdge& operator=(const AtTheEdge&) = delete;
  ~AtTheEdge() { munmap(mapping_, mapped_); }

  std::span<std::byte> span() { return {begin_of_mapping() + (usable_ - size_), size_}; }

 private:
  std::byte* begin_of_mapping() { return static_cast<std::byte*>(mapping_); }

  void* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  std::size_t usable_ = 0;
  std::size_t size_ = 0;
};

std::unique_ptr<Codec> codec_of(CodecKind kind) {
  return std::move(make_codec(static_cast<uint32_t>(kind), 1, nullptr).value());
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Repetitions and noise in a mix that compresses more or less.
rc::Gen<Bytes> chunks() {
  return rc::gen::exec([] {
    Bytes chunk;
    const auto pieces = *rc::gen::inRange(1, 40);
    for (int i = 0; i < pieces; ++i) {
      const Bytes piece = *rc::gen::nonEmpty(rc::gen::container<Bytes>(
          rc::gen::map(rc::gen::arbitrary<uint8_t>(), [](uint8_t value) { return std::byte{value}; })));
      const auto times = *rc::gen::inRange(1, 60);
      for (int repeat = 0; repeat < times; ++repeat) chunk.insert(chunk.end(), piece.begin(), piece.end());
    }
    return chunk;
  });
}

Bytes compressed(Codec& codec, const Bytes& chunk) {
  Bytes into(chunk.size() * 2 + 1024);
  into.resize(codec.compress(chunk, into).value().value());
  return into;
}

RC_GTEST_PROP(Codec, GivesBackWhatItCompressed, ()) {
  const Bytes chunk = *chunks();
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    AtTheEdge from(compressed(*codec, chunk));
    AtTheEdge into(chunk.size());
    RC_ASSERT(codec->decompress(from.span(), into.span()).has_value());
    RC_ASSERT(std::ranges::equal(into.span(), chunk));
  }
}

// What does not fit must be answered, whatever the size of the room, and must not be written next to it.
RC_GTEST_PROP(Codec, SaysWhenTheRoomIsTooSmall, ()) {
  const Bytes chunk = *chunks();
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    const std::size_t needed = compressed(*codec, chunk).size();
    AtTheEdge room(*rc::gen::inRange<std::size_t>(1, needed + 1));
    AtTheEdge from(chunk);
    const auto written = codec->compress(from.span(), room.span()).value();
    if (!written) continue;
    Bytes back(chunk.size());
    RC_ASSERT(*written <= room.span().size());
    RC_ASSERT(codec->decompress(room.span().first(*written), back).has_value());
    RC_ASSERT(back == chunk);
  }
}

// Bytes of a disk may be anything: the answer is an error, or a
// chunk of the right size, never a step outside.
RC_GTEST_PROP(Codec, SurvivesBytesThatNobodyCompressed, ()) {
  const Bytes bytes = *rc::gen::nonEmpty(chunks());
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    AtTheEdge from(bytes);
    AtTheEdge into(*rc::gen::inRange<std::size_t>(1, 65536));
    const auto done = codec->decompress(from.span(), into.span());
    RC_ASSERT(done || done.error().code == Errc::corrupt);
  }
}

RC_GTEST_PROP(Codec, SurvivesAByteThatChanged, ()) {
  const Bytes chunk = *chunks();
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    Bytes damaged = compressed(*codec, chunk);
    const auto where = *rc::gen::inRange<std::size_t>(0, damaged.size());
    damaged[where] ^= std::byte{*rc::gen::inRange<uint8_t>(1, 255)};
    AtTheEdge from(damaged);
    AtTheEdge into(chunk.size());
    const auto done = codec->decompress(from.span(), into.span());
    RC_ASSERT(done || done.error().code == Errc::corrupt);
  }
}

TEST(Codec, TakesAllOfTheInputAndFillsAllOfTheOutput) {
  const Bytes chunk = bytes_of("a chunk, a chunk, a chunk, a chunk, a chunk, a chunk, a chunk, a chunk");
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    Bytes from = compressed(*codec, chunk);
    Bytes shorter(chunk.size() - 1);
    Bytes longer(chunk.size() + 1);
    Bytes exact(chunk.size());
    EXPECT_EQ(codec->decompress(from, shorter).error().code, Errc::corrupt);
    EXPECT_EQ(codec->decompress(from, longer).error().code, Errc::corrupt);
    EXPECT_EQ(codec->decompress(std::span(from).first(from.size() - 1), exact).error().code, Errc::corrupt);
    from.push_back(std::byte{0});
    EXPECT_EQ(codec->decompress(from, exact).error().code, Errc::corrupt);
  }
}

TEST(Codec, LeavesNoiseToBeStoredAsItIs) {
  Bytes noise(16384);
  uint64_t state = 1;
  for (std::byte& byte : noise) {
    state = state * 6364136223846793005U + 1;
    byte = std::byte{static_cast<uint8_t>(state >> 56)};
  }
  for (CodecKind kind : kKinds) {
    Bytes room(noise.size() - 4096);
    EXPECT_EQ(codec_of(kind)->compress(noise, room).value(), std::nullopt);
  }
}

// A codec is used for chunk after chunk: what a failed call left in its memory must not reach the next one.
TEST(Codec, IsNotUpsetByAFailureBefore) {
  const Bytes chunk(16384, std::byte{7});
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    const Bytes expected = compressed(*codec, chunk);
    Bytes room(1);
    Bytes back(chunk.size());
    EXPECT_EQ(codec->compress(chunk, room).value(), std::nullopt);
    EXPECT_FALSE(codec->decompress(bytes_of("\xff\xff\xff\xff"), back));
    EXPECT_EQ(compressed(*codec, chunk), expected);
    ASSERT_TRUE(codec->decompress(expected, back));
    EXPECT_EQ(back, chunk);
  }
}

TEST(Codec, RefusesSpansThatItCannotTake) {
  Bytes one(1);
  Bytes too_many(Codec::kMaxBytes + 1);
  for (CodecKind kind : kKinds) {
    const auto codec = codec_of(kind);
    EXPECT_EQ(codec->compress({}, one).error().code, Errc::invalid_argument);
    EXPECT_EQ(codec->compress(one, {}).error().code, Errc::invalid_argument);
    EXPECT_EQ(codec->compress(too_many, one).error().code, Errc::invalid_argument);
    EXPECT_EQ(codec->decompress({}, one).error().code, Errc::invalid_argument);
    EXPECT_EQ(codec->decompress(one, too_many).error().code, Errc::invalid_argument);
  }
}

TEST(Codec, KindThatNobodyKnowsIsUnsupported) {
  EXPECT_EQ(make_codec(9, 1, nullptr).error().code, Errc::unsupported);
}

// Written by hand from the two standards: a disk from elsewhere is read, not only our own.
TEST(Codec, ReadsStreamsThatOthersWrote) {
  using namespace std::string_view_literals;
  const Bytes stored_deflate = bytes_of("\x01\x03\x00\xfc\xff\x61\x62\x63"sv);
  const Bytes literals_lz4 = bytes_of("0abc"sv);
  const Bytes run_lz4 = bytes_of("\x1a\x61\x01\x00Pbcdef"sv);
  Bytes three(3);
  EXPECT_TRUE(codec_of(CodecKind::deflate)->decompress(stored_deflate, three));
  EXPECT_EQ(three, bytes_of("abc"));
  EXPECT_TRUE(codec_of(CodecKind::lz4)->decompress(literals_lz4, three));
  EXPECT_EQ(three, bytes_of("abc"));
  Bytes twenty(20);
  EXPECT_TRUE(codec_of(CodecKind::lz4)->decompress(run_lz4, twenty));
  EXPECT_EQ(twenty, bytes_of("aaaaaaaaaaaaaaabcdef"));
}

}  // namespace
}  // namespace holdfast
