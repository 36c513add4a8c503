// SPDX-License-Identifier: BSD-3-Clause
// What would go wrong if a single guard were missing, while nothing else is wrong.
#include "fault_scene.hh"

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

// Where nothing is flushed, the changes that a commit sends are all that is counted.
DeviceGeometry disk_without_cache() {
  DeviceGeometry geometry = small_disk();
  geometry.volatile_cache = false;
  return geometry;
}

void expect_every_change_to_be_refused(StoreOnDisk& host, BlobId blob, Errc reason) {
  const uint64_t before = host.counts.changes;
  EXPECT_EQ(error_of(host.create()), reason);
  EXPECT_EQ(error_of(host.remove(blob)), reason);
  EXPECT_EQ(error_of(host.run(host.store->set_super_blob(blob))), reason);
  EXPECT_EQ(error_of(host.run(host.store->clear_super_blob())), reason);
  EXPECT_EQ(error_of(host.run(host.store->set_type(StoreType::named("OTHER")))), reason);
  EXPECT_EQ(error_of(host.run(host.store->destroy())), reason);
  EXPECT_EQ(host.counts.changes, before);
}

TEST(ReadOnlyStore, RefusesEveryChange) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId blob = host.create().value();
  ASSERT_TRUE(host.close_and_open(for_reading()));
  expect_every_change_to_be_refused(host, blob, Errc::read_only);
}

TEST(StoreThatWasDestroyed, RefusesEveryChange) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId blob = host.create().value();
  ASSERT_TRUE(host.run(host.store->destroy()));
  expect_every_change_to_be_refused(host, blob, Errc::not_a_store);
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

// A device that writes nothing could not erase a root either, and so none may be looked for.
TEST(FailedCommit, OfACreationWhoseRootWasNotSentNeedsNoErasure) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create());
  const auto before = free_space(host);
  const std::vector<XattrView> xattrs{{.name = "a", .value = kLong}, {.name = "b", .value = kLong}};
  BlobOptions options = of_clusters(3);
  options.xattrs = xattrs;
  host.device.fail_every(IoKind::write);
  EXPECT_EQ(error_of(host.create(options)), Errc::device_failed);
  EXPECT_EQ(free_space(host), before);
}

TEST(FailedCommit, OfACreationThatMayBeOnMediaGivesNothingToOthersBeforeItIsErased) {
  StoreOnDisk host(disk_without_cache());
  host.format_and_open();
  const BlobId other = host.create(of_clusters(1)).value();
  host.device.fail_step(Step::write_root, FailingDevice::Failure::all_done);
  EXPECT_EQ(error_of(host.create(of_clusters(3))), Errc::device_failed);
  ASSERT_TRUE(host.run(host.handle(other)->resize(5)));
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->damaged_blobs().empty());
  EXPECT_EQ(host.store->blob_ids(), std::vector{other});
}

// The extent page on media may name the cluster that the failed write was to have.
TEST(FailedCommit, OfAFirstWriteIsReplacedBeforeItsClusterGoesToOthers) {
  StoreOnDisk host(disk_without_cache());
  host.format_and_open();
  const BlobId id = host.create(thin(600)).value();
  BlobHandle blob = host.handle(id);
  const uint64_t pages_per_cluster = kTestCluster / kTestPage;
  ASSERT_TRUE(host.write_pages(*blob, 0, 1, 1));
  host.device.fail_step(Step::write_extent_page, FailingDevice::Failure::all_done);
  ASSERT_EQ(error_of(host.write_pages(*blob, pages_per_cluster, 1, 1)), Errc::device_failed);
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  ASSERT_TRUE(host.run(blob->sync()));
  ASSERT_TRUE(host.create(of_clusters(kTestClusters - 1)));
  blob = {};
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->damaged_blobs().empty());
  EXPECT_EQ(host.handle(id)->allocated_clusters(), 1U);
}

TEST(FailedSuperBlob, IsForgottenBeforeItsIdIsUsedAgain) {
  StoreOnDisk host(disk_without_cache());
  host.format_and_open();
  const BlobId id = host.create().value();
  host.device.fail_step(Step::write_super, FailingDevice::Failure::all_done);
  EXPECT_EQ(error_of(host.run(host.store->set_super_blob(id))), Errc::device_failed);
  ASSERT_TRUE(host.remove(id));
  EXPECT_EQ(host.create().value(), id);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
}

TEST(Deletion, LeavesASuperblockAloneThatDoesNotNameTheBlob) {
  StoreOnDisk host(disk_without_cache());
  host.format_and_open();
  const uint64_t erasures_of_its_root = 1;
  for (const bool another_is_named : {false, true}) {
    if (another_is_named) {
      ASSERT_TRUE(host.run(host.store->set_super_blob(host.create().value())));
    }
    const BlobId id = host.create().value();
    const uint64_t before = host.counts.changes;
    ASSERT_TRUE(host.remove(id));
    EXPECT_EQ(host.counts.changes, before + erasures_of_its_root) << another_is_named;
  }
}

