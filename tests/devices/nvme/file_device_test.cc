// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "devices/contract.hh"
#include "devices/nvme/scratch.hh"
#include "file_channel.hh"
#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::nvme {
namespace {

using contract::Buffer;
using contract::Request;

constexpr uint32_t kBlock = 4096;
constexpr uint64_t kBlocks = 256;
constexpr std::errc kSuccess{};

std::errc run(Loop& loop, BlockChannel& channel, Request request) {
  request.buffers = request.vector;
  channel.submit(request);
  loop.run_until([&] { return request.result.has_value(); });
  return *request.result;
}

class FileDeviceTest : public testing::Test {
 protected:
  std::string path() const { return scratch_.path("device"); }
  std::unique_ptr<FileDevice> create() {
    return FileDevice::open(path(), {.create_bytes = kBlocks * kBlock}).value();
  }

  const Scratch scratch_;
  const std::unique_ptr<Loop> loop_ = Loop::open().value();
};

TEST_F(FileDeviceTest, CreationIsExclusiveAndGivesZeroes) {
  create().reset();
  EXPECT_EQ(std::filesystem::file_size(path()), kBlocks * kBlock);
  const auto again = FileDevice::open(path(), {.create_bytes = kBlock});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::already_exists);
  EXPECT_EQ(std::filesystem::file_size(path()), kBlocks * kBlock);
}

TEST_F(FileDeviceTest, ASizeThatNoFileHasIsRefusedAndLeavesNothing) {
  const auto device = FileDevice::open(path(), {.create_bytes = ~uint64_t{0}});
  ASSERT_FALSE(device);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(FileDeviceTest, ASecondWriterIsKeptOutAndAReaderIsNot) {
  auto device = create();
  EXPECT_EQ(FileDevice::open(path()).error().code, Errc::busy);
  EXPECT_TRUE(FileDevice::open(path(), {.read_only = true}));
  device.reset();
  EXPECT_TRUE(FileDevice::open(path()));
}

TEST_F(FileDeviceTest, AReadOnlyDeviceReadsAndRefusesTheRest) {
  create().reset();
  const auto device = FileDevice::open(path(), {.read_only = true}).value();
  const auto channel = device->open_channel(*loop_).value();
  Buffer buffer(kBlock);
  EXPECT_EQ(run(*loop_, *channel, Request::transfer(IoKind::read, 0, kBlock, buffer)), kSuccess);
  EXPECT_EQ(run(*loop_, *channel, Request::transfer(IoKind::write, 0, kBlock, buffer)),
            std::errc::read_only_file_system);
  EXPECT_EQ(run(*loop_, *channel, Request(IoKind::write_zeroes, 0, 1)), std::errc::read_only_file_system);
  EXPECT_EQ(run(*loop_, *channel, Request(IoKind::discard, 0, 1)), std::errc::read_only_file_system);
}

TEST_F(FileDeviceTest, AChannelNeedsALoop) {
  struct OtherExecutor final : Executor {
    void post(Work&) noexcept override {}
    bool is_current() const noexcept override { return true; }
  } other;
  const auto device = create();
  EXPECT_EQ(device->open_channel(other).error().code, Errc::invalid_argument);
}

// The kernel answers the first read with the half that is there: the rest is asked for, and is not there.
TEST_F(FileDeviceTest, AReadBehindTheEndOfAShortenedFileFails) {
  const auto device = create();
  const auto channel = device->open_channel(*loop_).value();
  std::filesystem::resize_file(path(), 10 * kBlock);
  Buffer buffer(4 * kBlock, 0xff);
  EXPECT_EQ(run(*loop_, *channel, Request::transfer(IoKind::read, 8, kBlock, buffer)), std::errc::io_error);
  EXPECT_EQ(run(*loop_, *channel, Request::transfer(IoKind::read, 20, kBlock, buffer)), std::errc::io_error);
  EXPECT_EQ(run(*loop_, *channel, Request::transfer(IoKind::read, 6, kBlock, buffer)), kSuccess);
}

// More than one system call takes: 1.25 GiB, most of it a hole.
TEST_F(FileDeviceTest, ATransferOfAnyLengthIsOneRequest) {
  const Scratch memory("/dev/shm");
  constexpr uint64_t kLong = uint64_t{5} << 28;
  constexpr uint64_t kPart = uint64_t{1} << 26;
  const auto device = FileDevice::open(memory.path("device"), {.create_bytes = kLong + kBlock}).value();
  const auto channel = device->open_channel(*loop_).value();
  Buffer mark(kBlock, 0x5a);
  ASSERT_EQ(run(*loop_, *channel, Request::transfer(IoKind::write, kLong / kBlock, kBlock, mark)), kSuccess);

  Buffer part(kPart, 0xff);
  Buffer last(kBlock);
  Request request(IoKind::read, 0, kLong / kBlock + 1);
  for (uint64_t done = 0; done < kLong; done += kPart) request.vector.push_back(part.part(0, kPart));
  request.vector.push_back(last.part(0, kBlock));
  EXPECT_EQ(run(*loop_, *channel, std::move(request)), kSuccess);
  EXPECT_TRUE(last.is_filled_with(0x5a));
  EXPECT_TRUE(part.is_filled_with(0));
}

TEST_F(FileDeviceTest, TwoThreadsEachUseTheirOwnChannel) {
  const auto device = create();
  const auto use = [&](uint64_t first_block, int fill) {
    const auto loop = Loop::open({.queue_depth = 4}).value();
    const auto channel = device->open_channel(*loop).value();
    Buffer written(kBlock, fill);
    Buffer found(kBlock);
    for (uint64_t block = first_block; block < first_block + 100; ++block) {
      ASSERT_EQ(run(*loop, *channel, Request::transfer(IoKind::write, block, kBlock, written)), kSuccess);
      ASSERT_EQ(run(*loop, *channel, Request::flush()), kSuccess);
      ASSERT_EQ(run(*loop, *channel, Request::transfer(IoKind::read, block, kBlock, found)), kSuccess);
      ASSERT_TRUE(found.is_filled_with(fill));
    }
  };
  std::thread other(use, 0, 1);
  use(100, 2);
  other.join();
}

// Each channel alone could fill the kernel's queue.
TEST_F(FileDeviceTest, ChannelsOfOneLoopShareItsDepth) {
  constexpr uint32_t kDepth = 4;
  const auto device = create();
  const auto loop = Loop::open({.queue_depth = kDepth}).value();
  std::vector<std::unique_ptr<BlockChannel>> channels;
  for (int i = 0; i < 5; ++i) channels.push_back(device->open_channel(*loop).value());

  Buffer buffer(kBlock);
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 40; ++i) requests.push_back(Request::transfer(IoKind::read, i, kBlock, buffer));
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].buffers = requests[i].vector;
    channels[i % channels.size()]->submit(requests[i]);
    EXPECT_LE(loop->ring().in_kernel(), kDepth + 1);  // and the loop's own doorbell
  }
  for (const Request& request : requests) {
    loop->run_until([&] { return request.result.has_value(); });
    EXPECT_EQ(request.result, kSuccess);
  }
}

