// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cstring>

#include "format/blob_record.hh"
#include "format/metadata_page.hh"
#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kClusterPages = kTestCluster / kTestPage;

// A blob of six clusters in three places.
struct BlobData : ::testing::Test {
  explicit BlobData(const DeviceGeometry& geometry = small_disk()) : host(geometry) {
    host.format_and_open();
    std::vector<BlobId> ids;
    for (int i = 0; i < 10; ++i) ids.push_back(host.create(of_clusters(1)).value());
    EXPECT_TRUE(host.create(of_clusters(kTestClusters - 10)));
    for (const std::size_t i : {1U, 2U, 4U, 5U, 7U, 8U}) EXPECT_TRUE(host.remove(ids[i]));
    id = host.create(of_clusters(6)).value();
    blob = host.handle(id);
  }
  ~BlobData() override { blob = BlobHandle(); }

  std::vector<std::byte> expected(uint64_t first, uint64_t count, uint8_t tag) const {
    std::vector<std::byte> pages;
    for (uint64_t i = first; i < first + count; ++i) pages.push_back(StoreOnDisk::pattern(tag, i));
    return pages;
  }
  Result<> without_data(BlobIoKind kind, uint64_t offset, uint64_t length) {
    BlobIo io;
    io.kind = kind;
    io.blob = &*blob;
    io.offset = offset;
    io.length = length;
    return host.run(host.channel->perform(io));
  }

  StoreOnDisk host;
  BlobHandle blob;
  BlobId id;
};

struct BlobDataInSmallBlocks : BlobData {
  static DeviceGeometry small_blocks() {
    DeviceGeometry geometry = small_disk();
    geometry.block_count *= 8;
    geometry.block_size = 512;
    geometry.buffer_alignment = 512;
    return geometry;
  }
  BlobDataInSmallBlocks() : BlobData(small_blocks()) {}
};

TEST_F(BlobData, IsReadAsItWasWrittenOverEveryClusterBorder) {
  const uint64_t pages = blob->clusters() * kClusterPages;
  for (uint64_t first = 0; first < pages; ++first) {
    for (uint64_t count = 1; first + count <= pages; count += 3) {
      const auto tag = static_cast<uint8_t>(first * 7 + count);
      ASSERT_TRUE(host.write_pages(*blob, 0, pages, 0));
      ASSERT_TRUE(host.write_pages(*blob, first, count, tag));
      std::vector<std::byte> want = expected(0, pages, 0);
      std::ranges::copy(expected(first, count, tag), want.begin() + static_cast<std::ptrdiff_t>(first));
      ASSERT_EQ(host.read_pages(*blob, 0, pages), want) << first << " " << count;
      ASSERT_EQ(host.read_pages(*blob, first, count), expected(first, count, tag)) << first << " " << count;
    }
  }
}

TEST_F(BlobData, OfNeighbouringClustersGoesToTheDeviceAsOneRequest) {
  uint64_t before = host.counts.changes;
  ASSERT_TRUE(host.write_pages(*blob, 1, 2 * kClusterPages - 1, 1));
  EXPECT_EQ(host.counts.changes, before + 1);
  before = host.counts.changes;
  ASSERT_TRUE(host.write_pages(*blob, 1, 6 * kClusterPages - 2, 1));
  EXPECT_EQ(host.counts.changes, before + 3);
}

TEST_F(BlobData, SurvivesAReopenAfterAFlush) {
  ASSERT_TRUE(host.write_pages(*blob, 3, 10, 9));
  EXPECT_FALSE(host.disk.crash_set().units.empty());
  ASSERT_TRUE(host.flush());
  EXPECT_TRUE(host.disk.crash_set().units.empty());
  blob = BlobHandle();
  ASSERT_TRUE(host.open());
  blob = host.handle(id);
  EXPECT_EQ(host.read_pages(*blob, 3, 10), expected(3, 10, 9));
}

TEST_F(BlobData, WrittenThroughIsDurableWithoutAFlush) {
  ASSERT_TRUE(host.write_pages(*blob, 3, 10, 9, true));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
}

