// SPDX-License-Identifier: BSD-3-Clause
// A blob as a block device, beyond the contract of devices, which tests/devices/contract_blob.cc tries on it.
#include "holdfast/blob_device.hh"

#include <algorithm>
#include <list>
#include <optional>
#include <tuple>
#include <vector>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kBlocksPerCluster = kTestCluster / kTestPage;
constexpr std::errc kSuccess{};

struct Sent final : IoRequest {
  Sent(IoKind request_kind, uint64_t first, uint64_t count, std::span<std::byte> bytes = {})
      : whole{.iov_base = bytes.data(), .iov_len = bytes.size()} {
    kind = request_kind;
    block = first;
    block_count = count;
    if (!bytes.empty()) buffers = {&whole, 1};
    on_complete = [](IoRequest& request, std::errc end) noexcept {
      static_cast<Sent&>(request).status = end;
    };
  }
  Sent(const Sent&) = delete;
  Sent& operator=(const Sent&) = delete;

  iovec whole;
  std::optional<std::errc> status;
};

class BlobDeviceTest : public ::testing::Test {
 protected:
  explicit BlobDeviceTest(const DeviceGeometry& geometry = zeroing_disk()) : host_(geometry) {
    host_.format_and_open();
  }
  ~BlobDeviceTest() override { close(); }

  static DeviceGeometry zeroing_disk() {
    DeviceGeometry geometry = small_disk();
    geometry.discard = true;
    geometry.discard_reads_zero = true;
    return geometry;
  }

  void make(const BlobOptions& options) {
    id_ = host_.create(options).value();
    open();
  }
  void open() {
    blob_ = host_.handle(id_);
    device_.emplace(*host_.store, blob_);
    channel_ = device_->open_channel(host_.home).value();
  }
  void close() {
    channel_.reset();
    device_.reset();
    blob_ = BlobHandle();
  }
  std::errc run(Sent& request) {
    channel_->submit(request);
    EXPECT_FALSE(request.status.has_value());
    EXPECT_TRUE(host_.scheduler.run_until([&] { return request.status.has_value(); }));
    return *request.status;
  }
  std::errc run(IoKind kind, uint64_t first = 0, uint64_t count = 0) {
    Sent request(kind, first, count);
    return run(request);
  }
  std::errc write(uint64_t first, uint64_t count, int fill, bool fua = false) {
    AlignedBuffer buffer(count * device_->geometry().block_size);
    std::ranges::fill(buffer.bytes(), static_cast<std::byte>(fill));
    Sent request(IoKind::write, first, count, buffer.bytes());
    request.fua = fua;
    return run(request);
  }
  // What a block is filled with; nothing if with several bytes, or it cannot be read.
  std::optional<int> fill_of(uint64_t block) {
    AlignedBuffer buffer(device_->geometry().block_size);
    Sent request(IoKind::read, block, 1, buffer.bytes());
    if (run(request) != kSuccess) return std::nullopt;
    const std::byte first = buffer.bytes()[0];
    if (std::ranges::count(buffer.bytes(), first) != std::ssize(buffer.bytes())) return std::nullopt;
    return static_cast<int>(first);
  }

  StoreOnDisk host_;
  BlobId id_;
  BlobHandle blob_;
  std::optional<BlobDevice> device_;
  std::unique_ptr<BlockChannel> channel_;
};

TEST_F(BlobDeviceTest, HasTheBlobsSizeAndTheDevicesPromises) {
  make(thin(5));
  const DeviceGeometry& below = host_.disk.geometry();
  EXPECT_EQ(device_->geometry().byte_count(), blob_->size());
  EXPECT_EQ(device_->geometry().block_size, below.block_size);
  EXPECT_EQ(device_->geometry().atomic_write_size, below.atomic_write_size);
  EXPECT_EQ(device_->geometry().buffer_alignment, below.buffer_alignment);
  EXPECT_EQ(device_->geometry().volatile_cache, below.volatile_cache);
  EXPECT_EQ(device_->geometry().fua, below.fua);
  EXPECT_EQ(device_->geometry().discard, below.discard);
  EXPECT_EQ(device_->geometry().discard_reads_zero, below.discard_reads_zero);
  EXPECT_EQ(&channel_->geometry(), &device_->geometry());
}

