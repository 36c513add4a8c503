// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <bit>

#include "devices/contract.hh"

namespace holdfast::contract {
namespace {

constexpr std::errc kSuccess{};

TEST_P(HostContract, GeometryMakesSense) {
  const DeviceGeometry& device = geometry();
  EXPECT_GE(device.byte_count(), uint64_t{4} << 20);
  EXPECT_TRUE(std::has_single_bit(device.block_size));
  EXPECT_TRUE(std::has_single_bit(device.atomic_write_size));
  EXPECT_TRUE(std::has_single_bit(device.buffer_alignment));
  EXPECT_TRUE(device.discard || !device.discard_reads_zero);
}

TEST_P(HostContract, ReadReturnsWhatWasWritten) {
  Buffer written(2 * block_size(), 0x5a);
  ASSERT_EQ(write(3, written), kSuccess);
  Buffer around(4 * block_size(), 0xff);
  ASSERT_EQ(read(2, around), kSuccess);
  for (size_t i = 0; i < around.span().size(); ++i) {
    const bool inside = i >= block_size() && i < 3 * block_size();
    ASSERT_EQ(around.span()[i], inside ? std::byte{0x5a} : std::byte{0}) << "byte " << i;
  }
}

TEST_P(HostContract, LastBlockIsUsable) {
  Buffer written(block_size(), 0x11);
  ASSERT_EQ(write(geometry().block_count - 1, written), kSuccess);
  Buffer found(block_size());
  ASSERT_EQ(read(geometry().block_count - 1, found), kSuccess);
  EXPECT_TRUE(found.is_filled_with(0x11));
}

TEST_P(HostContract, VectoredBuffersAreOneRange) {
  const size_t block = block_size();
  Buffer memory(4 * block);
  for (size_t i = 0; i < 4; ++i) std::memset(memory.data() + i * block, static_cast<int>(i + 1), block);

  Request request(IoKind::write, 5, 4);
  request.vector = {memory.part(3 * block, block), memory.part(0, 2 * block), memory.part(2 * block, block)};
  ASSERT_EQ(run(std::move(request)), kSuccess);

  Buffer found(4 * block);
  ASSERT_EQ(read(5, found), kSuccess);
  const int expected[] = {4, 1, 2, 3};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(found.data()[i * block], static_cast<std::byte>(expected[i])) << i;

  Buffer scattered(4 * block);
  Request back(IoKind::read, 5, 4);
  back.vector = {scattered.part(3 * block, block), scattered.part(0, 2 * block),
                 scattered.part(2 * block, block)};
  ASSERT_EQ(run(std::move(back)), kSuccess);
  EXPECT_TRUE(std::ranges::equal(scattered.span(), memory.span()));
}

// More buffers than one system call takes, and none of them on a boundary that the next ones share.
TEST_P(HostContract, AnyNumberOfBuffersIsOneRequest) {
  const size_t block = block_size();
  const size_t count = std::min<size_t>(2100, geometry().block_count - 1);
  Buffer memory(8 * block);
  for (size_t i = 0; i < 8; ++i) std::memset(memory.data() + i * block, static_cast<int>(i + 1), block);
  Request request(IoKind::write, 1, count);
  for (size_t i = 0; i < count; ++i) request.vector.push_back(memory.part(i % 8 * block, block));
  ASSERT_EQ(run(std::move(request)), kSuccess);

  Buffer found(count * block);
  ASSERT_EQ(read(1, found), kSuccess);
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(found.data()[i * block], static_cast<std::byte>(i % 8 + 1)) << i;
}

TEST_P(HostContract, NothingCompletesInsideSubmit) {
  Buffer buffer(block_size());
  Request good = Request::transfer(IoKind::read, 0, block_size(), buffer);
  Request bad = Request::transfer(IoKind::read, geometry().block_count, block_size(), buffer);
  Request flush = Request::flush();
  Request discard(IoKind::discard, 0, 1);
  for (Request* request : {&good, &bad, &flush, &discard}) {
    submit(*request);
    EXPECT_FALSE(request->result.has_value());
  }
  for (Request* request : {&good, &bad, &flush, &discard}) wait_for(*request);
  EXPECT_EQ(good.result, kSuccess);
}

// A completion that submits again must find a channel that is ready for it.
struct Chain : Request {
  Chain(BlockChannel& on, Buffer& into, uint32_t block_size)
      : Request(Request::transfer(IoKind::read, 0, block_size, into)), channel(on) {
    on_complete = [](IoRequest& request, std::errc end) noexcept { static_cast<Chain&>(request).next(end); };
  }
  void next(std::errc end) noexcept {
    if (end == kSuccess && ++rounds < 100) {
      inside_submit = true;
      channel.submit(*this);
      inside_submit = false;
    } else {
      result = end;
    }
    nested = nested || inside_submit;
  }
  BlockChannel& channel;
  int rounds = 0;
  bool inside_submit = false;
  bool nested = false;
};

TEST_P(HostContract, CompletionsMaySubmitAgain) {
  Buffer buffer(block_size());
  Chain chain(channel(), buffer, block_size());
  submit(chain);
  wait_for(chain);
  EXPECT_EQ(*chain.result, kSuccess);
  EXPECT_EQ(chain.rounds, 100);
  EXPECT_FALSE(chain.nested);
}

TEST_P(HostContract, CompletionsRunOnTheExecutorOfTheirChannel) {
  struct Where : Request {
    explicit Where(Executor& of_channel) : Request(Request::flush()), executor(of_channel) {
      on_complete = [](IoRequest& request, std::errc end) noexcept {
        auto& self = static_cast<Where&>(request);
        self.was_current = self.executor.is_current();
        self.result = end;
      };
    }
    Executor& executor;
    bool was_current = false;
  };
  for (size_t i = 0; i < 2; ++i) {
    Where flush(host_->executor(i));
    submit(flush, i);
    wait_for(flush);
    EXPECT_TRUE(flush.was_current);
  }
}

TEST_P(HostContract, RangesOutsideTheDeviceAreRefused) {
  constexpr uint64_t kMax = ~uint64_t{0};
  const uint64_t end = geometry().block_count;
  const std::pair<uint64_t, uint64_t> ranges[] = {{end, 1},  {end - 1, 2}, {kMax, 1},   {kMax - 1, 4},
                                                  {0, kMax}, {1, kMax},    {kMax, kMax}};
  Buffer buffer(block_size(), 0x77);
  for (const IoKind kind : {IoKind::read, IoKind::write, IoKind::write_zeroes, IoKind::discard}) {
    for (const auto& [block, count] : ranges) {
      Request request(kind, block, count);
      const bool moves_bytes = kind == IoKind::read || kind == IoKind::write;
      if (moves_bytes) request.vector.assign(std::min<uint64_t>(count, 4), buffer.part(0, block_size()));
      EXPECT_EQ(run(std::move(request)), std::errc::invalid_argument) << block << " + " << count;
    }
  }
}

TEST_P(HostContract, EmptyRequestsAreRefused) {
  for (const IoKind kind : {IoKind::read, IoKind::write, IoKind::write_zeroes, IoKind::discard}) {
    EXPECT_EQ(run(Request(kind, 0, 0)), std::errc::invalid_argument);
  }
}

TEST_P(HostContract, BuffersThatDoNotMatchTheRangeAreRefused) {
  const size_t block = block_size();
  Buffer memory(4 * block);
  const std::vector<std::vector<iovec>> wrong = {
      {},
      {memory.part(0, block)},
      {memory.part(0, 3 * block)},
      {memory.part(0, block), memory.part(block, block), memory.part(2 * block, block)},
      {memory.part(0, block / 2), memory.part(block, block + block / 2)},
      {memory.part(0, 2 * block), memory.part(0, 0)},
  };
  for (const IoKind kind : {IoKind::read, IoKind::write}) {
    for (const std::vector<iovec>& buffers : wrong) {
      Request request(kind, 0, 2);
      request.vector = buffers;
      EXPECT_EQ(run(std::move(request)), std::errc::invalid_argument) << buffers.size() << " buffers";
    }
  }
}

TEST_P(HostContract, MisalignedAddressesAreRefused) {
  if (geometry().buffer_alignment == 1) return;
  Buffer memory(2 * block_size());
  Request request(IoKind::read, 0, 1);
  request.vector = {memory.part(geometry().buffer_alignment / 2, block_size())};
  EXPECT_EQ(run(std::move(request)), std::errc::invalid_argument);
}

TEST_P(HostContract, RefusedRequestsChangeNothing) {
  Buffer buffer(2 * block_size(), 0x77);
  const uint64_t last = geometry().block_count - 1;
  ASSERT_EQ(write(last, buffer), std::errc::invalid_argument);
  Buffer found(block_size(), 0xff);
  ASSERT_EQ(read(last, found), kSuccess);
  EXPECT_TRUE(found.is_filled_with(0));
}

TEST_P(HostContract, FuaIsForWritesOfDevicesThatOfferIt) {
  Buffer written(block_size(), 0x21);
  Request zeroes(IoKind::write_zeroes, 8, 1);
  zeroes.fua = true;
  Request wrong = Request::transfer(IoKind::read, 7, block_size(), written);
  wrong.fua = true;
  const std::errc expected = geometry().fua ? kSuccess : std::errc::invalid_argument;
  EXPECT_EQ(write(7, written, true), expected);
  EXPECT_EQ(run(std::move(zeroes)), expected);
  EXPECT_EQ(run(std::move(wrong)), std::errc::invalid_argument);
}

TEST_P(HostContract, FuaWritesSurviveWithoutAFlush) {
  if (!geometry().fua) return;
  Buffer written(3 * block_size(), 0x42);
  ASSERT_EQ(write(7, written, true), kSuccess);
  Request zeroes(IoKind::write_zeroes, 8, 1);
  zeroes.fua = true;
  ASSERT_EQ(run(std::move(zeroes)), kSuccess);
  reopen();
  Buffer found(block_size());
  for (const auto& [block, fill] : {std::pair{7, 0x42}, {8, 0}, {9, 0x42}}) {
    ASSERT_EQ(read(static_cast<uint64_t>(block), found), kSuccess);
    EXPECT_TRUE(found.is_filled_with(fill)) << "block " << block;
  }
}

TEST_P(HostContract, AFlushCoversCompletedWritesOfAllChannels) {
  Buffer written(block_size(), 0x33);
  ASSERT_EQ(write(10, written, false, 0), kSuccess);
  ASSERT_EQ(write(20, written, false, 1), kSuccess);
  ASSERT_EQ(run(Request(IoKind::write_zeroes, 20, 1), 0), kSuccess);
  ASSERT_EQ(run(Request::flush(), 1), kSuccess);
  reopen();
  Buffer found(block_size());
  ASSERT_EQ(read(10, found), kSuccess);
  EXPECT_TRUE(found.is_filled_with(0x33));
  ASSERT_EQ(read(20, found), kSuccess);
  EXPECT_TRUE(found.is_filled_with(0));
}

TEST_P(HostContract, WriteZeroesReadsZero) {
  const uint64_t count = 300;  // many, and neither its begin nor its end on a round number
  Buffer ones((count + 2) * block_size(), 0xff);
  ASSERT_EQ(write(6, ones), kSuccess);
  ASSERT_EQ(run(Request(IoKind::write_zeroes, 7, count)), kSuccess);
  Buffer found((count + 2) * block_size(), 0xee);
  ASSERT_EQ(read(6, found), kSuccess);
  const size_t block = block_size();
  for (size_t i = 0; i < found.span().size(); i += 256) {
    const bool zeroed = i >= block && i < (count + 1) * block;
    ASSERT_EQ(found.span()[i], zeroed ? std::byte{0} : std::byte{0xff}) << "byte " << i;
  }
}

TEST_P(HostContract, DiscardReadsZeroIfPromisedAndTouchesNothingElse) {
  Buffer ones(4 * block_size(), 0xff);
  ASSERT_EQ(write(16, ones), kSuccess);
  ASSERT_EQ(run(Request(IoKind::discard, 17, 2)), kSuccess);
  Buffer found(block_size());
  for (const uint64_t outside : {uint64_t{16}, uint64_t{19}}) {
    ASSERT_EQ(read(outside, found), kSuccess);
    EXPECT_TRUE(found.is_filled_with(0xff)) << "block " << outside;
  }
  if (!geometry().discard_reads_zero) return;
  for (const uint64_t inside : {uint64_t{17}, uint64_t{18}}) {
    ASSERT_EQ(read(inside, found), kSuccess);
    EXPECT_TRUE(found.is_filled_with(0)) << "block " << inside;
  }
}

TEST_P(HostContract, ADeviceWithoutDiscardKeepsWhatItHas) {
  if (geometry().discard) return;
  Buffer ones(block_size(), 0xff);
  ASSERT_EQ(write(16, ones), kSuccess);
  ASSERT_EQ(run(Request(IoKind::discard, 16, 1)), kSuccess);
  Buffer found(block_size());
  ASSERT_EQ(read(16, found), kSuccess);
  EXPECT_TRUE(found.is_filled_with(0xff));
}

TEST_P(HostContract, ManyMoreInFlightThanTheQueueIsDeepAllComplete) {
  const size_t count = std::min<size_t>(1000, geometry().block_count);
  Buffer memory(count * block_size());
  std::vector<Request> requests;
  for (size_t i = 0; i < count; ++i) {
    std::memset(memory.data() + i * block_size(), static_cast<int>(i % 251 + 1), block_size());
    requests.emplace_back(IoKind::write, i, 1).vector = {memory.part(i * block_size(), block_size())};
  }
  for (size_t i = 0; i < count; ++i) submit(requests[i], i % 2);
  for (Request& request : requests) wait_for(request);
  for (Request& request : requests) EXPECT_EQ(request.result, kSuccess);

  Buffer found(count * block_size());
  ASSERT_EQ(read(0, found), kSuccess);
  EXPECT_TRUE(std::ranges::equal(found.span(), memory.span()));
}

TEST_P(HostContract, ACompletedWriteIsSeenThroughOtherChannels) {
  Buffer written(block_size(), 0x66);
  ASSERT_EQ(write(4, written, false, 0), kSuccess);
  Buffer found(block_size());
  ASSERT_EQ(read(4, found, 1), kSuccess);
  EXPECT_TRUE(found.is_filled_with(0x66));
}

TEST_P(HostContract, OverlappingUserWritesEndAsOneOfThemInEachAtomicUnit) {
  const size_t unit = geometry().atomic_write_size;
  const size_t length = 8 * std::max<size_t>(unit, block_size());
  Buffer first(length, 0xaa);
  Buffer second(length, 0xbb);
  for (int round = 0; round < 20; ++round) {
    Request a = Request::transfer(IoKind::write, 0, block_size(), first);
    Request b = Request::transfer(IoKind::write, 0, block_size(), second);
    submit(a, 0);
    submit(b, 1);
    wait_for(a);
    wait_for(b);
    Buffer found(length);
    ASSERT_EQ(read(0, found), kSuccess);
    for (size_t start = 0; start < length; start += unit) {
      const std::span<std::byte> piece = found.span().subspan(start, unit);
      const bool one_of_them = piece[0] == std::byte{0xaa} || piece[0] == std::byte{0xbb};
      ASSERT_TRUE(one_of_them && std::ranges::count(piece, piece[0]) == static_cast<ptrdiff_t>(unit));
    }
  }
}

}  // namespace
}  // namespace holdfast::contract