TEST(Deletion, BesideTheChoiceOfASuperBlobKeepsIt) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId chosen = host.create().value();
  Task<> set = host.store->set_super_blob(chosen);
  Task<> deleted = host.store->delete_blob(host.create().value());
  set.start();
  deleted.start();
  ASSERT_TRUE(host.scheduler.run_until([&] { return set.done() && deleted.done(); }));
  EXPECT_TRUE(set.take_result());
  EXPECT_TRUE(deleted.take_result());
  EXPECT_EQ(host.store->info().super_blob, chosen);
}

TEST(Deletion, OfABlobThatIsToBecomeTheSuperBlobRefusesThat) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create().value();
  Task<> deleted = host.store->delete_blob(id);
  deleted.start();
  EXPECT_EQ(error_of(host.run(host.store->set_super_blob(id))), Errc::busy);
  ASSERT_TRUE(host.scheduler.run_until([&deleted] { return deleted.done(); }));
  EXPECT_TRUE(deleted.take_result());
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
}

// Until its erasure is durable a cut may give the blob back, and nobody may have written into its clusters.
TEST(Deletion, GivesNothingToOthersThatACutCouldGiveBack) {
  std::vector<std::byte> content;
  for (uint64_t page = 0; page < 8; ++page) content.push_back(StoreOnDisk::pattern(1, page));
  bool deleted_first = false;
  for (int events = 0; !deleted_first; ++events) {
    StoreOnDisk host;
    host.format_and_open();
    const XattrView xattr{.name = "to be deleted", .value = {}};
    BlobOptions options = of_clusters(2);
    options.xattrs = {&xattr, 1};
    const BlobId id = host.create(options).value();
    ASSERT_TRUE(host.write_pages(*host.handle(id), 0, content.size(), 1));
    ASSERT_TRUE(host.flush());
    Task<> deleted = host.store->delete_blob(id);
    deleted.start();
    for (int event = 0; event < events; ++event) host.scheduler.step();
    deleted_first = deleted.done();
    Task<BlobId> created = host.store->create_blob(of_clusters(2));
    created.start();
    while (!deleted.done() || !created.done()) {
      expect_at_each_cut(host, [id, &content](StoreOnDisk& after) {
        const Result<BlobHandle> found = after.store->open_blob(id);
        if (found && (*found)->xattr("to be deleted")) {
          EXPECT_EQ(after.read_pages(**found, 0, content.size()), content);
        }
      });
      host.scheduler.step();
    }
    ASSERT_FALSE(HasFailure()) << events;
  }
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

// The redo's erasure is durable by itself, so that nothing asks again between it and the advice to discard.
TEST(StoppedStore, DiscardsNothing) {
  FaultDevice device = fault_devices().back();
  device.volatile_cache = device.fua = device.discard = true;
  const std::size_t shrink_a_thick_blob = 11;
  const FaultScene scene(device, fault_operations()[shrink_a_thick_blob], false);
  int discards_that_were_due = 0;
  for (uint64_t events = 0;; ++events) {
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    const BlobHandle blob = host->handle(scene.target());
    Task<> shrunk = blob->resize(1);
    shrunk.start();
    for (uint64_t event = 0; event < events; ++event) host->scheduler.step();
    if (shrunk.done()) break;
    host->device.fail_every(IoKind::flush);
    EXPECT_FALSE(host->flush());
    const bool waited = !shrunk.done();
    const uint64_t before = host->counts.changes;
    ASSERT_TRUE(host->scheduler.run_until([&shrunk] { return shrunk.done(); }));
    EXPECT_EQ(host->counts.changes, before) << events;
    if (waited && shrunk.take_result()) ++discards_that_were_due;
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

TEST(CleanStore, IsDirtyAfterAnyChange) {
  const FaultDevice device = fault_devices_without_cache()[0];
  for (const Operation& operation : fault_operations()) {
    const FaultScene scene(device, operation, true);
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    ASSERT_TRUE(scene.perform(*host)) << operation.name;
    ASSERT_TRUE(host->open());
    EXPECT_FALSE(host->store->info().was_clean) << operation.name;
  }
}

// Its mark failed, and so did the change. Masks that a close left half-written would stand under a clean one.
TEST(CleanStore, IsMarkedDirtyBeforeItsMasksAreWritten) {
  StoreOnDisk host(disk_without_cache());
  host.format_and_open();
  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.close_and_open());
  host.device.fail_step(Step::write_super, FailingDevice::Failure::nothing_done);
  EXPECT_EQ(error_of(host.create()), Errc::device_failed);
  host.device.fail_step(Step::write_mask, FailingDevice::Failure::nothing_done);
  EXPECT_EQ(error_of(host.run(host.store->close())), Errc::device_failed);
  ASSERT_TRUE(host.open());
  EXPECT_FALSE(host.store->info().was_clean);
}

}  // namespace
}  // namespace holdfast