TEST_F(BlobData, WriteZeroesClearsExactlyItsRange) {
  const uint64_t pages = blob->clusters() * kClusterPages;
  ASSERT_TRUE(host.write_pages(*blob, 0, pages, 5));
  ASSERT_TRUE(without_data(BlobIoKind::write_zeroes, 3 * kTestPage, 10 * kTestPage));
  std::vector<std::byte> want = expected(0, pages, 5);
  std::fill_n(want.begin() + 3, 10, std::byte{});
  EXPECT_EQ(host.read_pages(*blob, 0, pages), want);
}

TEST_F(BlobData, RequestsThatLeaveTheBlobAreOutOfRangeAndDoNothing) {
  const uint64_t size = blob->size();
  const uint64_t before = host.counts.changes;
  for (const BlobIoKind kind : {BlobIoKind::write_zeroes, BlobIoKind::unmap}) {
    EXPECT_EQ(error_of(without_data(kind, size - kTestPage, 2 * kTestPage)), Errc::out_of_range);
    EXPECT_EQ(error_of(without_data(kind, size, kTestPage)), Errc::out_of_range);
    EXPECT_EQ(error_of(without_data(kind, ~uint64_t{4095}, kTestPage)), Errc::out_of_range);
    EXPECT_EQ(error_of(without_data(kind, kTestPage, ~uint64_t{4095})), Errc::out_of_range);
  }
  AlignedBuffer pages(2 * kTestPage);
  for (const BlobIoKind kind : {BlobIoKind::read, BlobIoKind::write}) {
    EXPECT_EQ(error_of(host.transfer(kind, *blob, size - kTestPage, pages.bytes())), Errc::out_of_range);
  }
  EXPECT_EQ(host.counts.changes, before);
}

TEST_F(BlobData, RequestsThatAreNotWholeIoUnitsAreRefused) {
  const uint64_t before = host.counts.changes;
  EXPECT_EQ(error_of(without_data(BlobIoKind::write_zeroes, 512, kTestPage)), Errc::invalid_argument);
  EXPECT_EQ(error_of(without_data(BlobIoKind::write_zeroes, 0, 512)), Errc::invalid_argument);
  EXPECT_EQ(error_of(without_data(BlobIoKind::unmap, 1, 0)), Errc::invalid_argument);
  AlignedBuffer page(kTestPage);
  EXPECT_EQ(error_of(host.transfer(BlobIoKind::read, *blob, 1, page.bytes())), Errc::invalid_argument);
  EXPECT_EQ(host.counts.changes, before);
}

TEST_F(BlobData, BuffersMustHoldExactlyTheLength) {
  AlignedBuffer two(2 * kTestPage);
  const iovec buffer{.iov_base = two.bytes().data(), .iov_len = two.bytes().size()};
  for (const uint64_t pages : {1U, 3U}) {
    BlobIo io;
    io.kind = BlobIoKind::write;
    io.blob = &*blob;
    io.length = pages * kTestPage;
    io.buffers = {&buffer, 1};
    EXPECT_EQ(error_of(host.run(host.channel->perform(io))), Errc::invalid_argument);
  }
}

TEST_F(BlobData, ARequestOfLengthZeroCompletesAndDoesNothing) {
  const RequestCounts before = host.counts;
  for (const BlobIoKind kind :
       {BlobIoKind::read, BlobIoKind::write, BlobIoKind::write_zeroes, BlobIoKind::unmap}) {
    EXPECT_TRUE(without_data(kind, 0, 0));
    EXPECT_TRUE(without_data(kind, blob->size(), 0));
    EXPECT_EQ(error_of(without_data(kind, blob->size() + kTestPage, 0)), Errc::out_of_range);
  }
  EXPECT_EQ(host.counts.changes, before.changes);
  EXPECT_EQ(host.counts.reads, before.reads);
}

