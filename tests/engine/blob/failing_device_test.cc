// SPDX-License-Identifier: BSD-3-Clause
#include <functional>
#include <map>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

// What a caller sees of a store: each blob's size and xattrs.
using Sight = std::map<uint64_t, std::pair<uint64_t, std::map<std::string, std::string>>>;

Sight sight_of(StoreOnDisk& host) {
  Sight sight;
  for (const BlobId id : host.store->blob_ids()) {
    const BlobHandle blob = host.handle(id);
    auto& [clusters, xattrs] = sight[id.value];
    clusters = blob->clusters();
    for (const std::string_view name : blob->xattr_names()) {
      xattrs[std::string(name)] = text_of(blob->xattr(name));
    }
  }
  return sight;
}

// How much of a store its blobs do not take, seen from a fresh open.
std::pair<uint64_t, uint64_t> free_space(const StoreOnDisk& host) {
  const Blobstore::Info info = host.store->info();
  return {info.free_clusters, info.free_metadata_pages};
}

struct FlushFailure : ::testing::Test {
  FlushFailure() {
    host.format_and_open();
    id = host.create(of_clusters(1)).value();
    EXPECT_TRUE(host.write_pages(*host.handle(id), 0, 4, 1));
    EXPECT_TRUE(host.flush());
  }
  void expect_read_only_with_a_reason() {
    EXPECT_TRUE(host.store->info().read_only);
    const Result<BlobId> refused = host.create();
    ASSERT_EQ(error_of(refused), Errc::read_only);
    EXPECT_EQ(refused.error().os_error, EIO);
    EXPECT_NE(std::string_view(refused.error().reason).find("flush failed"), std::string_view::npos);
  }
  void expect_no_changes_but_reads() {
    const uint64_t before = host.counts.changes;
    {
      const BlobHandle blob = host.handle(id);
      EXPECT_EQ(error_of(blob->set_xattr("a", bytes_of("1"))), Errc::read_only);
      EXPECT_EQ(error_of(host.write_pages(*blob, 0, 1, 2)), Errc::read_only);
      EXPECT_EQ(host.read_pages(*blob, 3, 1), std::vector{StoreOnDisk::pattern(1, 3)});
    }
    EXPECT_EQ(error_of(host.remove(id)), Errc::read_only);
    EXPECT_EQ(error_of(host.run(host.store->close())), Errc::read_only);
    EXPECT_EQ(host.counts.changes, before);
  }
  void expect_a_reopen_to_heal() {
    ASSERT_TRUE(host.open());
    EXPECT_FALSE(host.store->info().read_only);
    EXPECT_TRUE(host.create(of_clusters(1)));
    EXPECT_EQ(host.read_pages(*host.handle(id), 3, 1), std::vector{StoreOnDisk::pattern(1, 3)});
    EXPECT_TRUE(host.close_and_open());
  }

  StoreOnDisk host;
  BlobId id;
};

TEST_F(FlushFailure, OfMetadataMakesTheStoreReadOnlyAndSaysWhy) {
  host.device.fail_every(IoKind::flush);
  EXPECT_FALSE(host.create());
  host.device.heal();
  expect_read_only_with_a_reason();
  expect_no_changes_but_reads();
  expect_a_reopen_to_heal();
}

TEST_F(FlushFailure, OfDataMakesTheStoreReadOnlyAndSaysWhy) {
  host.device.fail_every(IoKind::flush);
  EXPECT_EQ(error_of(host.flush()), Errc::device_failed);
  host.device.heal();
  expect_read_only_with_a_reason();
  expect_no_changes_but_reads();
  expect_a_reopen_to_heal();
}

TEST_F(FlushFailure, OfAWriteThroughMakesTheStoreReadOnlyAndSaysWhy) {
  host.device.fail_every(IoKind::flush);
  EXPECT_EQ(error_of(host.write_pages(*host.handle(id), 0, 1, 2, true)), Errc::device_failed);
  host.device.heal();
  expect_read_only_with_a_reason();
  expect_no_changes_but_reads();
  expect_a_reopen_to_heal();
}

