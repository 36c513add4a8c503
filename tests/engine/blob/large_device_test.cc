// SPDX-License-Identifier: BSD-3-Clause
// A device of more blocks, and of more pages, than 32 bits count.
#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <map>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint32_t kBlock = 512;
constexpr uint32_t kLargeCluster = 1 << 30;
constexpr uint64_t kClusters = 20 << 10;  // 20 TiB

// Keeps the blocks that are not zero.
class SparseDevice final : public BlockDevice {
 public:
  SparseDevice() {
    geometry_.block_size = kBlock;
    geometry_.block_count = kClusters * (kLargeCluster / kBlock);
  }
  const DeviceGeometry& geometry() const noexcept override { return geometry_; }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override {
    return std::unique_ptr<BlockChannel>(std::make_unique<SparseChannel>(*this, executor));
  }
  std::size_t blocks_kept() const noexcept { return blocks_.size(); }

 private:
  using Block = std::array<std::byte, kBlock>;
  struct Completion final : Work {
    explicit Completion(IoRequest& ended) noexcept : request(ended) {}
    void run() noexcept override { request.on_complete(request, std::errc{}); }
    IoRequest& request;
  };
  class SparseChannel final : public BlockChannel {
   public:
    SparseChannel(SparseDevice& device, Executor& executor) noexcept : device_(device), executor_(executor) {}
    const DeviceGeometry& geometry() const noexcept override { return device_.geometry_; }
    void submit(IoRequest& request) noexcept override {
      device_.carry_out(request);
      executor_.post(device_.completions_.emplace_back(request));
    }

   private:
    SparseDevice& device_;
    Executor& executor_;
  };

  void carry_out(const IoRequest& request) {
    if (request.kind == IoKind::write_zeroes) {
      const auto first = blocks_.lower_bound(request.block);
      blocks_.erase(first, blocks_.lower_bound(request.block + request.block_count));
    }
    if (request.kind != IoKind::read && request.kind != IoKind::write) return;
    uint64_t block = request.block;
    for (const iovec& buffer : request.buffers) {
      for (std::size_t at = 0; at < buffer.iov_len; at += kBlock) {
        std::byte* bytes = static_cast<std::byte*>(buffer.iov_base) + at;
        transfer(request.kind, block++, bytes);
      }
    }
  }
  void transfer(IoKind kind, uint64_t block, std::byte* bytes) {
    const auto kept = blocks_.find(block);
    if (kind == IoKind::write) {
      std::memcpy(blocks_[block].data(), bytes, kBlock);
    } else if (kept != blocks_.end()) {
      std::memcpy(bytes, kept->second.data(), kBlock);
    } else {
      std::memset(bytes, 0, kBlock);
    }
  }

  DeviceGeometry geometry_;
  std::map<uint64_t, Block> blocks_;
  std::list<Completion> completions_;
};

struct LargeStore : ::testing::Test {
  LargeStore() {
    FormatOptions options;
    options.cluster_size = kLargeCluster;
    EXPECT_TRUE(run(Blobstore::format(device, home, options)));
    open();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    EXPECT_TRUE(scheduler.run_until([&task] { return task.done(); }));
    return task.take_result();
  }
  void open() {
    store.reset();
    store = run(Blobstore::open(device, home, {})).value();
  }
  Result<> transfer(BlobIoKind kind, Blob& blob, uint64_t offset, AlignedBuffer& page) {
    const iovec whole{.iov_base = page.bytes().data(), .iov_len = kTestPage};
    BlobIo io;
    io.kind = kind;
    io.blob = &blob;
    io.offset = offset;
    io.length = kTestPage;
    io.buffers = {&whole, 1};
    const auto channel = Channel::open(*store, home).value();
    return run(channel->perform(io));
  }
  void write(Blob& blob, uint64_t offset, uint8_t value) {
    AlignedBuffer page(kTestPage);
    std::ranges::fill(page.bytes(), std::byte{value});
    EXPECT_TRUE(transfer(BlobIoKind::write, blob, offset, page));
  }
  // The byte that fills the page at this place.
  std::optional<std::byte> read(Blob& blob, uint64_t offset) {
    AlignedBuffer page(kTestPage);
    if (!transfer(BlobIoKind::read, blob, offset, page)) return std::nullopt;
    const std::byte first = page.bytes()[0];
    const bool same = std::ranges::all_of(page.bytes(), [first](std::byte byte) { return byte == first; });
    return same ? std::optional(first) : std::nullopt;
  }

  simdisk::SeededChoices choices{1};
  simdisk::Scheduler scheduler{choices};
  Executor& home = scheduler.add_executor();
  SparseDevice device;
  std::unique_ptr<Blobstore> store;
};

// At multiples of 2 TiB a number of blocks begins anew in 32 bits, at those of 16 TiB one of pages.
TEST_F(LargeStore, KeepsItsDataApartInEveryPart) {
  BlobOptions options;
  options.clusters = store->info().free_clusters;
  ASSERT_GT(options.clusters, kClusters - 16);
  const BlobId id = run(store->create_blob(options)).value();
  for (const bool again : {false, true}) {
    if (again) open();
    const BlobHandle blob = store->open_blob(id).value();
    for (uint8_t i = 0; i < 10 && !again; ++i) write(*blob, uint64_t{i} << 41, 1 + i);
    if (!again) write(*blob, blob->size() - kTestPage, 99);
    for (uint8_t i = 0; i < 10; ++i) EXPECT_EQ(read(*blob, uint64_t{i} << 41), std::byte(1 + i)) << int{i};
    EXPECT_EQ(read(*blob, blob->size() - kTestPage), std::byte{99});
  }
}

TEST_F(LargeStore, GivesOutClustersThatAreClearedToTheirEnd) {
  BlobOptions options;
  options.clusters = store->info().free_clusters;
  const BlobId former = run(store->create_blob(options)).value();
  const std::size_t kept = device.blocks_kept();
  {
    const BlobHandle blob = store->open_blob(former).value();
    for (uint64_t i = 0; i < 10; ++i) write(*blob, (i << 41) + kLargeCluster, 7);
    write(*blob, blob->size() - kTestPage, 7);
  }
  ASSERT_GT(device.blocks_kept(), kept);
  ASSERT_TRUE(run(store->delete_blob(former)));
  ASSERT_TRUE(run(store->create_blob(options)));
  EXPECT_EQ(device.blocks_kept(), kept);
}

}  // namespace
}  // namespace holdfast
