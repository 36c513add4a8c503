// SPDX-License-Identifier: BSD-3-Clause
#include "fault_scene.hh"

namespace holdfast {
namespace {

using Failure = FailingDevice::Failure;

// What the program does after an operation failed.
enum class Sequel : uint8_t { retry_and_close, retry_and_drop, close, drop, delete_everything };

std::vector<Sequel> sequels(bool clean) {
  if (clean) return {Sequel::retry_and_close, Sequel::drop, Sequel::delete_everything};
  return {Sequel::retry_and_drop, Sequel::close};
}

void expect_read_only_with_a_reason(StoreOnDisk& host, const FaultScene& scene) {
  const Result<BlobId> refused = host.create();
  ASSERT_EQ(error_of(refused), Errc::read_only);
  EXPECT_NE(std::string_view(refused.error().reason).find("flush failed"), std::string_view::npos);
  EXPECT_EQ(error_of(scene.perform(host)), Errc::read_only);
  EXPECT_EQ(error_of(host.run(host.store->close())), Errc::read_only);
}

void reopen(StoreOnDisk& host, bool close) {
  if (close) {
    ASSERT_TRUE(host.close_and_open());
  } else {
    ASSERT_TRUE(host.open());
  }
}

void expect_retry_to_succeed(StoreOnDisk& host, const FaultScene& scene) {
  const Result<> retried = scene.perform(host);
  EXPECT_TRUE(retried) << describe(retried.error());
  EXPECT_EQ(sight_of(host), scene.after());
}

void expect_sequel(StoreOnDisk& host, const FaultScene& scene, bool succeeded, Sequel sequel) {
  const bool retries = sequel == Sequel::retry_and_close || sequel == Sequel::retry_and_drop;
  const bool closes = sequel == Sequel::retry_and_close || sequel == Sequel::close;
  scene.expect_it_goes_on(host);
  if (sequel == Sequel::delete_everything) return scene.expect_no_leak(host);
  if (retries && !succeeded) expect_retry_to_succeed(host, scene);
  reopen(host, closes);
  const bool happened = scene.expect_whole_or_absent(host);
  EXPECT_TRUE(happened || (!succeeded && !retries));
}

// False: the operation has no request of this number.
bool fail_one(const FaultScene& scene, uint64_t number, Failure failure, Sequel sequel) {
  const std::unique_ptr<StoreOnDisk> host = scene.begin();
  host->device.fail_request(number, failure);
  const Result<> result = scene.perform(*host);
  const bool reached = host->device.failed() > 0;
  host->device.heal();
  if (!reached) {
    EXPECT_TRUE(result);
    return false;
  }
  if (host->store->info().read_only) {
    if (sequel != sequels(scene.clean())[0]) return true;  // all are the same
    EXPECT_FALSE(result);
    expect_read_only_with_a_reason(*host, scene);
    reopen(*host, false);
    scene.expect_whole_or_absent(*host);
  } else {
    expect_sequel(*host, scene, result.has_value(), sequel);
  }
  if (sequel != Sequel::delete_everything) {
    scene.expect_it_goes_on(*host);
    if (sight_of(*host) != scene.after()) expect_retry_to_succeed(*host, scene);
    scene.expect_no_leak(*host);
  }
  return true;
}

class OneFault : public testing::TestWithParam<FaultDevice> {
 protected:
  // Fails each request of what is tried in turn, in both ways, until there is none of that number.
  static void fail_each(const std::string& name, const std::function<bool(uint64_t, Failure)>& try_one) {
    for (const Failure failure : {Failure::nothing_done, Failure::all_done}) {
      uint64_t number = 0;
      while (try_one(number, failure) && !HasFailure()) ++number;
      ASSERT_FALSE(HasFailure()) << name << ", request " << number
                                 << (failure == Failure::all_done ? ", all done" : ", nothing done");
      EXPECT_GT(number, 0U) << name;
    }
  }
  static FaultScene scene_of_a_sync(bool clean) { return {GetParam(), fault_operations()[2], clean}; }
};

TEST_P(OneFault, AtAnyRequestLeavesTheOperationWholeOrAbsentAndTheStoreUsable) {
  for (const Operation& operation : fault_operations()) {
    for (const bool clean : {true, false}) {
      const FaultScene scene(GetParam(), operation, clean);
      for (const Sequel sequel : sequels(clean)) {
        fail_each(scene.name() + ", sequel " + std::to_string(static_cast<int>(sequel)),
                  [&scene, sequel](uint64_t number, Failure failure) {
                    return fail_one(scene, number, failure, sequel);
                  });
      }
    }
  }
}

TEST_P(OneFault, AtAnyRequestOfAnOpenEndsItOrHidesNothingAndChangesNothing) {
  for (const bool clean : {true, false}) {
    const FaultScene scene = scene_of_a_sync(clean);
    fail_each("open", [&scene](uint64_t number, Failure failure) {
      const std::unique_ptr<StoreOnDisk> host = scene.begin();
      host->device.fail_request(number, failure);
      const Result<> opened = host->open();
      const bool failed = host->device.failed() > 0;
      host->device.heal();
      // Masks that cannot be read are not needed, and metadata pages are read again one by one.
      EXPECT_TRUE(opened || failed);
      EXPECT_EQ(host->counts.changes, 0U);
      if (!opened) {
        EXPECT_EQ(opened.error().os_error, EIO);
        EXPECT_TRUE(host->open());
      }
      EXPECT_TRUE(host->store->damaged_blobs().empty());
      EXPECT_EQ(sight_of(*host), scene.before());
      return failed;
    });
  }
}

TEST_P(OneFault, AtAnyRequestOfACloseLeavesTheStoreAsItWas) {
  const FaultScene scene = scene_of_a_sync(false);
  fail_each("close", [&scene](uint64_t number, Failure failure) {
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    host->device.fail_request(number, failure);
    const Result<> closed = host->run(host->store->close());
    EXPECT_EQ(closed.has_value(), host->device.failed() == 0);
    host->device.heal();
    if (closed) return false;
    EXPECT_FALSE(host->run(host->store->close())) << "a second try must not hide the first";
    EXPECT_TRUE(host->open());
    EXPECT_EQ(sight_of(*host), scene.before());
    scene.expect_it_goes_on(*host);
    scene.expect_no_leak(*host);
    return true;
  });
}

TEST_P(OneFault, AtAnyRequestOfADestructionLeavesTheStoreOrNone) {
  const FaultScene scene = scene_of_a_sync(true);
  fail_each("destroy", [&scene](uint64_t number, Failure failure) {
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    host->device.fail_request(number, failure);
    const Result<> destroyed = host->run(host->store->destroy());
    EXPECT_EQ(destroyed.has_value(), host->device.failed() == 0);
    host->device.heal();
    Result<> opened = host->open();
    EXPECT_TRUE(opened || opened.error().code == Errc::not_a_store);
    if (opened) {
      EXPECT_EQ(sight_of(*host), scene.before());
      EXPECT_TRUE(host->run(host->store->destroy()));
      opened = host->open();
    }
    EXPECT_EQ(error_of(opened), Errc::not_a_store);
    return !destroyed.has_value();
  });
}

TEST_P(OneFault, AtAnyRequestOfAFormatOverAStoreLeavesTheOldOneOrNoneOrTheNewOne) {
  const FaultScene scene = scene_of_a_sync(true);
  fail_each("format", [&scene](uint64_t number, Failure failure) {
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    host->drop();
    FormatOptions options = small_store();
    options.replace_existing = true;
    host->device.fail_request(number, failure);
    const Result<> formatted = host->format(options);
    EXPECT_EQ(formatted.has_value(), host->device.failed() == 0);
    host->device.heal();
    const Result<> opened = host->open();
    EXPECT_TRUE(opened || opened.error().code == Errc::not_a_store);
    EXPECT_TRUE(!opened || host->store->blob_ids().empty() || sight_of(*host) == scene.before());
    host->drop();
    EXPECT_TRUE(host->format(options));
    EXPECT_TRUE(host->open());
    EXPECT_TRUE(host->store->blob_ids().empty());
    EXPECT_EQ(host->store->info().free_metadata_pages, kTestPages);
    return !formatted.has_value();
  });
}

// Media name the super blob that the program was told it had not set.
TEST_P(OneFault, OfASuperBlobDoesNotOutliveTheBlob) {
  const FaultScene scene(GetParam(), fault_operations()[17], false);
  const std::unique_ptr<StoreOnDisk> host = scene.begin();
  host->device.fail_request(0, Failure::all_done);
  EXPECT_FALSE(scene.perform(*host));
  scene.expect_no_leak(*host);
}

TEST_P(OneFault, OfASuperBlobIsForgottenAfterAnUncleanEndToo) {
  const FaultScene scene(GetParam(), fault_operations()[17], false);
  const std::unique_ptr<StoreOnDisk> host = scene.begin();
  host->device.fail_request(0, Failure::all_done);
  EXPECT_FALSE(scene.perform(*host));
  for (const BlobId id : host->store->blob_ids()) ASSERT_TRUE(host->remove(id));
  ASSERT_TRUE(host->open());
  EXPECT_FALSE(host->store->info().super_blob);
}

// Media may have lost the blob that the program was told it had not deleted.
TEST_P(OneFault, OfADeletionLeavesMasksThatAgreeWithTheStore) {
  const FaultScene scene(GetParam(), fault_operations()[14], false);
  fail_each("delete", [&scene](uint64_t number, Failure failure) {
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    host->device.fail_request(number, failure);
    const Result<> deleted = scene.perform(*host);
    host->device.heal();
    if (deleted || host->store->info().read_only) return !deleted;
    EXPECT_TRUE(host->close_and_open());
    EXPECT_TRUE(host->store->info().was_clean);
    EXPECT_EQ(sight_of(*host), scene.before());
    return true;
  });
}

// What media may no longer hold cannot be promised to be durable.
TEST_P(OneFault, OfAShrinkingOrDeletionTakesNoWriteThatIsAcknowledgedAfterwards) {
  for (const std::size_t index : {11U, 12U, 14U, 15U}) {
    const FaultScene scene(GetParam(), fault_operations()[index], false);
    fail_each(scene.name(), [&scene](uint64_t number, Failure failure) {
      const std::unique_ptr<StoreOnDisk> host = scene.begin();
      host->device.fail_request(number, failure);
      const Result<> shrunk = scene.perform(*host);
      host->device.heal();
      if (shrunk || host->store->info().read_only) return !shrunk;
      BlobHandle blob = host->handle(scene.target());
      const uint64_t last = blob->size() / kTestPage - 1;
      const Result<> written = host->write_pages(*blob, last, 1, 9);
      if (!written) {
        EXPECT_EQ(written.error().code, Errc::read_only);
        EXPECT_TRUE(host->run(blob->sync()));
        EXPECT_TRUE(host->write_pages(*blob, last, 1, 9));
      }
      EXPECT_TRUE(host->flush());
      blob = {};
      EXPECT_TRUE(host->open());
      EXPECT_EQ(host->read_pages(*host->handle(scene.target()), last, 1),
                std::vector{StoreOnDisk::pattern(9, last)});
      return true;
    });
  }
}

TEST_P(OneFault, InAStoreWithoutFreePagesDoesNotKeepItFromBeingClosed) {
  const FaultScene scene = scene_of_a_sync(false);
  fail_each("sync", [&scene](uint64_t number, Failure failure) {
    const std::unique_ptr<StoreOnDisk> host = scene.begin();
    host->device.fail_request(number, failure);
    const Result<> synced = scene.perform(*host);
    host->device.heal();
    if (synced || host->store->info().read_only) return !synced;
    while (host->create()) continue;
    EXPECT_TRUE(host->close_and_open());
    EXPECT_TRUE(host->store->damaged_blobs().empty());
    scene.expect_no_leak(*host);
    return true;
  });
}

class TwoFaults : public OneFault {};

// What the first try left in doubt, the failure of the second one leaves in doubt.
TEST_P(TwoFaults, OfAnOperationAndOfItsRetryLeaveItWholeOrAbsent) {
  for (const Operation& operation : fault_operations()) {
    const FaultScene scene(GetParam(), operation, false);
    for (uint64_t first = 0; first < 8; ++first) {
      fail_each(scene.name() + ", request " + std::to_string(first) + " and of the retry",
                [&scene, first](uint64_t number, Failure failure) {
                  const std::unique_ptr<StoreOnDisk> host = scene.begin();
                  host->device.fail_request(first, failure);
                  const Result<> tried = scene.perform(*host);
                  host->device.fail_request(number, failure);
                  const Result<> retried = tried ? tried : scene.perform(*host);
                  host->device.heal();
                  if (!tried && !retried) expect_retry_to_succeed(*host, scene);
                  scene.expect_it_goes_on(*host);
                  EXPECT_TRUE(host->close_and_open());
                  EXPECT_TRUE(scene.expect_whole_or_absent(*host));
                  scene.expect_no_leak(*host);
                  return !retried.has_value() || number == 0;
                });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(On, OneFault, testing::ValuesIn(fault_devices()));
INSTANTIATE_TEST_SUITE_P(On, TwoFaults, testing::ValuesIn(fault_devices_without_cache()));

}  // namespace
}  // namespace holdfast
