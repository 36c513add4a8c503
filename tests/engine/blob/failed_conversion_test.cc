// SPDX-License-Identifier: BSD-3-Clause
// A root with descriptors on a device that may tear it becomes a pointer root, by a redo on a page of its
// own. What follows on a conversion that failed: another try, a deletion, or another session.
#include "fault_scene.hh"

namespace holdfast {
namespace {

using Failure = FailingDevice::Failure;

FaultDevice tearing_device(bool volatile_cache) {
  return {.name = "converted to sectors",
          .atomic_write_size = 512,
          .written_by = 4096,
          .volatile_cache = volatile_cache,
          .fua = false,
          .discard = false};
}

// The pool gives this many frames less than are in use when the nth request arrives.
class FrameShortage {
 public:
  FrameShortage(StoreOnDisk& host, uint64_t request, uint64_t frames) : former_(frame_pool_use().limit) {
    host.device.at_request(request, [frames] { set_frame_pool_limit(frame_pool_use().live - frames); });
  }
  FrameShortage(const FrameShortage&) = delete;
  FrameShortage& operator=(const FrameShortage&) = delete;
  ~FrameShortage() { set_frame_pool_limit(former_); }

 private:
  uint64_t former_;
};

class FailedConversion : public testing::TestWithParam<std::tuple<Step, Failure>> {
 protected:
  using Act = Result<> (*)(const FaultScene&, StoreOnDisk&);
  static Result<> perform(const FaultScene& scene, StoreOnDisk& host) { return scene.perform(host); }
  static Result<> remove(const FaultScene& scene, StoreOnDisk& host) { return host.remove(scene.target()); }

  static std::unique_ptr<StoreOnDisk> begin(const FaultScene& scene) {
    std::unique_ptr<StoreOnDisk> host = scene.begin();
    const auto [step, failure] = GetParam();
    host->device.fail_step(step, failure);
    EXPECT_EQ(error_of(scene.perform(*host)), Errc::device_failed);
    host->device.heal();
    return host;
  }
  // The same, seen by the next session.
  static std::unique_ptr<StoreOnDisk> begin_and_reopen(const FaultScene& scene) {
    std::unique_ptr<StoreOnDisk> host = begin(scene);
    EXPECT_TRUE(host->open());
    return host;
  }
  using Begin = std::unique_ptr<StoreOnDisk> (*)(const FaultScene& scene);

  // Fails each request of the act in turn, in every way, until there is none of that number.
  void expect_to_bear_faults(Begin begun, Act act, bool goes_on) const {
    for (const Failure failure : {Failure::nothing_done, Failure::half_done, Failure::all_done}) {
      bool reached = true;
      for (uint64_t number = 0; reached; ++number) {
        const std::unique_ptr<StoreOnDisk> host = begun(scene);
        host->device.fail_request(number, failure);
        const uint64_t failed = host->device.failed();
        const Result<> result = act(scene, *host);
        reached = host->device.failed() > failed;
        host->device.heal();
        EXPECT_TRUE(reached || result);
        expect_end(*host, act, result.has_value(), goes_on);
        ASSERT_FALSE(HasFailure()) << "request " << number << ", failure " << static_cast<int>(failure);
      }
    }
  }
  // Frames run out at each request of the act in turn, and come back after it.
  void expect_to_bear_frame_shortage(Begin begun, Act act) const {
    int shortages = 0;
    for (uint64_t number = 0; number < 10; ++number) {
      for (uint64_t frames = 0; frames < 8; ++frames) {
        const std::unique_ptr<StoreOnDisk> host = begun(scene);
        Result<> result;
        {
          const FrameShortage shortage(*host, number, frames);
          result = act(scene, *host);
        }
        host->device.heal();
        if (!result) {
          EXPECT_EQ(result.error().code, Errc::no_resources);
          ++shortages;
        }
        expect_end(*host, act, result.has_value(), true);
        ASSERT_FALSE(HasFailure()) << "request " << number << ", " << frames << " frames less";
      }
    }
    EXPECT_GT(shortages, 0);
  }
  void expect_end(StoreOnDisk& host, Act act, bool succeeded, bool goes_on) const {
    if (!goes_on) {
      EXPECT_TRUE(host.open());
    }
    expect_converted_or_not_or_gone(host);
    if (!succeeded && goes_on) {
      EXPECT_TRUE(act(scene, host));
    }
    scene.expect_no_leak(host);
  }
  void expect_converted_or_not_or_gone(StoreOnDisk& host) const {
    EXPECT_TRUE(host.store->damaged_blobs().empty());
    const StoreSight sight = sight_of(host);
    const auto target = sight.blobs.find(scene.target().value);
    if (target == sight.blobs.end()) return;
    EXPECT_TRUE(sight == scene.before() || sight == scene.after());
  }

