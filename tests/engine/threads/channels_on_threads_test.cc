// SPDX-License-Identifier: BSD-3-Clause
// Data on channels of real threads, while the home thread changes
// metadata: what the thread sanitizer watches.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "holdfast/aligned_buffer.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast {
namespace {

constexpr uint32_t kBlock = 4096;
constexpr int kThreads = 3;
constexpr uint64_t kBlocksPerThread = 96;

iovec whole(AlignedBuffer& buffer) { return {buffer.bytes().data(), buffer.bytes().size()}; }

void aim(BlobIo& io, BlobIoKind kind, Blob& blob, uint64_t block, const iovec& buffer) {
  io.kind = kind;
  io.blob = &blob;
  io.offset = block * kBlock;
  io.length = kBlock;
  io.buffers = {&buffer, 1};
}

// Writes this thread's share of the blob block by block, flushes,
// reads everything back. Counts what is wrong.
Task<> write_and_verify(Channel& channel, Blob& blob, int thread, std::atomic<int>& wrong) {
  AlignedBuffer buffer(kBlock);
  const iovec memory = whole(buffer);
  const uint64_t first = static_cast<uint64_t>(thread) * kBlocksPerThread;
  for (uint64_t i = 0; i < kBlocksPerThread; ++i) {
    std::memset(memory.iov_base, static_cast<int>(thread * 64 + static_cast<int>(i % 64)), kBlock);
    BlobIo write;
    aim(write, BlobIoKind::write, blob, first + i, memory);
    HF_CO_CHECK(co_await channel.perform(write));
  }
  BlobIo flush;
  flush.kind = BlobIoKind::flush;
  HF_CO_CHECK(co_await channel.perform(flush));
  for (uint64_t i = 0; i < kBlocksPerThread; ++i) {
    BlobIo read;
    aim(read, BlobIoKind::read, blob, first + i, memory);
    HF_CO_CHECK(co_await channel.perform(read));
    const auto expected = static_cast<std::byte>(thread * 64 + static_cast<int>(i % 64));
    for (const std::byte byte : buffer.bytes()) wrong += byte != expected ? 1 : 0;
  }
  co_return {};
}

Task<> change_metadata(Blobstore& store, Blob& blob) {
  for (int i = 0; i < 20; ++i) {
    HF_CO_TRY(BlobId id, co_await store.create_blob({}));
    const std::string name = "x" + std::to_string(i);
    HF_CO_CHECK(blob.set_xattr(name, std::as_bytes(std::span(name))));
    HF_CO_CHECK(co_await blob.sync());
    HF_CO_CHECK(co_await store.delete_blob(id));
    HF_CO_CHECK(co_await blob.resize(blob.clusters() + 1));
  }
  co_return {};
}

TEST(ChannelsOnThreads, ReadWhatTheyWroteWhileTheHomeThreadCommits) {
  const std::string path = "channels_on_threads.img";
  std::filesystem::remove(path);
  const auto home = nvme::Loop::open().value();
  nvme::DeviceOptions creating;
  creating.create_bytes = uint64_t{64} << 20;
  const auto device = nvme::FileDevice::open(path, creating).value();
  FormatOptions format;
  format.cluster_size = 64 << 10;
  ASSERT_TRUE(home->run(Blobstore::format(*device, *home, format)));
  const auto store = home->run(Blobstore::open(*device, *home, {})).value();
  BlobOptions options;
  options.clusters = kThreads * kBlocksPerThread * kBlock / format.cluster_size + 1;
  const BlobId id = home->run(store->create_blob(options)).value();
  BlobHandle blob = store->open_blob(id).value();

  std::atomic<int> wrong = 0;
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const auto loop = nvme::Loop::open().value();
        const auto channel = Channel::open(*store, *loop).value();
        failed += loop->run(write_and_verify(*channel, *blob, thread, wrong)) ? 0 : 1;
      });
    }
    EXPECT_TRUE(home->run(change_metadata(*store, *blob)));
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(wrong, 0);
  blob = BlobHandle();
  EXPECT_TRUE(home->run(store->close()));
  std::filesystem::remove(path);
}

constexpr uint32_t kCluster = 16 << 10;
constexpr uint64_t kBlocksPerCluster = kCluster / kBlock;
constexpr uint64_t kThinClusters = 48;

// A thread with a loop and a channel. It says when its work is done, and stays until it is dismissed: a
// resize may still ask its channel.
struct Helper {
  struct Dismissal final : Work {
    void run() noexcept override { arrived.set(true); }
    Arrival<bool> arrived;
  };
  struct Report final : Work {
    void run() noexcept override { arrived = true; }
    bool arrived = false;
  };
  std::promise<Executor*> executor;
  Dismissal dismissal;
  Report report;
  std::jthread thread;
};