TEST_F(BlobDeviceTest, TakesClustersWithTheFirstWrites) {
  make(thin(8));
  EXPECT_EQ(fill_of(9), 0);
  EXPECT_EQ(run(IoKind::write_zeroes, 0, 8 * kBlocksPerCluster), kSuccess);
  EXPECT_EQ(run(IoKind::discard, 0, 8 * kBlocksPerCluster), kSuccess);
  EXPECT_EQ(blob_->allocated_clusters(), 0U);
  ASSERT_EQ(write(kBlocksPerCluster - 1, 2, 0x33), kSuccess);
  EXPECT_EQ(blob_->allocated_clusters(), 2U);
  EXPECT_EQ(fill_of(kBlocksPerCluster - 2), 0);
  EXPECT_EQ(fill_of(kBlocksPerCluster - 1), 0x33);
  EXPECT_EQ(fill_of(kBlocksPerCluster), 0x33);
  EXPECT_EQ(fill_of(kBlocksPerCluster + 1), 0);
}

TEST_F(BlobDeviceTest, DiscardedBlocksReadAsZeroesAndKeepTheirClusters) {
  make(thin(8));
  ASSERT_EQ(write(0, 2 * kBlocksPerCluster, 0x44), kSuccess);
  ASSERT_EQ(run(IoKind::discard, 1, kBlocksPerCluster), kSuccess);
  EXPECT_EQ(fill_of(0), 0x44);
  EXPECT_EQ(fill_of(1), 0);
  EXPECT_EQ(fill_of(kBlocksPerCluster), 0);
  EXPECT_EQ(fill_of(kBlocksPerCluster + 1), 0x44);
  EXPECT_EQ(blob_->allocated_clusters(), 2U);
}

// What a power cut may take is what no flush covered. The contract's tests cut it.
TEST_F(BlobDeviceTest, MakesFirstWritesDurableWithAFlush) {
  make(thin(8));
  ASSERT_EQ(write(0, 1, 0x11), kSuccess);
  ASSERT_EQ(write(3 * kBlocksPerCluster, 1, 0x22), kSuccess);
  EXPECT_FALSE(host_.disk.crash_set().units.empty());
  ASSERT_EQ(run(IoKind::flush), kSuccess);
  EXPECT_TRUE(host_.disk.crash_set().units.empty());
  close();
  ASSERT_TRUE(host_.open());
  open();
  EXPECT_EQ(fill_of(0), 0x11);
  EXPECT_EQ(fill_of(3 * kBlocksPerCluster), 0x22);
  EXPECT_EQ(blob_->allocated_clusters(), 2U);
}

TEST_F(BlobDeviceTest, EndsWithNoSpaceWhenTheStoreIsFull) {
  make(thin(4));
  ASSERT_TRUE(host_.create(of_clusters(kTestClusters - 1)));
  EXPECT_EQ(write(0, 1, 0x11), kSuccess);
  EXPECT_EQ(write(kBlocksPerCluster, 1, 0x22), std::errc::no_space_on_device);
  EXPECT_EQ(write(1, 1, 0x33), kSuccess);
  EXPECT_EQ(fill_of(1), 0x33);
  EXPECT_EQ(fill_of(kBlocksPerCluster), 0);
}

