// SPDX-License-Identifier: BSD-3-Clause
// What would go wrong if a single guard were missing, while nothing else is wrong.
#include "store_on_disk.hh"

namespace holdfast {
namespace {

const std::vector<std::byte> kLong(4000, std::byte{'x'});

std::pair<uint64_t, uint64_t> free_space(const StoreOnDisk& host) {
  const Blobstore::Info info = host.store->info();
  return {info.free_clusters, info.free_metadata_pages};
}

// A damaged blob may own any page and cluster.
struct DamagedStore : ::testing::Test {
  DamagedStore() {
    host.format_and_open();
    intact = host.create(of_clusters(1)).value();
    EXPECT_TRUE(host.create(of_clusters(1)));
    EXPECT_TRUE(host.run(host.store->close()));
    host.drop();
    const uint64_t second_root = 5;  // behind the superblock, three masks and the first root
    host.media.write(second_root * kTestPage + 100, bytes_of("damage"), 0);
    EXPECT_TRUE(host.open());
    EXPECT_EQ(host.store->damaged_blobs().size(), 1U);
  }

  StoreOnDisk host;
  BlobId intact;
};

TEST_F(DamagedStore, GivesNothingOut) {
  EXPECT_EQ(error_of(host.create()), Errc::corrupt);
  EXPECT_EQ(error_of(host.create(of_clusters(1))), Errc::corrupt);
}

TEST_F(DamagedStore, IsNotMarkedClean) {
  ASSERT_TRUE(host.remove(intact));
  ASSERT_TRUE(host.close_and_open());
  EXPECT_FALSE(host.store->info().was_clean);
}

TEST(FailedCommit, OfACreationGivesEverythingBackAtOnce) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create());
  const auto before = free_space(host);
  const std::vector<XattrView> xattrs{{.name = "a", .value = kLong}, {.name = "b", .value = kLong}};
  BlobOptions options = of_clusters(3);
  options.xattrs = xattrs;
  host.device.fail_change(0, FailingDevice::Failure::nothing_done);
  EXPECT_EQ(error_of(host.create(options)), Errc::device_failed);
  EXPECT_EQ(free_space(host), before);
}

TEST(FailedCommit, OfASyncGivesEverythingBackAtOnce) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create().value());
  const auto before = free_space(host);
  ASSERT_TRUE(blob->set_xattr("a", kLong));
  ASSERT_TRUE(blob->set_xattr("b", kLong));
  host.device.fail_change(0, FailingDevice::Failure::nothing_done);
  EXPECT_EQ(error_of(host.run(blob->sync())), Errc::device_failed);
  EXPECT_EQ(free_space(host), before);
}

// With FUA a commit of one page needs no flush that would ask again.
TEST(StoppedStore, WritesNoChangeThatWasStagedBefore) {
  DeviceGeometry geometry = small_disk();
  geometry.fua = true;
  StoreOnDisk host(geometry);
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create().value());
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  host.device.fail_every(IoKind::flush);
  EXPECT_FALSE(host.flush());
  host.device.heal();
  const uint64_t before = host.counts.changes;
  EXPECT_EQ(error_of(host.run(blob->sync())), Errc::read_only);
  EXPECT_EQ(host.counts.changes, before);
}

// The erasure is durable by itself, so that nothing asks again between it and the advice to discard.
TEST(StoppedStore, DiscardsNothing) {
  int discards_that_were_due = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    DeviceGeometry geometry = small_disk();
    geometry.fua = true;
    geometry.discard = true;
    StoreOnDisk host(geometry, seed);
    host.format_and_open();
    Task<> deleted = host.store->delete_blob(host.create(of_clusters(1)).value());
    deleted.start();
    host.device.fail_every(IoKind::flush);
    EXPECT_FALSE(host.flush());
    if (!deleted.done()) ++discards_that_were_due;
    const uint64_t before = host.counts.changes;
    ASSERT_TRUE(host.scheduler.run_until([&deleted] { return deleted.done(); }));
    EXPECT_EQ(host.counts.changes, before) << seed;
  }
  EXPECT_GT(discards_that_were_due, 0);
}

TEST(ClosedStore, IsDirtyAgainBeforeItsNextChange) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.run(host.store->close()));
  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.open());
  EXPECT_FALSE(host.store->info().was_clean);
}

}  // namespace
}  // namespace holdfast