// A device may drop what it failed to write and report success the next time.
TEST_F(FlushFailure, IsNotForgottenByTheNextFlush) {
  ASSERT_TRUE(host.write_pages(*host.handle(id), 0, 1, 1));
  host.device.fail_every(IoKind::flush);
  EXPECT_FALSE(host.flush());
  host.device.heal();
  EXPECT_EQ(error_of(host.flush()), Errc::read_only);
}

// Whatever ends after a flush failed has proved nothing; `other` is begun a number of steps before that.
template <class T>
void expect_a_failing_flush_to_spoil(const std::function<Task<T>(StoreOnDisk&)>& other) {
  int spoiled = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    StoreOnDisk host(small_disk(), seed);
    host.format_and_open();
    ASSERT_TRUE(host.create());
    Task<T> task = other(host);
    task.start();
    for (uint64_t i = 0; i < seed % 8 && !task.done(); ++i) ASSERT_TRUE(host.scheduler.step());
    host.device.fail_change(0, FailingDevice::Failure::nothing_done);
    EXPECT_EQ(error_of(host.flush()), Errc::device_failed);
    const bool done_before = task.done();
    ASSERT_TRUE(host.scheduler.run_until([&task] { return task.done(); }));
    const auto expected = done_before ? std::nullopt : std::optional(Errc::read_only);
    EXPECT_EQ(error_of(task.take_result()), expected) << seed;
    spoiled += done_before ? 0 : 1;
    ASSERT_TRUE(host.open());
    EXPECT_TRUE(host.store->damaged_blobs().empty());
  }
  EXPECT_GT(spoiled, 0);
}

TEST(FlushFailureOfData, SpoilsACreationThatIsUnderWay) {
  expect_a_failing_flush_to_spoil<BlobId>(
      [](StoreOnDisk& host) { return host.store->create_blob(of_clusters(1)); });
}

TEST(FlushFailureOfData, SpoilsAFlushThatIsUnderWay) {
  BlobIo io;
  io.kind = BlobIoKind::flush;
  expect_a_failing_flush_to_spoil<void>([&io](StoreOnDisk& host) { return host.channel->perform(io); });
}

TEST_F(FlushFailure, AtOpenOrFormatEndsIt) {
  host.device.fail_every(IoKind::flush);
  EXPECT_FALSE(host.open());
  FormatOptions options = small_store();
  options.replace_existing = true;
  EXPECT_FALSE(host.format(options));
  host.device.heal();
  EXPECT_TRUE(host.format());
}

TEST(WriteFailure, OfDataIsReportedAndTheStoreGoesOn) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobHandle blob = host.handle(host.create(of_clusters(1)).value());
  host.device.fail_every(IoKind::write);
  const Result<> written = host.write_pages(*blob, 0, 1, 1);
  EXPECT_EQ(error_of(written), Errc::device_failed);
  EXPECT_EQ(written.error().os_error, EIO);
  host.device.heal();
  EXPECT_FALSE(host.store->info().read_only);
  EXPECT_TRUE(host.write_pages(*blob, 0, 1, 2));
  EXPECT_EQ(host.read_pages(*blob, 0, 1), std::vector{StoreOnDisk::pattern(2, 0)});
}

// An operation that fails at its kth request, for every k: the store stays usable or becomes read-only, and
// after a reopen every blob is as before or as wanted.
struct Operation {
  const char* name;
  bool clean_before;
  std::function<Result<>(StoreOnDisk&, BlobId)> perform;
};

const std::vector<std::byte> kLong(4000, std::byte{'x'});

Result<> create_large(StoreOnDisk& host, BlobId) {
  const std::vector<XattrView> xattrs{{.name = "a", .value = kLong}, {.name = "b", .value = kLong}};
  BlobOptions options = of_clusters(3);
  options.xattrs = xattrs;
  const Result<BlobId> created = host.create(options);
  return created ? Result<>{} : created.error();
}