TEST_F(BlobDeviceTest, FailsBeyondTheEndOfABlobThatShrank) {
  make(thin(4));
  ASSERT_EQ(write(0, 4 * kBlocksPerCluster, 0x11), kSuccess);
  ASSERT_TRUE(host_.run(blob_->resize(2)));
  EXPECT_EQ(device_->geometry().block_count, 4 * kBlocksPerCluster);
  EXPECT_EQ(write(2 * kBlocksPerCluster, 1, 0x22), std::errc::no_such_device_or_address);
  EXPECT_EQ(write(2 * kBlocksPerCluster - 1, 2, 0x22), std::errc::no_such_device_or_address);
  EXPECT_EQ(fill_of(2 * kBlocksPerCluster - 1), 0x11);
  EXPECT_EQ(run(IoKind::read, 4 * kBlocksPerCluster, 1), std::errc::invalid_argument);
}

TEST_F(BlobDeviceTest, DoesNotGrowWithItsBlob) {
  make(thin(2));
  ASSERT_TRUE(host_.run(blob_->resize(4)));
  EXPECT_EQ(device_->geometry().block_count, 2 * kBlocksPerCluster);
  EXPECT_EQ(write(2 * kBlocksPerCluster, 1, 0x22), std::errc::invalid_argument);
  EXPECT_EQ(BlobDevice(*host_.store, blob_).geometry().block_count, 4 * kBlocksPerCluster);
}

TEST_F(BlobDeviceTest, OfAReadOnlyBlobIsReadOnly) {
  make(thin(2));
  ASSERT_EQ(write(0, 1, 0x11), kSuccess);
  ASSERT_TRUE(blob_->set_read_only());
  ASSERT_TRUE(host_.run(blob_->sync()));
  EXPECT_EQ(write(0, 1, 0x22), std::errc::read_only_file_system);
  EXPECT_EQ(run(IoKind::discard, 0, 1), std::errc::read_only_file_system);
  EXPECT_EQ(fill_of(0), 0x11);
}

TEST_F(BlobDeviceTest, AnswersAsTheDeviceBelowDid) {
  make(of_clusters(2));
  host_.device.fail_every(IoKind::read);
  AlignedBuffer buffer(kTestPage);
  Sent request(IoKind::read, 0, 1, buffer.bytes());
  EXPECT_EQ(run(request), std::errc::io_error);
  host_.device.heal();
  EXPECT_TRUE(fill_of(0));
}

TEST_F(BlobDeviceTest, KeepsItsBlobOpen) {
  make(thin(2));
  blob_ = BlobHandle();
  EXPECT_EQ(error_of(host_.remove(id_)), Errc::busy);
  close();
  EXPECT_TRUE(host_.remove(id_));
}

// Beyond its depth requests wait for others to end; a wrong one must not wait for them, nor be forgotten.
TEST_F(BlobDeviceTest, CompletesMoreRequestsThanItWorksOnAtATime) {
  make(thin(8));
  AlignedBuffer page(kTestPage);
  std::list<Sent> sent;
  constexpr uint64_t kBlocks = 8 * kBlocksPerCluster;
  for (uint64_t i = 0; i < 3 * BlobDevice::kDepth; ++i) {
    channel_->submit(sent.emplace_back(IoKind::write, i % kBlocks, 1, page.bytes()));
  }
  Sent wrong(IoKind::read, kBlocks, 1, page.bytes());
  channel_->submit(wrong);
  Sent flush(IoKind::flush, 0, 0);
  channel_->submit(flush);
  const auto ended = [](const Sent& request) { return request.status.has_value(); };
  EXPECT_TRUE(std::ranges::none_of(sent, ended));
  EXPECT_TRUE(host_.scheduler.run_until(
      [&] { return std::ranges::all_of(sent, ended) && wrong.status && flush.status; }));
  EXPECT_TRUE(std::ranges::all_of(sent, [](const Sent& request) { return request.status == kSuccess; }));
  EXPECT_EQ(wrong.status, std::errc::invalid_argument);
  EXPECT_EQ(flush.status, kSuccess);
}