// The channel over a state of our own, for what no filesystem at hand does.
class FileChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC;
    state_.file = FileDescriptor(::open(scratch_.path("file").c_str(), flags, 0600));
    ASSERT_EQ(::ftruncate(state_.file.number(), kBlocks * kBlock), 0);
    state_.geometry = {
        .block_size = kBlock, .atomic_write_size = kBlock, .block_count = kBlocks, .fua = true};
  }

  const Scratch scratch_;
  const std::unique_ptr<Loop> loop_ = Loop::open().value();
  DeviceState state_;
};

TEST_F(FileChannelTest, ZeroesAreWrittenWhereTheFilesystemKnowsNoBetterWay) {
  state_.zero_method = ZeroMethod::write;
  FileChannel channel(state_, *loop_);
  Buffer ones(64 * kBlock, 0xff);
  ASSERT_EQ(run(*loop_, channel, Request::transfer(IoKind::write, 0, kBlock, ones)), kSuccess);
  Request zeroes(IoKind::write_zeroes, 3, 50);
  zeroes.fua = true;
  ASSERT_EQ(run(*loop_, channel, std::move(zeroes)), kSuccess);
  Buffer found(64 * kBlock);
  ASSERT_EQ(run(*loop_, channel, Request::transfer(IoKind::read, 0, kBlock, found)), kSuccess);
  for (uint64_t block = 0; block < 64; ++block) {
    const bool zeroed = block >= 3 && block < 53;
    EXPECT_EQ(found.data()[block * kBlock + 17], zeroed ? std::byte{0} : std::byte{0xff}) << block;
  }
}

// A file of procfs has neither of the two ways to make zeroes, and this one takes whatever is written (it is
// the name of this thread).
TEST_F(FileChannelTest, RefusedWaysToMakeZeroesAreRememberedAndReplaced) {
  state_.file = FileDescriptor(::open("/proc/self/comm", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(state_.file.is_open());
  FileChannel channel(state_, *loop_);
  EXPECT_EQ(run(*loop_, channel, Request(IoKind::write_zeroes, 0, 20)), kSuccess);
  EXPECT_EQ(state_.zero_method, ZeroMethod::write);
}

// The kernel would believe the second flush.
TEST_F(FileChannelTest, AFailedFlushStaysFailedOnEveryChannel) {
  FileDescriptor good = std::exchange(state_.file, FileDescriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  FileChannel first(state_, *loop_);
  FileChannel second(state_, *loop_);
  const std::errc failure = run(*loop_, first, Request::flush());
  ASSERT_NE(failure, kSuccess);
  state_.file = std::move(good);
  EXPECT_EQ(run(*loop_, first, Request::flush()), failure);
  EXPECT_EQ(run(*loop_, second, Request::flush()), failure);
  Buffer buffer(kBlock);
  EXPECT_EQ(run(*loop_, second, Request::transfer(IoKind::read, 0, kBlock, buffer)), kSuccess);
}

}  // namespace
}  // namespace holdfast::nvme