Result<> sync_large(StoreOnDisk& host, BlobId id) {
  const BlobHandle blob = host.handle(id);
  HF_CHECK(blob->set_xattr("old", bytes_of("new")));
  HF_CHECK(blob->set_xattr("a", kLong));
  HF_CHECK(blob->set_xattr("b", kLong));
  return host.run(blob->sync());
}

Result<> remove_it(StoreOnDisk& host, BlobId id) { return host.remove(id); }

BlobId prepare(StoreOnDisk& host, const Operation& operation) {
  host.format_and_open();
  const std::vector<XattrView> xattrs{{.name = "old", .value = bytes_of("1")},
                                      {.name = "long", .value = kLong}};
  BlobOptions options = of_clusters(2);
  options.xattrs = xattrs;
  const BlobId id = host.create(options).value();
  EXPECT_TRUE(host.create(of_clusters(1)));
  if (operation.clean_before) {
    EXPECT_TRUE(host.close_and_open());
  }
  return id;
}

struct Ends {
  Sight before;
  Sight after;
  std::map<bool, std::pair<uint64_t, uint64_t>> free;  // whether it happened -> free space
};

Ends ends_of(const DeviceGeometry& geometry, const Operation& operation) {
  StoreOnDisk host(geometry);
  const BlobId id = prepare(host, operation);
  Ends ends;
  ends.before = sight_of(host);
  ends.free[false] = free_space(host);
  EXPECT_TRUE(operation.perform(host, id));
  ends.after = sight_of(host);
  ends.free[true] = free_space(host);
  EXPECT_NE(ends.before, ends.after);
  return ends;
}

void expect_old_or_new(StoreOnDisk& host, const Ends& ends) {
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->damaged_blobs().empty());
  const Sight sight = sight_of(host);
  EXPECT_TRUE(sight == ends.before || sight == ends.after);
  EXPECT_EQ(free_space(host), ends.free.at(sight == ends.after));
}

// False: the operation has no kth request.
bool fail_at(const DeviceGeometry& geometry, const Operation& operation, uint64_t k,
             FailingDevice::Failure failure) {
  const Ends ends = ends_of(geometry, operation);
  StoreOnDisk host(geometry);
  const BlobId id = prepare(host, operation);
  host.device.fail_change(k, failure);
  const Result<> result = operation.perform(host, id);
  if (host.device.failed() == 0) {
    EXPECT_TRUE(result);
    return false;
  }
  EXPECT_FALSE(result);
  host.device.heal();
  if (host.store->info().read_only) {
    EXPECT_EQ(error_of(operation.perform(host, id)), Errc::read_only);
    expect_old_or_new(host, ends);
  } else {
    EXPECT_EQ(result.error().code, Errc::device_failed);
    EXPECT_TRUE(host.remove(host.create(of_clusters(1)).value()));
    expect_old_or_new(host, ends);
  }
  const bool happened = sight_of(host) == ends.after;
  EXPECT_TRUE(happened || operation.perform(host, id));
  EXPECT_EQ(sight_of(host), ends.after);
  EXPECT_EQ(free_space(host), ends.free.at(true));
  EXPECT_TRUE(host.close_and_open());
  EXPECT_EQ(free_space(host), ends.free.at(true));
  return true;
}

TEST(WriteFailure, AtAnyPointOfAnOperationLeavesEveryBlobOldOrNew) {
  for (const bool fua : {false, true}) {
    DeviceGeometry geometry = small_disk();
    geometry.fua = fua;
    for (const bool clean : {false, true}) {
      for (const Operation& operation :
           {Operation{"create", clean, create_large}, Operation{"sync", clean, sync_large},
            Operation{"delete", clean, remove_it}}) {
        for (const auto failure : {FailingDevice::Failure::nothing_done, FailingDevice::Failure::all_done}) {
          uint64_t k = 0;
          while (fail_at(geometry, operation, k, failure) && !::testing::Test::HasFailure()) ++k;
          ASSERT_FALSE(::testing::Test::HasFailure()) << operation.name << " failing at request " << k;
          EXPECT_GE(k, fua && !clean ? 1U : 2U);
        }
      }
    }
  }
}