// A program that has waited for its last request may close the channel from there.
TEST_F(BlobDeviceTest, ItsChannelMayEndWithItsLastRequest) {
  make(thin(2));
  struct Last final : IoRequest {
    std::unique_ptr<BlockChannel>* channel = nullptr;
  };
  for (const uint64_t block : {uint64_t{0}, uint64_t{1000}}) {
    std::unique_ptr<BlockChannel> channel = device_->open_channel(host_.home).value();
    Last last;
    last.kind = IoKind::discard;
    last.block = block;
    last.block_count = 1;
    last.channel = &channel;
    last.on_complete = [](IoRequest& request, std::errc) noexcept {
      static_cast<Last&>(request).channel->reset();
    };
    channel->submit(last);
    EXPECT_TRUE(host_.scheduler.run_until([&] { return channel == nullptr; }));
  }
}

// Remembers where the writes of user data end, and what each request is for.
class WatchedDevice final : public BlockDevice {
 public:
  explicit WatchedDevice(BlockDevice& below) noexcept : below_(below) {}
  const DeviceGeometry& geometry() const noexcept override { return below_.geometry(); }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override {
    HF_TRY(std::unique_ptr<BlockChannel> below, below_.open_channel(executor));
    return std::unique_ptr<BlockChannel>(std::make_unique<WatchedChannel>(*this, std::move(below)));
  }

  std::vector<uint64_t> ends;  // bytes
  std::vector<std::pair<IoKind, Purpose>> purposes;

 private:
  class WatchedChannel final : public BlockChannel {
   public:
    WatchedChannel(WatchedDevice& device, std::unique_ptr<BlockChannel> below) noexcept
        : device_(device), below_(std::move(below)) {}
    const DeviceGeometry& geometry() const noexcept override { return below_->geometry(); }
    void submit(IoRequest& request) noexcept override {
      device_.purposes.emplace_back(request.kind, request.purpose);
      if (request.purpose.step == Step::user_data)
        device_.ends.push_back((request.block + request.block_count) * geometry().block_size);
      below_->submit(request);
    }

   private:
    WatchedDevice& device_;
    std::unique_ptr<BlockChannel> below_;
  };

  BlockDevice& below_;
};

// What a sender's protocol calls its requests tells more than that they are a blob's data: a trace or an
// error names the step, and a barrier that is lost is the sender's.
TEST(BlobDevicePurposes, ReachTheDeviceBelow) {
  DeviceGeometry geometry = small_disk();
  geometry.discard = true;
  StoreOnDisk host(geometry);
  ASSERT_TRUE(host.format());
  WatchedDevice watched(host.disk);
  const auto store = std::move(host.run(Blobstore::open(watched, host.home, {})).value());
  const BlobHandle blob = store->open_blob(host.run(store->create_blob(thin(1))).value()).value();
  BlobDevice device(*store, blob);
  const auto channel = device.open_channel(host.home).value();
  AlignedBuffer buffer(kTestPage);
  const auto purposes_of = [&](IoKind kind, Purpose purpose) {
    watched.purposes.clear();
    Sent request(kind, 0, 1, kind == IoKind::write ? buffer.bytes() : std::span<std::byte>());
    request.purpose = purpose;
    channel->submit(request);
    EXPECT_TRUE(host.scheduler.run_until([&] { return request.status.has_value(); }));
    EXPECT_EQ(request.status, kSuccess);
    return watched.purposes;
  };
  using Purposes = std::vector<std::pair<IoKind, Purpose>>;
  const Purpose units{Step::write_units, Barrier::C1};
  EXPECT_EQ(purposes_of(IoKind::write, units).back(), std::pair(IoKind::write, units))
      << "behind a first write";
  EXPECT_EQ(purposes_of(IoKind::write, units), (Purposes{{IoKind::write, units}}));
  const Purpose gone{Step::discard_units, Barrier::C3};
  EXPECT_EQ(purposes_of(IoKind::discard, gone), (Purposes{{IoKind::discard, gone}}));
  const Purpose flush{Step::flush, Barrier::V6};
  EXPECT_EQ(purposes_of(IoKind::flush, flush), (Purposes{{IoKind::flush, flush}}));
  const Purpose data{Step::user_data, Barrier::none};
  EXPECT_EQ(purposes_of(IoKind::write, {}), (Purposes{{IoKind::write, data}}));
  const Purpose data_flush{Step::flush, Barrier::D1};
  EXPECT_EQ(purposes_of(IoKind::flush, {}), (Purposes{{IoKind::flush, data_flush}}));
}

