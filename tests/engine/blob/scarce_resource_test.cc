// SPDX-License-Identifier: BSD-3-Clause
#include "fault_scene.hh"

namespace holdfast {
namespace {

// Blobs that leave so many metadata pages, or clusters, free.
class Filler {
 public:
  explicit Filler(StoreOnDisk& host) : host_(host) {}

  // False: it cannot be done exactly.
  bool leave_pages(uint64_t pages) {
    const uint64_t before = free_pages();
    if (before < pages) return false;
    create({});
    const uint64_t each = before - free_pages();
    if ((free_pages() - pages) % each != 0) {
      const std::vector<std::byte> value(4000);
      const std::vector<XattrView> xattrs{{.name = "a", .value = value}, {.name = "b", .value = value}};
      BlobOptions longer;
      longer.xattrs = xattrs;
      create(longer);
    }
    while (free_pages() >= pages + each) create({});
    return free_pages() == pages;
  }
  bool leave_clusters(uint64_t clusters) {
    const uint64_t free = host_.store->info().free_clusters;
    if (free < clusters) return false;
    create(of_clusters(free - clusters));
    return host_.store->info().free_clusters == clusters;
  }
  void remove() {
    for (const BlobId id : std::exchange(ids_, {})) EXPECT_TRUE(host_.remove(id));
  }

 private:
  uint64_t free_pages() const { return host_.store->info().free_metadata_pages; }
  void create(const BlobOptions& options) { ids_.push_back(host_.create(options).value()); }

  StoreOnDisk& host_;
  std::vector<BlobId> ids_;
};

std::pair<uint64_t, uint64_t> free_space(const StoreOnDisk& host) {
  const Blobstore::Info info = host.store->info();
  return {info.free_clusters, info.free_metadata_pages};
}

// The operation either succeeds, or ends with this error and has done nothing; when there is enough again, it
// succeeds. True: it succeeded at once.
bool try_in_need(const FaultScene& scene, StoreOnDisk& host, Filler& filler, Errc error) {
  const StoreSight before = sight_of(host);
  const auto free = free_space(host);
  const Result<> result = scene.perform(host);
  if (!result) {
    EXPECT_EQ(result.error().code, error) << describe(result.error());
    EXPECT_EQ(sight_of(host), before);
    EXPECT_EQ(free_space(host), free);
  }
  filler.remove();
  scene.expect_it_goes_on(host);
  if (!result) {
    EXPECT_TRUE(scene.perform(host));
  }
  EXPECT_TRUE(scene.expect_whole_or_absent(host));
  return result.has_value();
}

void expect_reopen_and_no_leak(const FaultScene& scene, StoreOnDisk& host, bool close) {
  EXPECT_TRUE(close ? host.close_and_open() : host.open());
  EXPECT_TRUE(scene.expect_whole_or_absent(host));
  scene.expect_no_leak(host);
}

class Scarcity : public testing::TestWithParam<FaultDevice> {
 protected:
  using Leave = bool (Filler::*)(uint64_t);

  static void expect_each_operation_to_bear(Leave leave) {
    for (const Operation& operation : fault_operations()) {
      const FaultScene scene(GetParam(), operation, false);
      bool enough = false;
      for (uint64_t left = 0; !enough && left < 10; ++left) {
        for (const bool close : {true, false}) {
          const std::unique_ptr<StoreOnDisk> host = scene.begin();
          Filler filler(*host);
          if (!(filler.*leave)(left)) continue;
          enough = try_in_need(scene, *host, filler, Errc::no_space);
          expect_reopen_and_no_leak(scene, *host, close);
          ASSERT_FALSE(HasFailure()) << scene.name() << " with " << left << " left";
        }
      }
      EXPECT_TRUE(enough) << scene.name();
    }
  }
};

TEST_P(Scarcity, OfMetadataPagesEndsAnOperationAndCostsNothing) {
  expect_each_operation_to_bear(&Filler::leave_pages);
}

TEST_P(Scarcity, OfClustersEndsAnOperationAndCostsNothing) {
  expect_each_operation_to_bear(&Filler::leave_clusters);
}

class FrameLimit {
 public:
  explicit FrameLimit(uint64_t frames) noexcept : former_(frame_pool_use().limit) {
    set_frame_pool_limit(frame_pool_use().live + frames);
  }
  FrameLimit(const FrameLimit&) = delete;
  FrameLimit& operator=(const FrameLimit&) = delete;
  ~FrameLimit() { set_frame_pool_limit(former_); }

 private:
  uint64_t former_;
};

// True: there were enough.
bool try_with_frames(const FaultScene& scene, uint64_t frames, bool retry, bool close) {
  const std::unique_ptr<StoreOnDisk> host = scene.begin();
  Result<> result;
  {
    const FrameLimit limit(frames);
    result = scene.perform(*host);
  }
  if (!result) {
    EXPECT_EQ(result.error().code, Errc::no_resources) << describe(result.error());
  }
  EXPECT_FALSE(host->store->info().read_only);
  scene.expect_it_goes_on(*host);
  if (!result && retry) {
    EXPECT_TRUE(scene.perform(*host));
    EXPECT_EQ(sight_of(*host), scene.after());
  }
  if (!result && !retry && close) scene.expect_no_leak(*host);
  if (!result && !retry && !close) {
    EXPECT_TRUE(host->close_and_open());
    scene.expect_whole_or_absent(*host);
    scene.expect_no_leak(*host);
  }
  if (result || retry) expect_reopen_and_no_leak(scene, *host, close);
  return result.has_value();
}

TEST_P(Scarcity, OfFramesEndsAnOperationWholeOrAbsent) {
  for (const Operation& operation : fault_operations()) {
    for (const bool clean : {true, false}) {
      const FaultScene scene(GetParam(), operation, clean);
      bool enough = false;
      for (uint64_t frames = 0; !enough && frames < 30; ++frames) {
        for (const bool retry : {true, false}) {
          for (const bool close : {true, false}) enough = try_with_frames(scene, frames, retry, close);
        }
        ASSERT_FALSE(HasFailure()) << scene.name() << " with " << frames << " frames";
      }
      EXPECT_TRUE(enough) << scene.name();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(On, Scarcity, testing::ValuesIn(fault_devices_without_cache()));

}  // namespace
}  // namespace holdfast