  const FaultScene scene{tearing_device(false), fault_operations()[2], false};
};

// The redo of the first try is gone, too.
TEST_P(FailedConversion, IsDoneByTheNextTryAndLeavesNothing) {
  const std::unique_ptr<StoreOnDisk> host = begin(scene);
  ASSERT_TRUE(scene.perform(*host));
  EXPECT_EQ(sight_of(*host), scene.after());
  scene.expect_no_leak(*host);
}

// What the next try puts on media may complete a root that the first one tore.
TEST_P(FailedConversion, BearsAFaultOfTheNextTry) {
  expect_to_bear_faults(begin, perform, true);
  expect_to_bear_faults(begin, perform, false);
}

// A torn root without its redo would be a damaged blob.
TEST_P(FailedConversion, BearsAFaultOfTheDeletionOfItsBlob) {
  expect_to_bear_faults(begin, remove, true);
  expect_to_bear_faults(begin, remove, false);
}

TEST_P(FailedConversion, BearsAFaultOfTheNextSession) {
  expect_to_bear_faults(begin_and_reopen, perform, true);
  expect_to_bear_faults(begin_and_reopen, perform, false);
}

TEST_P(FailedConversion, BearsAWantOfFrames) {
  expect_to_bear_frame_shortage(begin, perform);
  expect_to_bear_frame_shortage(begin, remove);
  expect_to_bear_frame_shortage(begin_and_reopen, perform);
}

INSTANTIATE_TEST_SUITE_P(
    At, FailedConversion,
    testing::Combine(testing::Values(Step::write_chain, Step::write_root, Step::erase_redo),
                     testing::Values(Failure::nothing_done, Failure::half_done, Failure::all_done)));

// A root that is torn on media, and the redo that completes it.
class TornRoot : public testing::Test {
 protected:
  TornRoot() {
    host->device.fail_step(Step::write_root, Failure::half_done);
    EXPECT_EQ(error_of(scene.perform(*host)), Errc::device_failed);
    EXPECT_TRUE(host->flush());
  }

  // How many cuts leave the blob, and how many leave none.
  std::pair<int, int> cut_everywhere(Task<>& change) {
    std::pair<int, int> left;
    change.start();
    while (!change.done()) {
      expect_at_each_cut(*host, [&](StoreOnDisk& after) {
        EXPECT_TRUE(after.store->damaged_blobs().empty());
        const StoreSight sight = sight_of(after);
        const auto found = sight.blobs.find(scene.target().value);
        ++(found != sight.blobs.end() ? left.first : left.second);
        if (found != sight.blobs.end()) {
          EXPECT_EQ(found->second, scene.after().blobs.at(scene.target().value));
        }
      });
      host->scheduler.step();
    }
    EXPECT_TRUE(change.take_result());
    return left;
  }

  const FaultScene scene{tearing_device(true), fault_operations()[2], false};
  const std::unique_ptr<StoreOnDisk> host = scene.begin();
};

TEST_F(TornRoot, IsCompletedOrGoneWhereverItsDeletionIsCut) {
  Task<> deleted = host->store->delete_blob(scene.target());
  const auto [there, gone] = cut_everywhere(deleted);
  EXPECT_GT(there, 0);
  EXPECT_GT(gone, 0);
}

// Two redos complete it, and the chain that either names is there. The pages of blobs that are gone let the
// new one be found first.
TEST_F(TornRoot, IsCompletedWhereverTheNextTryIsCut) {
  for (const BlobId id : host->store->blob_ids()) {
    if (id != scene.target()) {
      ASSERT_TRUE(host->remove(id));
    }
  }
  const BlobHandle blob = host->handle(scene.target());
  ASSERT_TRUE(blob->set_xattr("old", bytes_of("2")));
  Task<> synced = blob->sync();
  const auto [there, gone] = cut_everywhere(synced);
  EXPECT_GT(there, 0);
  EXPECT_EQ(gone, 0);
}

}  // namespace
}  // namespace holdfast