// A blob in scattered clusters takes a write of many small buffers in pieces: a power cut between them must
// not leave half of an atomic unit.
TEST(BlobDeviceInPieces, KeepsAtomicUnitsWhole) {
  DeviceGeometry geometry = small_disk();
  geometry.block_count *= 8;
  geometry.block_size = 512;
  geometry.buffer_alignment = 512;
  StoreOnDisk host(geometry);
  ASSERT_TRUE(host.format());
  WatchedDevice watched(host.disk);
  const auto store = std::move(host.run(Blobstore::open(watched, host.home, {})).value());
  const BlobHandle blob = store->open_blob(host.run(store->create_blob(thin(4))).value()).value();
  BlobDevice device(*store, blob);
  ASSERT_EQ(device.geometry().atomic_write_size, 4096U);
  const auto channel = device.open_channel(host.home).value();
  AlignedBuffer blocks(8 * 512);
  for (std::size_t i = 0; i < 8; ++i)
    std::ranges::fill(blocks.bytes().subspan(i * 512, 512), static_cast<std::byte>(i + 1));

  // Clusters that are allocated in descending order are no neighbours.
  for (uint64_t cluster = 4; cluster-- > 0;) {
    Sent first(IoKind::write, cluster * (kTestCluster / 512), 1, blocks.bytes().first(512));
    channel->submit(first);
    ASSERT_TRUE(host.scheduler.run_until([&] { return first.status.has_value(); }));
  }
  for (const uint64_t begin : {uint64_t{0}, uint64_t{1}, uint64_t{5}, uint64_t{7}}) {
    watched.ends.clear();
    const uint64_t count = 4 * kTestCluster / 512 - 2 * begin;
    Sent request(IoKind::write, begin, count);
    std::vector<iovec> parts;
    for (uint64_t i = 0; i < count; ++i)
      parts.push_back({blocks.bytes().data() + (begin + i) % 8 * 512, 512});
    request.buffers = parts;
    channel->submit(request);
    ASSERT_TRUE(host.scheduler.run_until([&] { return request.status.has_value(); }));
    ASSERT_EQ(request.status, kSuccess);
    ASSERT_GT(watched.ends.size(), 4U);
    for (std::size_t i = 0; i + 1 < watched.ends.size(); ++i) EXPECT_EQ(watched.ends[i] % 4096, 0U);

    AlignedBuffer found(count * 512);
    Sent back(IoKind::read, begin, count, found.bytes());
    channel->submit(back);
    ASSERT_TRUE(host.scheduler.run_until([&] { return back.status.has_value(); }));
    for (uint64_t i = 0; i < count; ++i)
      ASSERT_EQ(found.bytes()[i * 512], static_cast<std::byte>((begin + i) % 8 + 1)) << "block " << begin + i;
  }
}

// Where clusters or blocks do not allow what the device promises, the blob promises less.
TEST(BlobDeviceInPieces, PromisesNoMoreThanClustersAndBlocksAllow) {
  for (const auto& [block_size, atomic, expected] :
       {std::tuple{4096U, 65536U, 16384U}, {512U, 65536U, 4096U}, {512U, 512U, 512U}}) {
    DeviceGeometry geometry = small_disk();
    geometry.block_count = geometry.byte_count() / block_size;
    geometry.block_size = block_size;
    geometry.atomic_write_size = atomic;
    StoreOnDisk host(geometry);
    host.format_and_open();
    const BlobDevice device(*host.store, host.handle(host.create(thin(1)).value()));
    EXPECT_EQ(device.geometry().atomic_write_size, expected);
  }
}

}  // namespace
}  // namespace holdfast