// Every thread writes its own block of every cluster: all of them need each cluster at about the same time.
Task<> write_own_blocks(Channel& channel, Blob& thin, Blob& resized, int thread, std::atomic<int>& wrong) {
  AlignedBuffer buffer(kBlock);
  const iovec memory = whole(buffer);
  for (uint64_t cluster = 0; cluster < kThinClusters; ++cluster) {
    std::memset(memory.iov_base, thread + 1, kBlock);
    BlobIo write;
    aim(write, BlobIoKind::write, thin, cluster * kBlocksPerCluster + static_cast<uint64_t>(thread), memory);
    HF_CO_CHECK(co_await channel.perform(write));
    BlobIo beside;
    aim(beside, BlobIoKind::write, resized, cluster * kBlocksPerCluster, memory);
    const Result<> written = co_await channel.perform(beside);
    wrong += written || written.error().code == Errc::out_of_range ? 0 : 1;
  }
  for (uint64_t block = 0; block < kThinClusters * kBlocksPerCluster; ++block) {
    const auto writer = static_cast<int>(block % kBlocksPerCluster);
    if (writer != thread) continue;
    BlobIo read;
    aim(read, BlobIoKind::read, thin, block, memory);
    HF_CO_CHECK(co_await channel.perform(read));
    for (const std::byte byte : buffer.bytes()) wrong += byte != static_cast<std::byte>(writer + 1) ? 1 : 0;
  }
  co_return {};
}

Task<> help(Blobstore& store, Executor& executor, Executor& home, Blob& thin, Blob& resized, Helper& self,
            int thread, std::atomic<int>& wrong) {
  HF_CO_TRY(std::unique_ptr<Channel> channel, Channel::open(store, executor));
  const Result<> done = co_await write_own_blocks(*channel, thin, resized, thread, wrong);
  home.post(self.report);
  [[maybe_unused]] const bool dismissed = co_await self.dismissal.arrived;
  co_return done;
}

Task<> resize_again_and_again(Blob& blob) {
  for (int i = 0; i < 25; ++i) {
    HF_CO_CHECK(co_await blob.resize(2));
    HF_CO_CHECK(co_await blob.resize(kThinClusters));
  }
  co_return {};
}

TEST(ChannelsOnThreads, ShareTheClustersOfAThinBlobWhileAnotherBlobIsResized) {
  const std::string path = "thin_on_threads.img";
  std::filesystem::remove(path);
  const auto home = nvme::Loop::open().value();
  nvme::DeviceOptions creating;
  creating.create_bytes = uint64_t{8} << 20;
  const auto device = nvme::FileDevice::open(path, creating).value();
  FormatOptions format;
  format.cluster_size = kCluster;
  ASSERT_TRUE(home->run(Blobstore::format(*device, *home, format)));
  const auto store = home->run(Blobstore::open(*device, *home, {})).value();
  BlobOptions options;
  options.clusters = kThinClusters;
  options.thin = true;
  BlobHandle thin = store->open_blob(home->run(store->create_blob(options)).value()).value();
  BlobHandle resized = store->open_blob(home->run(store->create_blob(options)).value()).value();

  std::atomic<int> wrong = 0;
  std::atomic<int> failed = 0;
  std::array<Helper, kThreads> helpers;
  std::vector<Executor*> executors;
  for (int i = 0; i < kThreads; ++i) {
    Helper& helper = helpers[static_cast<std::size_t>(i)];
    helper.thread = std::jthread([&, i] {
      const auto loop = nvme::Loop::open().value();
      helper.executor.set_value(loop.get());
      failed += loop->run(help(*store, *loop, *home, *thin, *resized, helper, i, wrong)) ? 0 : 1;
    });
    executors.push_back(helper.executor.get_future().get());
  }
  EXPECT_TRUE(home->run(resize_again_and_again(*resized)));
  home->run_until([&helpers] {
    return std::ranges::all_of(helpers, [](const Helper& each) { return each.report.arrived; });
  });
  for (std::size_t i = 0; i < helpers.size(); ++i) executors[i]->post(helpers[i].dismissal);
  for (Helper& helper : helpers) helper.thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(thin->allocated_clusters(), kThinClusters);
  thin = BlobHandle();
  resized = BlobHandle();
  EXPECT_TRUE(home->run(store->close()));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace holdfast
