// SPDX-License-Identifier: BSD-3-Clause
// What stores of this format have done wrong before (docs/bug-corpus.md), stated as what this one does.
#include <functional>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

const std::vector<std::byte> kLong(3000, std::byte{'x'});
const std::vector<XattrView> kTwoLong{{.name = "a", .value = kLong}, {.name = "b", .value = kLong}};

BlobOptions of_two_pages(uint64_t clusters) {
  BlobOptions options = of_clusters(clusters);
  options.xattrs = kTwoLong;
  return options;
}

void expect_one_blob_of_two_pages(StoreOnDisk& host, BlobId id, uint64_t clusters) {
  EXPECT_EQ(host.store->blob_ids(), std::vector{id});
  EXPECT_TRUE(host.store->damaged_blobs().empty());
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters - clusters);
  EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages - 2);
  const BlobHandle blob = host.handle(id);
  EXPECT_EQ(blob->clusters(), clusters);
  EXPECT_EQ(text_of(blob->xattr("b")), std::string(3000, 'x'));
}

TEST(OpenWithAFailingRead, EndsWithAnErrorOrShowsWhatIsThereAndWritesNothing) {
  for (const bool closed : {false, true}) {
    uint64_t k = 0;
    for (;; ++k) {
      StoreOnDisk host;
      host.format_and_open();
      const BlobId id = host.create(of_two_pages(8)).value();
      if (closed) {
        ASSERT_TRUE(host.run(host.store->close()));
      }
      host.drop();
      const uint64_t changes = host.counts.changes;
      host.device.fail_read(k);
      OpenOptions options;
      options.trust_clean_mark = closed;
      const Result<> opened = host.open(options);
      const bool failed = host.device.failed() > 0;
      host.device.heal();
      EXPECT_TRUE(opened || opened.error().code == Errc::device_failed) << k;
      if (opened && host.store->damaged_blobs().empty()) expect_one_blob_of_two_pages(host, id, 8);
      ASSERT_TRUE(host.open());
      expect_one_blob_of_two_pages(host, id, 8);
      EXPECT_EQ(host.counts.changes, changes);
      if (!failed) break;
    }
    EXPECT_GE(k, closed ? 4U : 2U);  // the superblock, the masks if they count, the pages
  }
}

TEST(OpenAfterAnUncleanEnd, WritesNothing) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create(of_two_pages(3)));
  const uint64_t changes = host.counts.changes;
  ASSERT_TRUE(host.open());
  ASSERT_TRUE(host.open());
  EXPECT_FALSE(host.store->info().was_clean);
  EXPECT_EQ(host.counts.changes, changes);
}

// Runs with room for so many tasks more than there are.
Result<> with_frames(uint64_t frames, const std::function<Result<>()>& operation) {
  const FramePoolUse use = frame_pool_use();
  set_frame_pool_limit(use.live + frames);
  const Result<> result = operation();
  set_frame_pool_limit(use.limit);
  return result;
}

Result<> without_value(const Result<BlobId>& result) { return result ? Result<>{} : result.error(); }

using Operation = std::function<Result<>(StoreOnDisk&, BlobId)>;

// With room for no task, for one, for two, and so on until it succeeds.
void expect_to_end_without_frames(const char* name, const Operation& operation) {
  bool succeeded = false;
  uint64_t frames = 0;
  for (; !succeeded && frames < 100; ++frames) {
    StoreOnDisk host;
    host.format_and_open();
    const BlobId id = host.create(of_two_pages(4)).value();
    ASSERT_TRUE(host.close_and_open());
    const Result<> result = with_frames(frames, [&] { return operation(host, id); });
    succeeded = result.has_value();
    EXPECT_TRUE(succeeded || result.error().code == Errc::no_resources) << name << " with " << frames;
    ASSERT_TRUE(host.open()) << name << " with " << frames;
    EXPECT_TRUE(host.store->damaged_blobs().empty());
    EXPECT_TRUE(host.create(of_clusters(1)));
    EXPECT_TRUE(host.close_and_open());
  }
  EXPECT_TRUE(succeeded) << name;
  EXPECT_GT(frames, 2U) << name;
}

TEST(WithoutMemoryForTasks, EveryOperationEndsWithNoResourcesAndHarmsNothing) {
  expect_to_end_without_frames("open", [](StoreOnDisk& host, BlobId) { return host.open(); });
  expect_to_end_without_frames(
      "create", [](StoreOnDisk& host, BlobId) { return without_value(host.create(of_two_pages(2))); });
  expect_to_end_without_frames("delete", [](StoreOnDisk& host, BlobId id) { return host.remove(id); });
  expect_to_end_without_frames("close", [](StoreOnDisk& host, BlobId id) -> Result<> {
    HF_CHECK(host.run(host.store->set_super_blob(id)));
    return host.run(host.store->close());
  });
  expect_to_end_without_frames("sync", [](StoreOnDisk& host, BlobId id) -> Result<> {
    const BlobHandle blob = host.handle(id);
    HF_CHECK(blob->set_xattr("c", kLong));
    return host.run(blob->sync());
  });
  expect_to_end_without_frames("resize", [](StoreOnDisk& host, BlobId id) -> Result<> {
    const BlobHandle blob = host.handle(id);
    HF_CHECK(host.run(blob->resize(6)));
    return host.run(blob->resize(2));
  });
  expect_to_end_without_frames("first write", [](StoreOnDisk& host, BlobId) -> Result<> {
    HF_TRY(const BlobId id, host.create(thin(2)));
    return host.write_pages(*host.handle(id), 0, 1, 1);
  });
}

