// SPDX-License-Identifier: BSD-3-Clause
#include "store_on_disk.hh"

namespace holdfast {
namespace {

using Names = std::vector<std::string_view>;

struct BlobXattrs : ::testing::Test {
  BlobXattrs() {
    host.format_and_open();
    id = host.create().value();
    blob = host.handle(id);
  }
  ~BlobXattrs() override { blob = BlobHandle(); }

  void reopen() {
    blob = BlobHandle();
    ASSERT_TRUE(host.open());
    blob = host.handle(id);
  }

  StoreOnDisk host;
  BlobId id;
  BlobHandle blob;
};

TEST_F(BlobXattrs, OverwritingKeepsThePlaceInTheList) {
  for (const std::string_view name : {"c", "a", "b"}) ASSERT_TRUE(blob->set_xattr(name, bytes_of("1")));
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("longer than before")));
  EXPECT_EQ(blob->xattr_names(), (Names{"c", "a", "b"}));
  EXPECT_EQ(text_of(blob->xattr("a")), "longer than before");
  ASSERT_TRUE(host.run(blob->sync()));
  reopen();
  EXPECT_EQ(blob->xattr_names(), (Names{"c", "a", "b"}));
  EXPECT_EQ(text_of(blob->xattr("a")), "longer than before");
}

TEST_F(BlobXattrs, RemovingOneLeavesTheOthers) {
  for (const std::string_view name : {"c", "a", "b"}) ASSERT_TRUE(blob->set_xattr(name, bytes_of(name)));
  ASSERT_TRUE(host.run(blob->sync()));
  ASSERT_TRUE(blob->remove_xattr("a"));
  ASSERT_TRUE(host.run(blob->sync()));
  reopen();
  EXPECT_EQ(blob->xattr_names(), (Names{"c", "b"}));
  EXPECT_EQ(text_of(blob->xattr("b")), "b");
}

TEST_F(BlobXattrs, WhatIsMissingIsNotFound) {
  EXPECT_EQ(error_of(blob->xattr("a")), Errc::not_found);
  EXPECT_EQ(error_of(blob->remove_xattr("a")), Errc::not_found);
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  EXPECT_EQ(error_of(blob->xattr("A")), Errc::not_found);
  ASSERT_TRUE(blob->remove_xattr("a"));
  EXPECT_EQ(error_of(blob->remove_xattr("a")), Errc::not_found);
}

TEST_F(BlobXattrs, NameAndValueMayTakeADescriptorAndNoByteMore) {
  const std::vector<std::byte> largest(4062, std::byte{7});
  EXPECT_TRUE(blob->set_xattr("a", largest));
  EXPECT_EQ(error_of(blob->set_xattr("ab", largest)), Errc::invalid_argument);
  EXPECT_EQ(error_of(blob->set_xattr("a", std::vector<std::byte>(4063))), Errc::invalid_argument);
  EXPECT_EQ(error_of(blob->set_xattr("", bytes_of("1"))), Errc::invalid_argument);
  const std::string longest(4063, 'n');
  EXPECT_TRUE(blob->set_xattr(longest, {}));
  EXPECT_EQ(error_of(blob->set_xattr(longest + "n", {})), Errc::invalid_argument);
  ASSERT_TRUE(host.run(blob->sync()));
  reopen();
  EXPECT_EQ(blob->xattr_names(), (Names{"a", longest}));
  EXPECT_EQ(text_of(blob->xattr("a")), std::string(4062, '\7'));
}

TEST_F(BlobXattrs, TheLimitsHoldForACreationToo) {
  const std::vector<std::byte> largest(4062, std::byte{7});
  const auto creation_error = [this](const XattrView& xattr) {
    BlobOptions options = of_clusters(1);
    options.xattrs = {&xattr, 1};
    return error_of(host.create(options));
  };
  EXPECT_EQ(creation_error({.name = "ab", .value = largest}), Errc::invalid_argument);
  EXPECT_EQ(creation_error({.name = "", .value = {}}), Errc::invalid_argument);
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters);
  EXPECT_EQ(creation_error({.name = "a", .value = largest}), std::nullopt);
}

TEST_F(BlobXattrs, AReopenedStoreDoesNotKnowThemBeforeSync) {
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  reopen();
  EXPECT_TRUE(blob->xattr_names().empty());
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("2")));
  ASSERT_TRUE(host.run(blob->sync()));
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("3")));
  reopen();
  EXPECT_EQ(text_of(blob->xattr("a")), "2");
}

TEST_F(BlobXattrs, SyncIsDurableWhenItIsAcknowledged) {
  ASSERT_TRUE(blob->set_xattr("a", std::vector<std::byte>(4000)));
  ASSERT_TRUE(blob->set_xattr("b", std::vector<std::byte>(4000)));
  ASSERT_TRUE(host.run(blob->sync()));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
}

