// SPDX-License-Identifier: BSD-3-Clause
#include "store_on_disk.hh"

namespace holdfast {
namespace {

void expect_free(const StoreOnDisk& host, uint64_t clusters, uint64_t pages) {
  EXPECT_EQ(host.store->info().free_clusters, clusters);
  EXPECT_EQ(host.store->info().free_metadata_pages, pages);
}

TEST(StoreExhaustion, ABlobMayTakeEveryClusterAndTheNextOneGetsNone) {
  StoreOnDisk host;
  host.format_and_open();
  EXPECT_EQ(error_of(host.create(of_clusters(kTestClusters + 1))), Errc::no_space);
  EXPECT_EQ(error_of(host.create(of_clusters(~uint64_t{0}))), Errc::no_space);
  expect_free(host, kTestClusters, kTestPages);
  const BlobId all = host.create(of_clusters(kTestClusters)).value();
  expect_free(host, 0, kTestPages - 1);
  EXPECT_EQ(error_of(host.create(of_clusters(1))), Errc::no_space);
  expect_free(host, 0, kTestPages - 1);
  EXPECT_TRUE(host.create(of_clusters(0)));
  ASSERT_TRUE(host.remove(all));
  EXPECT_TRUE(host.create(of_clusters(1)));
}

TEST(StoreExhaustion, WithoutARootPageACreationGivesItsClustersBack) {
  StoreOnDisk host;
  host.format_and_open();
  std::vector<BlobId> ids;
  for (uint32_t i = 0; i < kTestPages; ++i) ids.push_back(host.create().value());
  EXPECT_EQ(error_of(host.create(of_clusters(2))), Errc::no_space);
  expect_free(host, kTestClusters, 0);
  ASSERT_TRUE(host.remove(ids[7]));
  EXPECT_EQ(host.create(of_clusters(2)).value(), ids[7]);
  expect_free(host, kTestClusters - 2, 0);
}

TEST(StoreExhaustion, WithoutChainPagesACreationGivesEverythingBack) {
  StoreOnDisk host;
  host.format_and_open();
  for (uint32_t i = 0; i < kTestPages - 2; ++i) ASSERT_TRUE(host.create());
  const std::vector<std::byte> value(4000);
  const std::vector<XattrView> xattrs{{"a", value}, {"b", value}, {"c", value}};
  BlobOptions options = of_clusters(2);
  options.xattrs = xattrs;
  EXPECT_EQ(error_of(host.create(options)), Errc::no_space);
  expect_free(host, kTestClusters, 2);
  ASSERT_TRUE(host.remove(host.store->blob_ids()[3]));
  ASSERT_TRUE(host.remove(host.store->blob_ids()[3]));
  EXPECT_TRUE(host.create(options));
  expect_free(host, kTestClusters - 2, 1);
}

TEST(StoreExhaustion, WithoutChainPagesASyncKeepsItsChangesForARetry) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create().value();
  while (host.store->info().free_metadata_pages > 1) ASSERT_TRUE(host.create());
  {
    const BlobHandle blob = host.handle(id);
    const std::vector<std::byte> value(4000, std::byte{'x'});
    ASSERT_TRUE(blob->set_xattr("a", value));
    ASSERT_TRUE(blob->set_xattr("b", value));
    ASSERT_TRUE(blob->set_xattr("c", value));
    EXPECT_EQ(error_of(host.run(blob->sync())), Errc::no_space);
    expect_free(host, kTestClusters, 1);
    ASSERT_TRUE(host.remove(host.store->blob_ids().back()));
    EXPECT_TRUE(host.run(blob->sync()));
  }
  expect_free(host, kTestClusters, 0);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(text_of(host.handle(id)->xattr("c")), std::string(4000, 'x'));
}

TEST(StoreExhaustion, CreatingAndDeletingForEverNeverRunsOut) {
  StoreOnDisk host;
  host.format_and_open();
  const std::vector<std::byte> value(4000);
  const std::vector<XattrView> xattrs{{"a", value}, {"b", value}};
  for (int i = 0; i < 300; ++i) {
    BlobOptions options = of_clusters(1);
    if (i % 2 == 0) options.xattrs = xattrs;
    const Result<BlobId> id = host.create(options);
    ASSERT_TRUE(id) << i;
    ASSERT_TRUE(host.remove(*id)) << i;
  }
  expect_free(host, kTestClusters, kTestPages);
}

TEST(StoreExhaustion, SyncingForEverNeverRunsOut) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create().value());
  for (uint8_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(blob->set_xattr("a", std::vector<std::byte>(4000, std::byte{i})));
    ASSERT_TRUE(blob->set_xattr("b", std::vector<std::byte>(4000, std::byte{i})));
    ASSERT_TRUE(host.run(blob->sync())) << int{i};
  }
  expect_free(host, kTestClusters, kTestPages - 2);
}

}  // namespace
}  // namespace holdfast