TEST(CloseOfAStore, NeedsNothingThatItReadsFromMedia) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_two_pages(5)).value();
  host.media.write(0, std::vector<std::byte>(kTestPage, std::byte{0x5A}), 0);
  host.device.fail_every(IoKind::read);
  ASSERT_TRUE(host.run(host.store->close()));
  host.device.heal();
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->info().was_clean);
  expect_one_blob_of_two_pages(host, id, 5);
}

TEST(AStoreOnADeviceThatHasGrown, KeepsItsSize) {
  DeviceGeometry grown = small_disk();
  grown.block_count *= 4;
  StoreOnDisk host(grown);
  simdisk::Disk before(small_disk(), {host.media, host.scheduler, host.digest});
  ASSERT_TRUE(host.run(Blobstore::format(before, host.home, small_store())));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().total_clusters, kTestClusters);
  EXPECT_EQ(error_of(host.create(of_clusters(kTestClusters + 1))), Errc::no_space);
  const BlobId id = host.create(of_clusters(kTestClusters)).value();
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.store->info().total_clusters, kTestClusters);
  EXPECT_EQ(host.store->info().free_clusters, 0U);
  host.drop();
  const auto store = host.run(Blobstore::open(before, host.home, {}));
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->blob_ids(), std::vector{id});
}

TEST(ABlob, ChangedAfterEveryReopenTakesNoMorePages) {
  for (const bool closed : {false, true}) {
    StoreOnDisk host;
    host.format_and_open();
    const BlobId id = host.create(of_two_pages(1)).value();
    for (uint8_t i = 0; i < 40; ++i) {
      ASSERT_TRUE(closed ? host.close_and_open() : host.open());
      const BlobHandle blob = host.handle(id);
      ASSERT_TRUE(blob->set_xattr("a", std::vector<std::byte>(3000, std::byte{i})));
      ASSERT_TRUE(host.run(blob->sync()));
      ASSERT_EQ(host.store->info().free_metadata_pages, kTestPages - 2) << int{i};
    }
    ASSERT_TRUE(host.remove(id));
    EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages);
  }
}

TEST(AThinBlob, OfManyHolesTakesOnePage) {
  for (const ExtentFormat extents : {ExtentFormat::runs, ExtentFormat::table}) {
    StoreOnDisk host;
    host.format_and_open();
    const BlobId id = host.create(thin(262144, extents)).value();
    EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages - 1);
    EXPECT_EQ(host.store->info().free_clusters, kTestClusters);
    ASSERT_TRUE(host.open());
    EXPECT_EQ(host.handle(id)->clusters(), 262144U);
    ASSERT_TRUE(host.run(host.handle(id)->resize(3)));
    ASSERT_TRUE(host.close_and_open());
    EXPECT_EQ(host.handle(id)->clusters(), 3U);
  }
}

TEST(LongXattrs, AreRefusedAndNeverCutShort) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create().value());
  for (const uint64_t length : {4063U, 4096U, 65535U, 65536U, 65537U, 70000U}) {
    const std::vector<std::byte> value(length, std::byte{1});
    EXPECT_EQ(error_of(blob->set_xattr("a", value)), Errc::invalid_argument) << length;
    EXPECT_EQ(error_of(blob->set_xattr(std::string(length + 1, 'n'), {})), Errc::invalid_argument);
    const XattrView xattr{.name = "a", .value = value};
    BlobOptions options;
    options.xattrs = {&xattr, 1};
    EXPECT_EQ(error_of(host.create(options)), Errc::invalid_argument) << length;
  }
  EXPECT_TRUE(blob->xattr_names().empty());
  EXPECT_TRUE(host.run(blob->sync()));
  EXPECT_EQ(host.store->blob_ids().size(), 1U);
}

TEST(TheSuperBlobAndTheType, StayOverEveryKindOfReopen) {
  StoreOnDisk host;
  FormatOptions options = small_store();
  options.type = StoreType::named("LVOLSTORE");
  ASSERT_TRUE(host.format(options));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
  const BlobId id = host.create().value();
  ASSERT_TRUE(host.run(host.store->set_super_blob(id)));
  for (const bool closed : {false, true, true, false}) {
    ASSERT_TRUE(closed ? host.close_and_open() : host.open());
    EXPECT_EQ(host.store->info().super_blob, id);
    EXPECT_EQ(host.store->info().type, options.type);
    ASSERT_TRUE(host.create());
  }
  ASSERT_TRUE(host.run(host.store->set_type(StoreType::named("BLOBFS"))));
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.store->info().super_blob, id);
  EXPECT_EQ(host.store->info().type, StoreType::named("BLOBFS"));
}

TEST(TheSuperBlob, IsForgottenWhenItIsDeletedAndItsIdUsedAgain) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create().value();
  ASSERT_TRUE(host.run(host.store->set_super_blob(id)));
  ASSERT_TRUE(host.remove(id));
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
  EXPECT_EQ(host.create().value(), id);
  for (const bool closed : {false, true}) {
    ASSERT_TRUE(closed ? host.close_and_open() : host.open());
    EXPECT_EQ(host.store->info().super_blob, std::nullopt);
  }
}

TEST(ADiscardThatFails, SpoilsNeitherADeleteNorAShrink) {
  DeviceGeometry geometry = small_disk();
  geometry.discard = true;
  StoreOnDisk host(geometry);
  host.format_and_open();
  const BlobId one = host.create(of_clusters(4)).value();
  const BlobId other = host.create(of_clusters(4)).value();
  host.device.fail_every(IoKind::discard);
  EXPECT_TRUE(host.remove(one));
  EXPECT_TRUE(host.run(host.handle(other)->resize(1)));
  EXPECT_EQ(host.device.failed(), 2U);
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 1);
  EXPECT_FALSE(host.store->info().read_only);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 1);
}

}  // namespace
}  // namespace holdfast