TEST_F(BlobXattrs, SeveralPagesOfThemSurviveAReopen) {
  const uint64_t free = host.store->info().free_metadata_pages;
  std::vector<std::string> names;
  for (uint8_t i = 0; i < 6; ++i) {
    names.push_back("xattr " + std::to_string(i));
    ASSERT_TRUE(blob->set_xattr(names.back(), std::vector<std::byte>(3000, std::byte{i})));
  }
  ASSERT_TRUE(host.run(blob->sync()));
  EXPECT_EQ(host.store->info().free_metadata_pages, free - 5);
  reopen();
  EXPECT_EQ(host.store->info().free_metadata_pages, free - 5);
  EXPECT_EQ(blob->xattr_names(), Names(names.begin(), names.end()));
  for (uint8_t i = 0; i < 6; ++i) {
    EXPECT_EQ(text_of(blob->xattr(names[i])), std::string(3000, static_cast<char>(i)));
  }
  for (const std::string& name : names) ASSERT_TRUE(blob->remove_xattr(name));
  ASSERT_TRUE(host.run(blob->sync()));
  EXPECT_EQ(host.store->info().free_metadata_pages, free);
}

TEST_F(BlobXattrs, UnsyncedChangesAreForgottenWithTheLastHandle) {
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  ASSERT_TRUE(host.run(blob->sync()));
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("2")));
  ASSERT_TRUE(blob->set_xattr("b", bytes_of("2")));
  BlobHandle other = blob;
  blob = BlobHandle();
  EXPECT_EQ(text_of(other->xattr("a")), "2");
  other = BlobHandle();
  blob = host.handle(id);
  EXPECT_EQ(blob->xattr_names(), Names{"a"});
  EXPECT_EQ(text_of(blob->xattr("a")), "1");
}

TEST_F(BlobXattrs, SyncOfACleanBlobSendsNothing) {
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  ASSERT_TRUE(host.run(blob->sync()));
  const RequestCounts before = host.counts;
  ASSERT_TRUE(host.run(blob->sync()));
  EXPECT_EQ(host.counts.changes, before.changes);
  EXPECT_EQ(host.counts.flushes, before.flushes);
}

TEST_F(BlobXattrs, AChangeDuringASyncBelongsToTheNextOne) {
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  Task<> sync = blob->sync();
  sync.start();
  ASSERT_FALSE(sync.done());
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("2")));
  ASSERT_TRUE(host.scheduler.run_until([&sync] { return sync.done(); }));
  ASSERT_TRUE(sync.take_result());
  EXPECT_EQ(text_of(blob->xattr("a")), "2");
  const uint64_t before = host.counts.changes;
  ASSERT_TRUE(host.run(blob->sync()));
  EXPECT_GT(host.counts.changes, before);
  reopen();
  EXPECT_EQ(text_of(blob->xattr("a")), "2");
}

TEST_F(BlobXattrs, ASyncOutlivesTheHandleThatItWasCalledOn) {
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  Task<> sync = blob->sync();
  sync.start();
  ASSERT_FALSE(sync.done());
  blob = BlobHandle();
  EXPECT_EQ(error_of(host.remove(id)), Errc::busy);
  ASSERT_TRUE(host.scheduler.run_until([&sync] { return sync.done(); }));
  ASSERT_TRUE(sync.take_result());
  blob = host.handle(id);
  EXPECT_EQ(text_of(blob->xattr("a")), "1");
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("2")));
  ASSERT_TRUE(host.run(blob->sync()));
  reopen();
  EXPECT_EQ(text_of(blob->xattr("a")), "2");
}

TEST_F(BlobXattrs, SyncsAtTheSameTimeCommitOnceAfterTheOther) {
  ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
  Task<> first = blob->sync();
  first.start();
  ASSERT_TRUE(blob->set_xattr("b", bytes_of("2")));
  EXPECT_TRUE(host.run(blob->sync()));
  ASSERT_TRUE(first.done());
  EXPECT_TRUE(first.take_result());
  reopen();
  EXPECT_EQ(blob->xattr_names(), (Names{"a", "b"}));
}

TEST_F(BlobXattrs, ACreationRefusesANameTwice) {
  const std::vector<XattrView> twice{{.name = "a", .value = bytes_of("1")},
                                     {.name = "a", .value = bytes_of("2")}};
  BlobOptions options;
  options.xattrs = twice;
  EXPECT_EQ(error_of(host.create(options)), Errc::invalid_argument);
}

}  // namespace
}  // namespace holdfast
