// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <tuple>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kPagesPerCluster = kTestCluster / kTestPage;
const std::byte kZero{0};

class ThinBlob : public testing::TestWithParam<std::tuple<ExtentFormat, uint32_t>> {
 protected:
  ThinBlob() : host_(geometry()) {
    host_.format_and_open();
    id_ = host_.create(thin(8, std::get<0>(GetParam()))).value();
  }
  static DeviceGeometry geometry() {
    DeviceGeometry geometry = small_disk();
    geometry.block_size = 512;
    geometry.block_count *= 8;
    geometry.atomic_write_size = std::get<1>(GetParam());
    return geometry;
  }

  StoreOnDisk host_;
  BlobId id_;
};

TEST_P(ThinBlob, TakesNoClusterBeforeItsFirstWrite) {
  EXPECT_EQ(host_.store->info().free_clusters, kTestClusters);
  EXPECT_EQ(host_.handle(id_)->clusters(), 8U);
  EXPECT_EQ(host_.handle(id_)->allocated_clusters(), 0U);
  EXPECT_EQ(host_.read_pages(*host_.handle(id_), 0, 8 * kPagesPerCluster),
            std::vector(8 * kPagesPerCluster, kZero));
}

TEST_P(ThinBlob, TakesOneClusterForAWriteAndShowsZeroesAroundIt) {
  {
    const BlobHandle blob = host_.handle(id_);
    ASSERT_TRUE(host_.write_pages(*blob, 5, 1, 7));
    EXPECT_EQ(blob->allocated_clusters(), 1U);
  }
  EXPECT_EQ(host_.store->info().free_clusters, kTestClusters - 1);
  for (const bool clean : {false, true}) {
    if (clean) {
      ASSERT_TRUE(host_.close_and_open());
    } else {
      ASSERT_TRUE(host_.open());
    }
    const std::vector<std::byte> cluster = {kZero, StoreOnDisk::pattern(7, 5), kZero, kZero};
    EXPECT_EQ(host_.read_pages(*host_.handle(id_), 4, 4), cluster);
    EXPECT_EQ(host_.store->info().free_clusters, kTestClusters - 1);
  }
}

TEST_P(ThinBlob, NeverShowsWhatItsClustersHeldForOthers) {
  const BlobId former = host_.create(of_clusters(kTestClusters)).value();
  ASSERT_TRUE(host_.write_pages(*host_.handle(former), 0, kTestClusters * kPagesPerCluster, 9));
  ASSERT_TRUE(host_.remove(former));
  ASSERT_TRUE(host_.write_pages(*host_.handle(id_), 2, 1, 3));
  const std::vector<std::byte> cluster = {kZero, kZero, StoreOnDisk::pattern(3, 2), kZero};
  EXPECT_EQ(host_.read_pages(*host_.handle(id_), 0, 4), cluster);
}

TEST_P(ThinBlob, ServesAWriteOverSeveralClusters) {
  const BlobHandle blob = host_.handle(id_);
  ASSERT_TRUE(host_.write_pages(*blob, 6, 8, 4));
  EXPECT_EQ(blob->allocated_clusters(), 3U);
  std::vector<std::byte> expected;
  for (uint64_t page = 4; page < 16; ++page)
    expected.push_back(page < 6 || page >= 14 ? kZero : StoreOnDisk::pattern(4, page));
  EXPECT_EQ(host_.read_pages(*blob, 4, 12), expected);
}

TEST_P(ThinBlob, ZeroingAndUnmappingWhatHasNoPlaceTakesNone) {
  const BlobHandle blob = host_.handle(id_);
  AlignedBuffer all(blob->size());
  ASSERT_TRUE(host_.transfer(BlobIoKind::write_zeroes, *blob, 0, all.bytes()));
  ASSERT_TRUE(host_.transfer(BlobIoKind::unmap, *blob, 0, all.bytes()));
  EXPECT_EQ(blob->allocated_clusters(), 0U);
}

TEST_P(ThinBlob, AWriteForWhichThereIsNoClusterEndsWithNoSpaceAndLaterOnesWork) {
  const BlobId other = host_.create(of_clusters(kTestClusters)).value();
  const BlobHandle blob = host_.handle(id_);
  EXPECT_EQ(error_of(host_.write_pages(*blob, 0, 1, 1)), Errc::no_space);
  ASSERT_TRUE(host_.remove(other));
  EXPECT_TRUE(host_.write_pages(*blob, 0, 1, 1));
}

TEST_P(ThinBlob, GrowsAndShrinksWhileItsContentStays) {
  const BlobHandle blob = host_.handle(id_);
  ASSERT_TRUE(host_.write_pages(*blob, 0, 32, 5));
  ASSERT_TRUE(host_.run(blob->resize(2000)));
  ASSERT_TRUE(host_.write_pages(*blob, 1999 * kPagesPerCluster, 4, 6));
  EXPECT_EQ(host_.store->info().free_clusters, kTestClusters - 9);
  ASSERT_TRUE(host_.run(blob->resize(2)));
  EXPECT_EQ(host_.store->info().free_clusters, kTestClusters - 2);
  EXPECT_EQ(error_of(host_.write_pages(*blob, 8, 1, 5)), Errc::out_of_range);
  ASSERT_TRUE(host_.run(blob->resize(4)));
  EXPECT_EQ(host_.read_pages(*blob, 8, 8), std::vector(8, kZero));
  EXPECT_EQ(host_.read_pages(*blob, 7, 1), std::vector{StoreOnDisk::pattern(5, 7)});
}

INSTANTIATE_TEST_SUITE_P(On, ThinBlob,
                         testing::Combine(testing::Values(ExtentFormat::runs, ExtentFormat::table),
                                          testing::Values(512U, 4096U)));

TEST(ThinBlobs, RewriteOneExtentPageForAnAllocationInIt) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create(thin(8)).value());
  ASSERT_TRUE(host.write_pages(*blob, 0, 1, 1));
  const uint64_t changes = host.counts.changes;
  ASSERT_TRUE(host.write_pages(*blob, kPagesPerCluster, 1, 1));
  EXPECT_EQ(host.counts.changes - changes, 3U);  // cleared, mapped, written
}

TEST(ThinBlobs, ShareOneCommitBetweenRequestsThatWait) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create(thin(8)).value());
  ASSERT_TRUE(host.write_pages(*blob, 0, 1, 1));
  AlignedBuffer buffer(kTestPage);
  const iovec whole{.iov_base = buffer.bytes().data(), .iov_len = kTestPage};
  std::vector<BlobIo> requests(5);
  std::vector<Task<>> tasks;
  const uint64_t flushes = host.counts.flushes;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].kind = BlobIoKind::write;
    requests[i].blob = &*blob;
    requests[i].offset = (i + 1) * kTestCluster;
    requests[i].length = kTestPage;
    requests[i].buffers = {&whole, 1};
    tasks.push_back(host.channel->perform(requests[i]));
    tasks.back().start();
  }
  ASSERT_TRUE(host.scheduler.run_until(
      [&tasks] { return std::ranges::all_of(tasks, [](const Task<>& task) { return task.done(); }); }));
  for (Task<>& task : tasks) EXPECT_TRUE(task.take_result());
  EXPECT_EQ(blob->allocated_clusters(), 6U);
  EXPECT_LT(host.counts.flushes - flushes, 2U * requests.size());  // two for each, were they alone
}

}  // namespace
}  // namespace holdfast
