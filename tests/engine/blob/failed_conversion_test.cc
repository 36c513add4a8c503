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

// What each power cut may leave, on a disk of its own.
void expect_at_every_cut(StoreOnDisk& host, const std::function<void(StoreOnDisk&)>& check) {
  const simdisk::CrashSet cut = host.disk.crash_set();
  simdisk::SeededChoices choices(1);
  simdisk::CombinationCursor combinations(cut, 4096, choices);
  ASSERT_TRUE(combinations.exhaustive());
  std::span<const uint32_t> selection;
  while (combinations.next(selection)) {
    const simdisk::Media::Mark mark = host.media.mark();
    cut.apply(host.media, selection);
    StoreOnDisk after(host.disk.geometry());
    std::vector<std::byte> page(simdisk::kMediaPage);
    for (uint64_t byte = 0; byte < host.media.size(); byte += page.size()) {
      host.media.read(byte, page);
      after.media.write(byte, page, 0);
    }
    host.media.rollback(mark);
    ASSERT_TRUE(after.open());
    check(after);
  }
}

// The torn root is durable, and so is the redo that completes it: until the root is gone, the redo stays.
TEST(TornRoot, IsCompletedOrGoneWhereverItsDeletionIsCut) {
  const FaultScene scene(tearing_device(true), fault_operations()[2], false);
  const std::unique_ptr<StoreOnDisk> host = scene.begin();
  host->device.fail_step(Step::write_root, Failure::half_done);
  ASSERT_EQ(error_of(scene.perform(*host)), Errc::device_failed);
  ASSERT_TRUE(host->flush());
  Task<> deleted = host->store->delete_blob(scene.target());
  deleted.start();
  int gone = 0;
  int there = 0;
  while (!deleted.done()) {
    expect_at_every_cut(*host, [&](StoreOnDisk& after) {
      EXPECT_TRUE(after.store->damaged_blobs().empty());
      const bool found = after.store->open_blob(scene.target()).has_value();
      ++(found ? there : gone);
      if (found) {
        EXPECT_EQ(sight_of(after), scene.after());
      }
    });
    ASSERT_FALSE(testing::Test::HasFailure());
    ASSERT_TRUE(host->scheduler.step());
  }
  EXPECT_TRUE(deleted.take_result());
  EXPECT_GT(gone, 0);
  EXPECT_GT(there, 0);
}

}  // namespace
}  // namespace holdfast