TEST_F(BlobData, CompletesLaterNeverInsideSubmit) {
  AlignedBuffer page(kTestPage);
  const iovec buffer{.iov_base = page.bytes().data(), .iov_len = kTestPage};
  const auto submit_and_expect_it_later = [&](BlobIoKind kind, uint64_t offset, uint64_t length) {
    int completions = 0;
    BlobIo io;
    io.kind = kind;
    io.blob = &*blob;
    io.offset = offset;
    io.length = length;
    if (length == kTestPage) io.buffers = {&buffer, 1};
    io.context = &completions;
    io.on_complete = [](BlobIo& done, Result<>) noexcept { ++*static_cast<int*>(done.context); };
    host.channel->submit(io);
    EXPECT_EQ(completions, 0);
    EXPECT_TRUE(host.scheduler.run_until([&completions] { return completions > 0; }));
    EXPECT_FALSE(host.scheduler.step());
    EXPECT_EQ(completions, 1);
  };
  for (const BlobIoKind kind : {BlobIoKind::read, BlobIoKind::write, BlobIoKind::write_zeroes,
                                BlobIoKind::unmap, BlobIoKind::flush}) {
    submit_and_expect_it_later(kind, 0, kTestPage);
    submit_and_expect_it_later(kind, 0, 0);
    submit_and_expect_it_later(kind, 1, kTestPage);
    submit_and_expect_it_later(kind, uint64_t{1} << 40, kTestPage);
  }
}

// 120 blocks around two gaps, in buffers of 1, 2, 3, ... blocks: more than the channel slices at once.
TEST_F(BlobDataInSmallBlocks, GoesThroughVectorsInOddPieces) {
  constexpr uint64_t kBlock = 512;
  for (const uint64_t first : {0U, 1U, 17U, 31U, 63U}) {
    AlignedBuffer out(120 * kBlock);
    AlignedBuffer in(120 * kBlock);
    for (uint64_t i = 0; i < out.bytes().size(); ++i) {
      out.bytes()[i] = std::byte{static_cast<uint8_t>(i / kBlock + i % 7 + first)};
    }
    std::vector<iovec> writes;
    std::vector<iovec> reads;
    for (uint64_t at = 0, blocks = 0; at < 120; at += blocks) {
      blocks = std::min<uint64_t>(writes.size() % 4, 120 - at);  // empty ones too
      writes.push_back({.iov_base = out.bytes().data() + at * kBlock, .iov_len = blocks * kBlock});
    }
    for (uint64_t at = 0, blocks = 0; at < 120; at += blocks) {
      blocks = std::min<uint64_t>(reads.size() + 1, 120 - at);
      reads.push_back({.iov_base = in.bytes().data() + at * kBlock, .iov_len = blocks * kBlock});
    }
    ASSERT_GT(writes.size(), 8U);
    BlobIo io;
    io.blob = &*blob;
    io.offset = first * kBlock;
    io.length = 120 * kBlock;
    io.kind = BlobIoKind::write;
    io.buffers = writes;
    ASSERT_TRUE(host.run(host.channel->perform(io)));
    io.kind = BlobIoKind::read;
    io.buffers = reads;
    ASSERT_TRUE(host.run(host.channel->perform(io)));
    EXPECT_TRUE(std::ranges::equal(in.bytes(), out.bytes())) << first;
  }
}

TEST(BlobDataOnADiscardingDisk, UnmappedRangesReadZeroWhereTheDevicePromisesIt) {
  DeviceGeometry geometry = small_disk();
  geometry.discard = true;
  geometry.discard_reads_zero = true;
  StoreOnDisk host(geometry);
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create(of_clusters(2)).value());
  ASSERT_TRUE(host.write_pages(*blob, 0, 8, 5));
  AlignedBuffer range(3 * kTestPage);
  ASSERT_TRUE(host.transfer(BlobIoKind::unmap, *blob, 3 * kTestPage, range.bytes()));
  std::vector<std::byte> want;
  for (uint64_t i = 0; i < 8; ++i) want.push_back(i >= 3 && i < 6 ? std::byte{} : StoreOnDisk::pattern(5, i));
  EXPECT_EQ(host.read_pages(*blob, 0, 8), want);
}

