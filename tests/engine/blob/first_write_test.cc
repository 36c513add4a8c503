// SPDX-License-Identifier: BSD-3-Clause
// The first write to a cluster of a thin blob, beside others and with failures.
#include <algorithm>
#include <array>
#include <list>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kPagesPerCluster = kTestCluster / kTestPage;

// A write of one page in buffers of 512 bytes, on a channel of its own.
struct Writer {
  Writer(StoreOnDisk& host, Executor& executor, Blob& blob, uint64_t page, uint8_t tag)
      : channel(Channel::open(*host.store, executor).value()) {
    std::ranges::fill(buffer.bytes(), StoreOnDisk::pattern(tag, page));
    for (std::size_t i = 0; i < pieces.size(); ++i)
      pieces[i] = {.iov_base = buffer.bytes().data() + i * 512, .iov_len = 512};
    io.kind = BlobIoKind::write;
    io.blob = &blob;
    io.offset = page * kTestPage;
    io.length = kTestPage;
    io.buffers = pieces;
    io.context = this;
    io.on_complete = [](BlobIo& ended, Result<> result) noexcept {
      static_cast<Writer*>(ended.context)->end = result;
    };
  }
  void submit() { channel->submit(io); }

  std::unique_ptr<Channel> channel;
  AlignedBuffer buffer{kTestPage};
  std::array<iovec, 8> pieces{};
  BlobIo io;
  std::optional<Result<>> end;
};

DeviceGeometry small_blocks() {
  DeviceGeometry geometry = small_disk();
  geometry.block_size = 512;
  geometry.block_count *= 8;
  geometry.buffer_alignment = 512;
  return geometry;
}

void run_until_ended(StoreOnDisk& host, std::list<Writer>& writers) {
  for (Writer& writer : writers) {
    ASSERT_TRUE(host.scheduler.run_until([&writer] { return writer.end.has_value(); }));
  }
}

// Three of one cluster and one of the next, at the same time, in many orders.
TEST(FirstWrites, OfSeveralChannelsToOneClusterAllArriveInIt) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    StoreOnDisk host(small_blocks(), seed);
    host.format_and_open();
    const BlobId id = host.create(thin(2)).value();
    {
      const BlobHandle blob = host.handle(id);
      std::list<Writer> writers;
      for (const uint64_t page : {0U, 1U, 3U, 4U})
        writers.emplace_back(host, host.scheduler.add_executor(), *blob, page, 9);
      for (Writer& writer : writers) writer.submit();
      run_until_ended(host, writers);
      for (const Writer& writer : writers) EXPECT_TRUE(*writer.end) << seed;
    }
    std::vector<std::byte> want(2 * kPagesPerCluster);
    for (const uint64_t page : {0U, 1U, 3U, 4U}) want[page] = StoreOnDisk::pattern(9, page);
    EXPECT_EQ(host.read_pages(*host.handle(id), 0, want.size()), want) << seed;
    EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 2) << seed;
    ASSERT_TRUE(host.flush());
    ASSERT_TRUE(host.open()) << seed;
    EXPECT_EQ(host.read_pages(*host.handle(id), 0, want.size()), want) << seed;
    EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 2) << seed;
  }
}

TEST(FirstWrites, AndSyncsOfOneBlobLoseNothingOfEachOther) {
  const std::vector<std::byte> value(3000, std::byte{'x'});
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    StoreOnDisk host(small_blocks(), seed);
    host.format_and_open();
    const BlobId id = host.create(thin(3, ExtentFormat::runs)).value();
    {
      const BlobHandle blob = host.handle(id);
      std::list<Writer> writers;
      for (const uint64_t page : {0U, 4U, 8U})
        writers.emplace_back(host, host.scheduler.add_executor(), *blob, page, 5);
      ASSERT_TRUE(blob->set_xattr("a", value));
      Task<> sync = blob->sync();
      sync.start();
      for (Writer& writer : writers) writer.submit();
      ASSERT_TRUE(blob->set_xattr("b", value));
      EXPECT_TRUE(host.run(blob->sync()));
      run_until_ended(host, writers);
      ASSERT_TRUE(host.scheduler.run_until([&sync] { return sync.done(); }));
      EXPECT_TRUE(sync.take_result());
      for (const Writer& writer : writers) EXPECT_TRUE(*writer.end) << seed;
    }
    ASSERT_TRUE(host.flush());
    ASSERT_TRUE(host.open());
    const BlobHandle blob = host.handle(id);
    EXPECT_EQ(blob->allocated_clusters(), 3U) << seed;
    EXPECT_EQ(text_of(blob->xattr("b")), std::string(3000, 'x')) << seed;
    for (const uint64_t page : {0U, 4U, 8U})
      EXPECT_EQ(host.read_pages(*blob, page, 1), std::vector{StoreOnDisk::pattern(5, page)}) << seed;
  }
}