// The failed root write may have reached media or not: what either
// state owns stays taken until a commit decides.
TEST(WriteFailure, OfARootIsMadeGoodByTheNextSync) {
  for (const auto failure : {FailingDevice::Failure::nothing_done, FailingDevice::Failure::all_done}) {
    for (uint64_t k = 0; k < 5; ++k) {
      StoreOnDisk host;
      const Operation operation{"sync", false, sync_large};
      const BlobId id = prepare(host, operation);
      const uint64_t free = host.store->info().free_metadata_pages;
      {
        const BlobHandle blob = host.handle(id);
        ASSERT_TRUE(blob->set_xattr("a", kLong));
        host.device.fail_change(k, failure);
        const Result<> synced = host.run(blob->sync());
        host.device.heal();
        if (host.store->info().read_only) continue;
        EXPECT_EQ(synced.has_value(), host.device.failed() == 0);
        EXPECT_EQ(text_of(blob->xattr("a")), std::string(4000, 'x'));
        ASSERT_TRUE(host.run(blob->sync()));
      }
      EXPECT_EQ(host.store->info().free_metadata_pages, free - 1);
      ASSERT_TRUE(host.remove(id));
      ASSERT_TRUE(host.open());
      EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages - 1);
    }
  }
}

// Media may hold the larger blob: whoever then asks for the size that the blob has, or for a sync, is told
// that it is durable.
TEST(WriteFailure, OfAGrowthIsMadeGoodByTheNextResizeOrSyncThatSucceeds) {
  for (const bool by_resize : {true, false}) {
    StoreOnDisk host;
    host.format_and_open();
    const BlobId id = host.create(of_clusters(1)).value();
    {
      const BlobHandle blob = host.handle(id);
      host.device.fail_step(Step::write_root, FailingDevice::Failure::all_done);
      EXPECT_EQ(error_of(host.run(blob->resize(3))), Errc::device_failed);
      host.device.heal();
      EXPECT_EQ(blob->clusters(), 1U);
      ASSERT_TRUE(host.run(by_resize ? blob->resize(1) : blob->sync()));
    }
    ASSERT_TRUE(host.open());
    EXPECT_EQ(host.handle(id)->clusters(), 1U) << (by_resize ? "resized" : "synced");
  }
}

TEST(WriteFailure, OfAFormatLeavesNoStoreOrAWholeOne) {
  for (const auto failure : {FailingDevice::Failure::nothing_done, FailingDevice::Failure::all_done}) {
    for (uint64_t k = 0; k < 6; ++k) {
      StoreOnDisk host;
      host.format_and_open();
      ASSERT_TRUE(host.create(of_clusters(1)));
      host.drop();
      FormatOptions options = small_store();
      options.replace_existing = true;
      host.device.fail_change(k, failure);
      EXPECT_FALSE(host.format(options)) << k;
      const Result<> opened = host.open();
      EXPECT_TRUE(opened || opened.error().code == Errc::not_a_store);
      EXPECT_TRUE(!opened || host.store->damaged_blobs().empty());
      host.drop();
      EXPECT_TRUE(host.format(options));
    }
  }
}

TEST(WriteFailure, OfACloseLeavesAStoreThatOpens) {
  for (const auto failure : {FailingDevice::Failure::nothing_done, FailingDevice::Failure::all_done}) {
    for (uint64_t k = 0; k < 6; ++k) {
      StoreOnDisk host;
      host.format_and_open();
      const BlobId id = host.create(of_clusters(1)).value();
      host.device.fail_change(k, failure);
      EXPECT_FALSE(host.run(host.store->close())) << k;
      EXPECT_FALSE(host.run(host.store->close())) << "a second try must not hide the first";
      ASSERT_TRUE(host.open());
      EXPECT_EQ(host.store->blob_ids(), std::vector{id});
      EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 1);
    }
  }
}

}  // namespace
}  // namespace holdfast
