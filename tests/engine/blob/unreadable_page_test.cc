// SPDX-License-Identifier: BSD-3-Clause
// Metadata pages that the device does not give.
#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kFirstPage = 4;  // behind the superblock and three masks
const std::vector<std::byte> kLong(3000, std::byte{'x'});

struct UnreadablePage : ::testing::TestWithParam<bool> {
  UnreadablePage() {
    host.format_and_open();
    const std::vector<XattrView> xattrs{{.name = "a", .value = kLong}, {.name = "b", .value = kLong}};
    BlobOptions options = of_clusters(2);
    options.xattrs = xattrs;
    first = host.create(options).value();   // on pages 0 and 1
    second = host.create(options).value();  // on pages 2 and 3
    EXPECT_TRUE(host.write_pages(*host.handle(second), 0, 8, 1));
    EXPECT_TRUE(host.flush());
    if (GetParam()) {
      EXPECT_TRUE(host.run(host.store->close()));
    }
    host.drop();
  }
  void open_without(uint64_t page, uint64_t pages = 1) {
    host.device.fail_reads_of(kFirstPage + page, pages);
    OpenOptions options;
    options.trust_clean_mark = GetParam();
    ASSERT_TRUE(host.open(options));
  }
  void expect_only(BlobId intact, BlobId damaged) {
    EXPECT_EQ(host.store->blob_ids(), std::vector{intact});
    ASSERT_EQ(host.store->damaged_blobs().size(), 1U);
    EXPECT_EQ(host.store->damaged_blobs()[0].id, damaged);
    EXPECT_EQ(error_of(host.store->open_blob(damaged)), Errc::corrupt);
    EXPECT_EQ(text_of(host.handle(intact)->xattr("b")), std::string(3000, 'x'));
  }
  void expect_nothing_given_out_and_everything_back() {
    EXPECT_EQ(error_of(host.create(of_clusters(1))), Errc::corrupt);
    EXPECT_TRUE(host.run(host.store->close()));
    host.device.heal();
    ASSERT_TRUE(host.open());
    EXPECT_TRUE(host.store->damaged_blobs().empty());
    EXPECT_EQ(host.store->blob_ids(), (std::vector{first, second}));
    EXPECT_EQ(host.read_pages(*host.handle(second), 7, 1), std::vector{StoreOnDisk::pattern(1, 7)});
    EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages - 4);
  }

  StoreOnDisk host;
  BlobId first;
  BlobId second;
};

TEST_P(UnreadablePage, ThatIsARootHidesItsBlobAlone) {
  open_without(2);
  expect_only(first, second);
  expect_nothing_given_out_and_everything_back();
}

TEST_P(UnreadablePage, OfAChainDamagesItsBlobAlone) {
  open_without(1);
  expect_only(second, first);
  expect_nothing_given_out_and_everything_back();
}

// Where a clean mark is trusted, pages that nothing needs are not read.
TEST_P(UnreadablePage, OfNoBlobHidesNone) {
  open_without(17);
  EXPECT_EQ(host.store->blob_ids(), (std::vector{first, second}));
  const bool clean = GetParam();
  EXPECT_EQ(host.store->damaged_blobs().size(), clean ? 0U : 1U);
  if (!clean) expect_nothing_given_out_and_everything_back();
}

TEST_P(UnreadablePage, OneBesideTheOtherAreCountedOneByOne) {
  open_without(1, 2);
  EXPECT_TRUE(host.store->blob_ids().empty());
  EXPECT_EQ(host.store->damaged_blobs().size(), 2U);
  expect_nothing_given_out_and_everything_back();
}

INSTANTIATE_TEST_SUITE_P(Of, UnreadablePage, testing::Bool(),
                         [](const auto& store) { return store.param ? "ACleanStore" : "ADirtyStore"; });

// A root that is written over is a blob that is lost.
TEST(UnreadableRoot, IsNotGivenOutWhereSpaceBesideDamageIs) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create());
  const XattrView xattr{.name = "k", .value = bytes_of("v")};
  BlobOptions options;
  options.xattrs = {&xattr, 1};
  const BlobId unreadable = host.create(options).value();
  host.device.fail_reads_of(kFirstPage + 1, 1);
  OpenOptions beside_damage;
  beside_damage.allocate_beside_damage = true;
  ASSERT_TRUE(host.open(beside_damage));
  while (host.create()) continue;
  host.device.heal();
  ASSERT_TRUE(host.open());
  EXPECT_EQ(text_of(host.handle(unreadable)->xattr("k")), "v");
}

TEST(UnreadablePages, OfTheWholeRegionAreTheDevicesFailure) {
  StoreOnDisk host;
  FormatOptions options = small_store();
  options.metadata_pages = 100;
  ASSERT_TRUE(host.format(options));
  ASSERT_TRUE(host.open());
  ASSERT_TRUE(host.create(of_clusters(1)));
  host.device.fail_reads_of(kFirstPage, 100);
  EXPECT_EQ(error_of(host.open()), Errc::device_failed);
  host.device.heal();
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->blob_ids().size(), 1U);
}

}  // namespace
}  // namespace holdfast