TEST(BlobDataOfANewBlob, ReadsZeroAlthoughItsClustersHeldAnothersBytes) {
  for (const bool discard : {false, true}) {
    DeviceGeometry geometry = small_disk();
    geometry.discard = discard;  // without a promise what discarded blocks read
    StoreOnDisk host(geometry);
    host.format_and_open();
    const uint64_t pages = kTestClusters * kClusterPages;
    const BlobId former = host.create(of_clusters(kTestClusters)).value();
    ASSERT_TRUE(host.write_pages(*host.handle(former), 0, pages, 1));
    ASSERT_TRUE(host.flush());
    ASSERT_TRUE(host.remove(former));
    const BlobId id = host.create(of_clusters(kTestClusters)).value();
    EXPECT_EQ(host.read_pages(*host.handle(id), 0, pages), std::vector<std::byte>(pages));
    ASSERT_TRUE(host.open());
    EXPECT_EQ(host.read_pages(*host.handle(id), 0, pages), std::vector<std::byte>(pages));
  }
}

TEST(BlobDataOfAReadOnlyBlob, IsReadAndNotWritten) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  ASSERT_TRUE(host.write_pages(*host.handle(id), 0, 4, 1));
  ASSERT_TRUE(host.flush());
  host.drop();
  MetadataPage root;
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&root, 1));
  const uint64_t byte = (4 + uint64_t{root_of_blob_id(id).value}) * kTestPage;  // behind superblock and masks
  host.media.read(byte, bytes);
  root.descriptors[kDescriptorHeader + sizeof(uint64_t)] = std::byte{BlobFlags::kReadOnly};
  root.crc = page_checksum(root);
  host.media.write(byte, bytes, 0);

  ASSERT_TRUE(host.open());
  const BlobHandle blob = host.handle(id);
  EXPECT_TRUE(blob->read_only());
  const uint64_t before = host.counts.changes;
  AlignedBuffer page(kTestPage);
  for (const BlobIoKind kind : {BlobIoKind::write, BlobIoKind::write_zeroes, BlobIoKind::unmap}) {
    EXPECT_EQ(error_of(host.transfer(kind, *blob, 0, page.bytes())), Errc::read_only);
  }
  EXPECT_EQ(error_of(blob->set_xattr("a", bytes_of("1"))), Errc::read_only);
  EXPECT_EQ(host.counts.changes, before);
  EXPECT_EQ(host.read_pages(*blob, 2, 1), std::vector{StoreOnDisk::pattern(1, 2)});
}

TEST(BlobDataOfSeveralThreads, GoesThroughAChannelOfEachExecutor) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    StoreOnDisk host(small_disk(), seed);
    host.format_and_open();
    const BlobHandle blob = host.handle(host.create(of_clusters(3)).value());
    struct Worker {
      Executor* executor = nullptr;
      std::unique_ptr<Channel> channel;
      AlignedBuffer buffer{4 * kTestPage};
      iovec vector{};
      BlobIo io;
      bool done_on_its_executor = false;
    };
    std::array<Worker, 3> workers;
    for (uint64_t i = 0; i < workers.size(); ++i) {
      Worker& worker = workers[i];
      worker.executor = &host.scheduler.add_executor();
      worker.channel = Channel::open(*host.store, *worker.executor).value();
      std::ranges::fill(worker.buffer.bytes(), std::byte{static_cast<uint8_t>(i + 1)});
      worker.vector = {.iov_base = worker.buffer.bytes().data(), .iov_len = 4 * kTestPage};
      worker.io.kind = BlobIoKind::write;
      worker.io.blob = &*blob;
      worker.io.offset = i * kTestCluster;
      worker.io.length = kTestCluster;
      worker.io.buffers = {&worker.vector, 1};
      worker.io.context = &worker;
      worker.io.on_complete = [](BlobIo& io, Result<> result) noexcept {
        Worker& self = *static_cast<Worker*>(io.context);
        self.done_on_its_executor = result.has_value() && self.executor->is_current();
      };
    }
    for (Worker& worker : workers) worker.channel->submit(worker.io);
    while (host.scheduler.step()) {
    }
    for (const Worker& worker : workers) EXPECT_TRUE(worker.done_on_its_executor);
    std::vector<std::byte> want;
    for (uint8_t i = 0; i < 12; ++i) want.push_back(std::byte{static_cast<uint8_t>(i / 4 + 1)});
    EXPECT_EQ(host.read_pages(*blob, 0, 12), want);
    ASSERT_TRUE(host.flush());
    EXPECT_TRUE(host.disk.crash_set().units.empty());
  }
}

}  // namespace
}  // namespace holdfast
