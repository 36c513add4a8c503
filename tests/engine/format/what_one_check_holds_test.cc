// SPDX-License-Identifier: BSD-3-Clause
// Bytes that a single check refuses, where every other check would let them pass.
#include <gtest/gtest.h>

#include "core/crc32c.hh"
#include "engine/format/metadata_region.hh"

namespace holdfast {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kTiB = kMiB << 20;

SuperBlock super_with(uint32_t md_page_size, uint32_t cluster_size, uint32_t md_len) {
  Result<CheckedSuper> super = plan_store({}, {.block_count = 64 * kMiB / 4096});
  SuperBlock media = encode_super_block(*super);
  media.md_page_size = md_page_size;
  media.cluster_size = cluster_size;
  media.md_len = md_len;
  media.size = 0;
  media.crc = crc32c(std::as_bytes(std::span(&media, 1)).first(offsetof(SuperBlock, crc)));
  return media;
}

Error refusal_of(const SuperBlock& super, uint64_t device_bytes) {
  const auto parsed = parse_super_block(std::as_bytes(std::span(&super, 1)), device_bytes, 512);
  return parsed ? Error{} : parsed.error();
}

bool says(const Error& error, const char* words) {
  return std::string_view(error.reason).find(words) != std::string_view::npos;
}

TEST(MetadataPageSize, IsAMultipleEvenIfClustersFitIt) {
  EXPECT_EQ(refusal_of(super_with(6144, 6144 * 64, 16), 64 * kMiB).code, Errc::corrupt);
  EXPECT_EQ(refusal_of(super_with(2 * kMiB, 2 * kMiB, 8), 64 * kMiB).code, Errc::corrupt);
  const SuperBlock fits = super_with(8192, 8192 * 64, 16);
  EXPECT_TRUE(parse_super_block(std::as_bytes(std::span(&fits, 1)), 64 * kMiB, 512));
}

// Whoever opens the first part of an image shall be told so, and not be sent to look at its metadata.
TEST(SmallDevice, OfNoWholeClusterIsNamedAsThat) {
  EXPECT_TRUE(says(refusal_of(super_with(4096, kMiB, 64), kMiB - 1), "smaller than one cluster"));
  const Result<CheckedSuper> planned = plan_store({}, {.block_count = 1});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, Errc::no_space);
  EXPECT_TRUE(says(planned.error(), "smaller than one cluster"));
}

// The number of clusters that is left of it in 32 bits would be an ordinary one.
TEST(LargeDevice, OfMoreClustersThanNumbersIsUnsupported) {
  EXPECT_EQ(refusal_of(super_with(4096, 4096, 64), 16 * kTiB + 64 * kMiB).code, Errc::unsupported);
}

TEST(LargeDevice, HasNoRoomForMorePagesThanNumbers) {
  const FormatOptions options{.cluster_size = kMiB, .metadata_pages = UINT32_MAX, .type = {}};
  const Result<CheckedSuper> planned = plan_store(options, {.block_count = 32 * kTiB / 4096});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, Errc::no_space);
}

TEST(ParentXattr, OfAnotherLengthNamesNoParent) {
  BlobRecord record;
  for (const std::size_t length : {0U, 7U, 9U}) {
    record.internal_xattrs = {{"SNAP", Bytes(length, std::byte{1})}};
    EXPECT_EQ(record.parent(), std::nullopt) << length;
  }
}

// Its length less the header's is a multiple of everything.
TEST(ExtentTable, OfNoByteDamagesItsBlob) {
  MetadataRegion region(layout_of(64, 64));
  const uint64_t thin = BlobFlags::kThin | BlobFlags::kExtentTable;
  region[9] = page_of(9, 0, flags(thin) + descriptor(DescriptorType::extent_table, ""));
  const ReplayedStore store = region.replay();
  ASSERT_EQ(store.damaged.size(), 1U);
  EXPECT_TRUE(says(store.damaged[0].error, "wrong length"));
}

TEST(ExtentPage, OfNoBlobIsNone) {
  BlobRecord record;
  record.id = id_of(0);
  record.flags.invalid = BlobFlags::kExtentTable;
  record.clusters = clusters({40, 41});
  record.extent_pages = pages({3});
  record.chain = pages({0});
  MetadataRegion region(layout_of(64, 64));
  region.put(record);
  ASSERT_EQ(region.replay().blobs, std::vector{record});
  region[3].blob_id = 7;
  region.seal(3);
  EXPECT_EQ(region.replay().damaged.size(), 1U);
}

}  // namespace
}  // namespace holdfast
