// SPDX-License-Identifier: BSD-3-Clause
#include "buffer_cursor.hh"

#include <gtest/gtest.h>
// after gtest
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace holdfast::nvme {
namespace {

constexpr uint64_t kBlock = 512;

std::byte* address(uint64_t byte) { return reinterpret_cast<std::byte*>(uint64_t{1} << 40) + byte; }

// Buffers that lie behind each other, so that their addresses tell which bytes of the request they hold.
std::vector<iovec> consecutive(const std::vector<uint64_t>& lengths) {
  std::vector<iovec> buffers;
  uint64_t start = 0;
  for (const uint64_t length : lengths) {
    buffers.push_back({address(start), length});
    start += length;
  }
  return buffers;
}

uint64_t size_of(std::span<const iovec> piece) {
  return std::accumulate(piece.begin(), piece.end(), uint64_t{0},
                         [](uint64_t sum, const iovec& buffer) { return sum + buffer.iov_len; });
}

bool continues_at(std::span<const iovec> piece, uint64_t done) {
  for (const iovec& buffer : piece) {
    if (buffer.iov_base != address(done) || buffer.iov_len == 0) return false;
    done += buffer.iov_len;
  }
  return true;
}

TEST(BufferCursor, GivesTheCallersOwnArrayWhileThatFitsOneCall) {
  const std::vector<iovec> buffers = consecutive({kBlock, 2 * kBlock});
  std::array<iovec, 4> room;
  const BufferCursor cursor(buffers);
  EXPECT_EQ(cursor.next_piece(0, kBlock, room).data(), buffers.data());
  EXPECT_EQ(cursor.left(), 3 * kBlock);
}

TEST(BufferCursor, GoesOnInsideABufferAfterAShortCall) {
  const std::vector<iovec> buffers = consecutive({kBlock, 4 * kBlock, kBlock});
  std::array<iovec, 4> room;
  BufferCursor cursor(buffers);
  cursor.advance(2 * kBlock);
  const auto piece = cursor.next_piece(0, kBlock, room);
  ASSERT_EQ(piece.size(), 2u);
  EXPECT_TRUE(continues_at(piece, 2 * kBlock));
  EXPECT_EQ(size_of(piece), 4 * kBlock);
}

TEST(BufferCursor, CutsABufferThatIsLongerThanACallTakes) {
  const std::vector<iovec> buffers = consecutive({3 * BufferCursor::kBytesMax});
  std::array<iovec, 4> room;
  BufferCursor cursor(buffers);
  for (uint64_t third = 0; third < 3; ++third) {
    const auto piece = cursor.next_piece(0, 4096, room);
    ASSERT_TRUE(continues_at(piece, third * BufferCursor::kBytesMax));
    ASSERT_EQ(size_of(piece), BufferCursor::kBytesMax);
    cursor.advance(size_of(piece));
  }
  EXPECT_EQ(cursor.left(), 0u);
}

RC_GTEST_PROP(BufferCursor, PiecesCoverTheBuffersOnceAndEndBetweenUnits, ()) {
  const auto blocks = *rc::gen::container<std::vector<uint64_t>>(2000, rc::gen::inRange<uint64_t>(1, 5));
  const uint64_t start = *rc::gen::inRange<uint64_t>(0, 64) * kBlock;
  const uint64_t unit =
      kBlock << *rc::gen::inRange(0, 4);  // at most 4096: room for eight blocks always reaches its end
  std::vector<uint64_t> lengths;
  for (const uint64_t count : blocks) lengths.push_back(count * kBlock);
  const std::vector<iovec> buffers = consecutive(lengths);

  std::array<iovec, 8> room;
  BufferCursor cursor(buffers);
  while (cursor.left() > 0) {
    const auto piece = cursor.next_piece(start, unit, room);
    RC_ASSERT(!piece.empty());
    RC_ASSERT(continues_at(piece, cursor.done()));
    RC_ASSERT(size_of(piece) <= cursor.left());
    RC_ASSERT(size_of(piece) == cursor.left() || (start + cursor.done() + size_of(piece)) % unit == 0);
    // The kernel may take less than it was given.
    const bool stops_short = *rc::gen::inRange(0, 16) == 0;
    cursor.advance(stops_short ? std::max(kBlock, size_of(piece) / 2 / kBlock * kBlock) : size_of(piece));
  }
  RC_ASSERT(cursor.done() == size_of(buffers));
}

}  // namespace
}  // namespace holdfast::nvme
