// SPDX-License-Identifier: BSD-3-Clause
#include <set>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

TEST(BlobLifecycle, ABlobHasItsSizeAndItsXattrsFromTheStart) {
  StoreOnDisk host;
  host.format_and_open();
  const std::vector<XattrView> xattrs{{.name = "b", .value = bytes_of("1")}, {.name = "a", .value = {}}};
  BlobOptions options = of_clusters(3);
  options.xattrs = xattrs;
  const BlobId id = host.create(options).value();
  EXPECT_EQ(host.store->blob_ids(), std::vector{id});
  const auto expect_it = [&host, id] {
    const BlobHandle blob = host.handle(id);
    EXPECT_EQ(blob->id(), id);
    EXPECT_EQ(blob->clusters(), 3U);
    EXPECT_EQ(blob->size(), 3U * kTestCluster);
    EXPECT_FALSE(blob->thin());
    EXPECT_FALSE(blob->read_only());
    EXPECT_EQ(blob->xattr_names(), (std::vector<std::string_view>{"b", "a"}));
    EXPECT_EQ(text_of(blob->xattr("b")), "1");
    EXPECT_EQ(text_of(blob->xattr("a")), "");
  };
  expect_it();
  ASSERT_TRUE(host.open());
  expect_it();
}

TEST(BlobLifecycle, ACreationIsDurableWhenItIsAcknowledged) {
  StoreOnDisk host;
  host.format_and_open();
  ASSERT_TRUE(host.create(of_clusters(2)));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
}

TEST(BlobLifecycle, ADeleteIsDurableWhenItIsAcknowledged) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(2)).value();
  ASSERT_TRUE(host.remove(id));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
  EXPECT_TRUE(host.store->blob_ids().empty());
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->blob_ids().empty());
}

TEST(BlobLifecycle, TwoHandlesOfABlobShowTheSameBlob) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create().value();
  const BlobHandle one = host.handle(id);
  const BlobHandle two = host.handle(id);
  ASSERT_TRUE(one->set_xattr("a", bytes_of("1")));
  EXPECT_EQ(text_of(two->xattr("a")), "1");
}

TEST(BlobLifecycle, ABlobIsBusyUntilItsLastHandleIsGone) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  BlobHandle one = host.handle(id);
  BlobHandle two = one;
  one = BlobHandle();
  EXPECT_EQ(error_of(host.remove(id)), Errc::busy);
  BlobHandle moved = std::move(two);
  EXPECT_EQ(error_of(host.remove(id)), Errc::busy);
  moved = BlobHandle();
  EXPECT_TRUE(host.remove(id));
}

TEST(BlobLifecycle, WhatIsNotThereIsNotFound) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create().value();
  ASSERT_TRUE(host.remove(id));
  for (const BlobId missing : {id, BlobId{0}, BlobId{id.value & ~kBlobIdFlag}, BlobId{~uint64_t{0}}}) {
    EXPECT_EQ(error_of(host.store->open_blob(missing)), Errc::not_found);
    EXPECT_EQ(error_of(host.remove(missing)), Errc::not_found);
  }
}

TEST(BlobLifecycle, AnIdIsUsedAgainAndBringsNothingBack) {
  StoreOnDisk host;
  host.format_and_open();
  const std::vector<XattrView> xattrs{{.name = "old", .value = bytes_of("1")}};
  BlobOptions options = of_clusters(2);
  options.xattrs = xattrs;
  const BlobId first = host.create(options).value();
  ASSERT_TRUE(host.remove(first));
  const BlobId second = host.create(of_clusters(1)).value();
  EXPECT_EQ(first, second);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(host.handle(second)->xattr_names().empty());
    EXPECT_EQ(host.handle(second)->clusters(), 1U);
    ASSERT_TRUE(host.open());
  }
}

TEST(BlobLifecycle, ABlobCannotBeOpenedWhileItIsBeingDeletedNorDeletedTwice) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  Task<> first = host.store->delete_blob(id);
  first.start();
  ASSERT_TRUE(host.scheduler.step());
  ASSERT_FALSE(first.done());
  EXPECT_EQ(error_of(host.store->open_blob(id)), Errc::busy);
  EXPECT_EQ(error_of(host.remove(id)), Errc::busy);
  EXPECT_TRUE(host.scheduler.run_until([&first] { return first.done(); }));
  EXPECT_TRUE(first.take_result());
  EXPECT_EQ(error_of(host.store->open_blob(id)), Errc::not_found);
}

TEST(BlobLifecycle, CreationsAtTheSameTimeShareNothing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    StoreOnDisk host(small_disk(), seed);
    host.format_and_open();
    std::vector<Task<BlobId>> tasks;
    for (int i = 0; i < 6; ++i) tasks.push_back(host.store->create_blob(of_clusters(2)));
    for (Task<BlobId>& task : tasks) task.start();
    std::set<BlobId> ids;
    for (Task<BlobId>& task : tasks) {
      ASSERT_TRUE(host.scheduler.run_until([&task] { return task.done(); }));
      ids.insert(task.take_result().value());
    }
    EXPECT_EQ(ids.size(), 6U);
    ASSERT_TRUE(host.open());
    EXPECT_EQ(host.store->blob_ids(), std::vector(ids.begin(), ids.end()));
    EXPECT_TRUE(host.store->damaged_blobs().empty());
    EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 12);
  }
}

}  // namespace
}  // namespace holdfast
