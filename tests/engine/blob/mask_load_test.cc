// SPDX-License-Identifier: BSD-3-Clause
#include "fault_scene.hh"
#include "super_on_media.hh"

namespace holdfast {
namespace {

OpenOptions by_masks() {
  OpenOptions options;
  options.trust_clean_mark = true;
  return options;
}

constexpr uint64_t kMaskHeader = 5;

// A bit of a mask, as it lies on media.
struct MaskBit {
  uint64_t byte = 0;
  std::byte bit{};

  MaskBit(uint32_t mask_start, uint64_t number)
      : byte(uint64_t{mask_start} * kTestPage + kMaskHeader + number / 8),
        bit(std::byte{1} << (number % 8)) {}
  bool is_set(const simdisk::Media& media) const {
    std::byte found{};
    media.read(byte, {&found, 1});
    return (found & bit) != std::byte{0};
  }
  void flip(simdisk::Media& media) const {
    std::byte changed{};
    media.read(byte, {&changed, 1});
    changed ^= bit;
    media.write(byte, {&changed, 1}, 0);
  }
};

// A store that was closed, with a blob of several pages, a thin one with an extent page, and a deleted one.
struct StoreWithMasks : testing::Test {
  StoreWithMasks() {
    host.format_and_open();
    const std::vector<std::byte> value(4000, std::byte{'x'});
    const std::vector<XattrView> xattrs{{.name = "a", .value = value}, {.name = "b", .value = value}};
    BlobOptions options = of_clusters(3);
    options.xattrs = xattrs;
    EXPECT_TRUE(host.create(options));
    const BlobId deleted = host.create(of_clusters(2)).value();
    BlobOptions thin = of_clusters(8);
    thin.thin = true;
    EXPECT_TRUE(host.write_pages(*host.handle(host.create(thin).value()), 5, 4, 3));
    EXPECT_TRUE(host.remove(deleted));
    sight = sight_of(host);
    free = free_space();
    EXPECT_TRUE(host.run(host.store->close()));
    host.drop();
    super = super_on(host.media);
  }

  std::pair<uint64_t, uint64_t> free_space() const {
    const Blobstore::Info info = host.store->info();
    return {info.free_clusters, info.free_metadata_pages};
  }
  uint64_t used_pages() const { return kTestPages - free.second; }
  void expect_a_full_replay_to_a_correct_store() {
    ASSERT_TRUE(host.open(by_masks()));
    EXPECT_FALSE(host.store->info().read_by_masks);
    EXPECT_TRUE(host.store->damaged_blobs().empty());
    EXPECT_EQ(sight_of(host), sight);
    EXPECT_EQ(free_space(), free);
    host.drop();
  }

  StoreOnDisk host;
  SuperBlock super;
  StoreSight sight;
  std::pair<uint64_t, uint64_t> free;
};

TEST_F(StoreWithMasks, IsReadInFullUnlessItsCleanMarkIsTrusted) {
  const uint64_t before = host.counts.blocks_read;
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.store->info().was_clean);
  EXPECT_FALSE(host.store->info().read_by_masks);
  EXPECT_EQ(host.counts.blocks_read - before, 1 + kTestPages);
  EXPECT_EQ(sight_of(host), sight);
}

TEST_F(StoreWithMasks, IsReadByItsMasksAndNoPageThatIsFree) {
  const uint64_t before = host.counts.blocks_read;
  ASSERT_TRUE(host.open(by_masks()));
  EXPECT_TRUE(host.store->info().read_by_masks);
  EXPECT_EQ(host.counts.blocks_read - before, 4 + used_pages());  // the superblock and three masks
  EXPECT_EQ(sight_of(host), sight);
  EXPECT_EQ(free_space(), free);
}

TEST_F(StoreWithMasks, KeepsTheBitsOfItsMasksThatNobodyOwnsUntilAnUncleanEnd) {
  MaskBit(super.used_page_mask_start, kTestPages - 1).flip(host.media);
  MaskBit(super.used_cluster_mask_start, 6 + kTestClusters - 1).flip(host.media);
  const std::pair leaked(free.first - 1, free.second - 1);
  ASSERT_TRUE(host.open(by_masks()));
  EXPECT_TRUE(host.store->info().read_by_masks);
  EXPECT_EQ(free_space(), leaked);
  EXPECT_EQ(sight_of(host), sight);
  ASSERT_TRUE(host.remove(host.create(of_clusters(1)).value()));
  ASSERT_TRUE(host.close_and_open(by_masks()));
  EXPECT_EQ(free_space(), leaked);
  ASSERT_TRUE(host.remove(host.create(of_clusters(1)).value()));
  ASSERT_TRUE(host.open(by_masks()));
  EXPECT_EQ(free_space(), free);
}

TEST_F(StoreWithMasks, IsReadInFullWhereAMaskCallsFreeWhatIsUsed) {
  int lies = 0;
  for (const auto& [start, bits] : {std::pair(super.used_page_mask_start, uint64_t{kTestPages}),
                                    {super.used_cluster_mask_start, 6 + kTestClusters},
                                    {super.used_blob_id_mask_start, uint64_t{kTestPages}}}) {
    for (uint64_t number = 0; number < bits; ++number) {
      const MaskBit bit(start, number);
      if (!bit.is_set(host.media)) continue;
      bit.flip(host.media);
      expect_a_full_replay_to_a_correct_store();
      bit.flip(host.media);
      ++lies;
    }
  }
  EXPECT_GT(lies, 10);
}

TEST_F(StoreWithMasks, IsReadInFullWhereAMaskListsABlobThatIsNotThere) {
  for (uint64_t page = 0; page < kTestPages; ++page) {
    const MaskBit bit(super.used_blob_id_mask_start, page);
    if (bit.is_set(host.media)) continue;
    bit.flip(host.media);
    expect_a_full_replay_to_a_correct_store();
    bit.flip(host.media);
  }
}

TEST_F(StoreWithMasks, OfAnOlderVersionIsReadInFull) {
  for (const uint32_t version : {2U, 1U}) {
    make_older(host.media, version);
    expect_a_full_replay_to_a_correct_store();
  }
}

TEST_F(StoreWithMasks, OfAnOlderVersionKeepsItsVersion) {
  for (const uint32_t version : {2U, 1U}) {
    make_older(host.media, version);
    ASSERT_TRUE(host.open(by_masks()));
    EXPECT_EQ(host.store->info().version, version);
    ASSERT_TRUE(host.remove(host.create(of_clusters(1)).value()));
    ASSERT_TRUE(host.run(host.store->close()));
    host.drop();
    EXPECT_EQ(super_on(host.media).version, version);
    EXPECT_EQ(super_on(host.media).clean, 1U);
    EXPECT_EQ(super_on(host.media).used_blob_id_mask_len, 0U);
    EXPECT_EQ(super_on(host.media).md_page_size, 0U);
    expect_a_full_replay_to_a_correct_store();
  }
}

}  // namespace
}  // namespace holdfast