// Whatever is free afterwards is given to another blob; each of the two keeps what it writes.
void expect_nothing_shared(StoreOnDisk& host, BlobId id) {
  if (host.store->info().read_only) {
    ASSERT_TRUE(host.open());
  }
  const uint64_t free = host.store->info().free_clusters;
  ASSERT_GE(free, kTestClusters - 2);  // one that it has, and one that media may name
  const BlobId other = host.create(of_clusters(free - 1)).value();
  const uint64_t pages = (free - 1) * kPagesPerCluster;
  ASSERT_TRUE(host.write_pages(*host.handle(other), 0, pages, 2));
  ASSERT_TRUE(host.write_pages(*host.handle(id), 1, 1, 3));
  ASSERT_TRUE(host.write_pages(*host.handle(other), 0, pages, 4));
  ASSERT_TRUE(host.flush());
  for (int i = 0; i < 2; ++i) {
    std::vector<std::byte> want;
    for (uint64_t page = 0; page < pages; ++page) want.push_back(StoreOnDisk::pattern(4, page));
    EXPECT_EQ(host.read_pages(*host.handle(other), 0, pages), want);
    EXPECT_EQ(host.read_pages(*host.handle(id), 1, 1), std::vector{StoreOnDisk::pattern(3, 1)});
    EXPECT_EQ(host.handle(id)->allocated_clusters(), 1U);
    ASSERT_TRUE(host.open());
    EXPECT_TRUE(host.store->damaged_blobs().empty());
    EXPECT_EQ(host.store->info().free_clusters, kTestClusters - free);
  }
}

// False: the write has no kth request.
bool fail_at(uint64_t k, ExtentFormat extents, FailingDevice::Failure failure) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(thin(4, extents)).value();
  host.device.fail_change(k, failure);
  const Result<> written = host.write_pages(*host.handle(id), 1, 1, 1);
  const bool failed = host.device.failed() > 0;
  EXPECT_EQ(written.has_value(), !failed);
  host.device.heal();
  expect_nothing_shared(host, id);
  return failed;
}

TEST(AFirstWriteThatFails, LeavesNoClusterToTwoBlobsAndLosesNone) {
  for (const ExtentFormat extents : {ExtentFormat::runs, ExtentFormat::table}) {
    for (const auto failure : {FailingDevice::Failure::nothing_done, FailingDevice::Failure::all_done}) {
      uint64_t k = 0;
      while (fail_at(k, extents, failure) && !::testing::Test::HasFailure()) ++k;
      ASSERT_FALSE(::testing::Test::HasFailure()) << "at request " << k;
      EXPECT_GE(k, 4U);  // cleared, flushed, named, flushed, written
    }
  }
}

// Both wait until a sync has ended, and one of them wants more than there is.
TEST(AFirstWriteThatFails, LeavesItsClustersToThoseThatWaitedWithIt) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    StoreOnDisk host(small_blocks(), seed);
    host.format_and_open();
    const BlobHandle blob = host.handle(host.create(thin(kTestClusters + 8)).value());
    Writer small(host, host.home, *blob, (kTestClusters + 4) * kPagesPerCluster, 1);
    AlignedBuffer zeroes((kTestClusters + 2) * kTestCluster);
    const iovec all{.iov_base = zeroes.bytes().data(), .iov_len = zeroes.bytes().size()};
    BlobIo too_much;
    too_much.kind = BlobIoKind::write;
    too_much.blob = &*blob;
    too_much.length = all.iov_len;
    too_much.buffers = {&all, 1};
    ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
    Task<> sync = blob->sync();
    sync.start();
    Task<> fails = host.channel->perform(too_much);
    fails.start();
    small.submit();
    ASSERT_TRUE(host.scheduler.run_until([&] { return sync.done() && fails.done() && small.end; }));
    EXPECT_TRUE(sync.take_result());
    EXPECT_EQ(error_of(fails.take_result()), Errc::no_space);
    EXPECT_TRUE(*small.end) << seed;
    EXPECT_EQ(blob->allocated_clusters(), 1U);
  }
}

TEST(AFirstWriteThatFails, TakesNoRequestOfAnotherBlobWithIt) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    StoreOnDisk host(small_disk(), seed);
    host.format_and_open();
    const BlobHandle large = host.handle(host.create(thin(kTestClusters + 4)).value());
    const BlobHandle small = host.handle(host.create(thin(4)).value());
    AlignedBuffer zeroes(large->size());
    const iovec all{.iov_base = zeroes.bytes().data(), .iov_len = zeroes.bytes().size()};
    const iovec page{.iov_base = zeroes.bytes().data(), .iov_len = kTestPage};
    BlobIo too_much;
    too_much.kind = BlobIoKind::write;
    too_much.blob = &*large;
    too_much.length = large->size();
    too_much.buffers = {&all, 1};
    BlobIo little = {};
    little.kind = BlobIoKind::write;
    little.blob = &*small;
    little.length = kTestPage;
    little.buffers = {&page, 1};
    Task<> fails = host.channel->perform(too_much);
    Task<> works = host.channel->perform(little);
    fails.start();
    works.start();
    ASSERT_TRUE(host.scheduler.run_until([&] { return fails.done() && works.done(); }));
    EXPECT_EQ(error_of(fails.take_result()), Errc::no_space) << seed;
    EXPECT_TRUE(works.take_result()) << seed;
    EXPECT_EQ(small->allocated_clusters(), 1U);
  }
}

}  // namespace
}  // namespace holdfast
