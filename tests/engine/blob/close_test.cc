// SPDX-License-Identifier: BSD-3-Clause
#include "store_on_disk.hh"

namespace holdfast {
namespace {

TEST(StoreClose, RefusesWhileABlobIsOpenAndCanBeTriedAgain) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create().value();
  {
    const BlobHandle blob = host.handle(id);
    EXPECT_EQ(error_of(host.run(host.store->close())), Errc::busy);
    ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
    EXPECT_TRUE(host.run(blob->sync()));
  }
  EXPECT_TRUE(host.run(host.store->close()));
}

TEST(StoreClose, MarksTheStoreCleanAndTheNextOpenSaysSo) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create(of_clusters(1)));
  ASSERT_TRUE(host.open());
  EXPECT_FALSE(host.store->info().was_clean);
  ASSERT_TRUE(host.close_and_open());
  EXPECT_TRUE(host.store->info().was_clean);
}

TEST(StoreClose, IsDurableWhenItIsAcknowledged) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create(of_clusters(1)));
  ASSERT_TRUE(host.run(host.store->close()));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
}

TEST(StoreClose, ACleanStoreStaysCleanUntilItsFirstChange) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  ASSERT_TRUE(host.close_and_open());
  const uint64_t before = host.counts.changes;
  {
    const BlobHandle blob = host.handle(id);
    EXPECT_TRUE(host.run(blob->sync()));
    ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
    EXPECT_EQ(host.read_pages(*blob, 0, 1), std::vector{std::byte{}});
  }
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->info().was_clean);
  EXPECT_EQ(host.counts.changes, before);

  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.open());
  EXPECT_FALSE(host.store->info().was_clean);
}

TEST(StoreClose, DataDoesNotMakeACleanStoreDirty) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  ASSERT_TRUE(host.close_and_open());
  ASSERT_TRUE(host.write_pages(*host.handle(id), 0, 1, 1));
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->info().was_clean);
}

TEST(StoreClose, OfAnUnchangedCleanStoreWritesNothing) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.close_and_open());
  const uint64_t before = host.counts.changes;
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.counts.changes, before);
  EXPECT_TRUE(host.store->info().was_clean);
}

TEST(StoreClose, IsNotNeededToFindTheSameBlobsAndFreeSpaceAgain) {
  StoreOnDisk host;
  host.format_and_open();
  std::vector<BlobId> ids;
  for (uint64_t clusters = 0; clusters < 5; ++clusters) {
    ids.push_back(host.create(of_clusters(clusters)).value());
    const BlobHandle blob = host.handle(ids.back());
    ASSERT_TRUE(blob->set_xattr("clusters", std::vector<std::byte>(4000, std::byte{uint8_t(clusters)})));
    ASSERT_TRUE(host.run(blob->sync()));
  }
  ASSERT_TRUE(host.remove(ids[2]));
  ids.erase(ids.begin() + 2);
  const Blobstore::Info before = host.store->info();
  for (const bool closed : {false, true, false}) {
    ASSERT_TRUE(closed ? host.close_and_open() : host.open());
    EXPECT_EQ(host.store->blob_ids(), ids);
    EXPECT_EQ(host.store->info().free_clusters, before.free_clusters);
    EXPECT_EQ(host.store->info().free_metadata_pages, before.free_metadata_pages);
    EXPECT_EQ(host.handle(ids[2])->clusters(), 3U);
    EXPECT_EQ(text_of(host.handle(ids[2])->xattr("clusters")), std::string(4000, '\3'));
  }
}

}  // namespace
}  // namespace holdfast
