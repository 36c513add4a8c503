// SPDX-License-Identifier: BSD-3-Clause
#include "store_on_disk.hh"

namespace holdfast {
namespace {

TEST(StoreFormat, MakesAnEmptyStoreOfTheWantedShape) {
  StoreOnDisk host;
  FormatOptions options = small_store();
  options.type = StoreType::named("LVOLSTORE");
  ASSERT_TRUE(host.format(options));
  ASSERT_TRUE(host.open());
  const Blobstore::Info info = host.store->info();
  EXPECT_EQ(info.type, options.type);
  EXPECT_EQ(info.version, 3U);
  EXPECT_EQ(info.cluster_size, kTestCluster);
  EXPECT_EQ(info.io_unit_size, 4096U);
  EXPECT_EQ(info.total_clusters, kTestClusters);
  EXPECT_EQ(info.free_clusters, kTestClusters);
  EXPECT_EQ(info.free_metadata_pages, kTestPages);
  EXPECT_FALSE(info.read_only);
  EXPECT_TRUE(host.store->blob_ids().empty());
  EXPECT_TRUE(host.store->damaged_blobs().empty());
}

TEST(StoreFormat, RefusesADeviceOnWhichAStoreBeginsAndWritesNothing) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  const uint64_t before = host.counts.changes;
  EXPECT_EQ(error_of(host.format()), Errc::already_exists);
  EXPECT_EQ(host.counts.changes, before);
}

TEST(StoreFormat, RefusesADeviceOnWhichADamagedStoreBegins) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  host.media.write(100, bytes_of("damage"), 0);
  EXPECT_EQ(error_of(host.format()), Errc::already_exists);
}

TEST(StoreFormat, ReplacesAStoreWhenAskedAndForgetsItsBlobs) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create(of_clusters(2)));
  host.drop();
  FormatOptions options = small_store();
  options.replace_existing = true;
  ASSERT_TRUE(host.format(options));
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->blob_ids().empty());
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters);
  EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages);
}

TEST(StoreFormat, TakesOneMetadataPageForEachClusterIfNobodySaysHowMany) {
  StoreOnDisk host;
  FormatOptions options = small_store();
  options.metadata_pages = 0;
  ASSERT_TRUE(host.format(options));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().free_metadata_pages, 6 + kTestClusters);
}

TEST(StoreFormat, RefusesImpossibleOptionsAndWritesNothing) {
  StoreOnDisk host;
  for (const uint32_t cluster_size : {0U, 1U, 4095U, 2048U, 6144U, 4097U}) {
    FormatOptions options = small_store();
    options.cluster_size = cluster_size;
    EXPECT_EQ(error_of(host.format(options)), Errc::invalid_argument) << cluster_size;
  }
  for (const uint32_t pages : {10'000U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    FormatOptions options = small_store();
    options.metadata_pages = pages;
    EXPECT_EQ(error_of(host.format(options)), Errc::no_space) << pages;
  }
  EXPECT_EQ(host.counts.changes, 0U);
}

TEST(StoreFormat, RefusesADeviceThatIsSmallerThanAClusterOrItsMetadata) {
  FormatOptions options = small_store();
  for (const uint64_t blocks : {1U, 3U, 4U, 24U}) {
    DeviceGeometry geometry = small_disk();
    geometry.block_count = blocks;
    StoreOnDisk host(geometry);
    EXPECT_EQ(error_of(host.format(options)), Errc::no_space) << blocks;
    EXPECT_EQ(host.counts.changes, 0U);
  }
  DeviceGeometry geometry = small_disk();
  geometry.block_count = 28;  // six clusters of metadata and one for data
  StoreOnDisk host(geometry);
  ASSERT_TRUE(host.format(options));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().total_clusters, 1U);
}

TEST(StoreFormat, ServesADeviceThatOnlyWritesSectorsAtomically) {
  DeviceGeometry geometry = small_disk();
  geometry.block_size = 512;
  geometry.atomic_write_size = 512;
  geometry.block_count *= 8;
  StoreOnDisk host(geometry);
  host.format_and_open();
  const BlobId id = host.create(of_clusters(2)).value();
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.store->blob_ids(), std::vector{id});
  EXPECT_EQ(host.handle(id)->clusters(), 2U);
}

TEST(StoreFormat, IsDurableWhenItIsAcknowledged) {
  for (const bool fua : {false, true}) {
    DeviceGeometry geometry = small_disk();
    geometry.fua = fua;
    StoreOnDisk host(geometry);
    ASSERT_TRUE(host.format());
    EXPECT_TRUE(host.disk.crash_set().units.empty());
  }
}

}  // namespace
}  // namespace holdfast
