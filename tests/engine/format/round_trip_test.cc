// SPDX-License-Identifier: BSD-3-Clause
// Whatever is written is read back as it was.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/format/blob_records.hh"
#include "engine/format/metadata_region.hh"
#include "format/mask.hh"

namespace holdfast {
namespace {

// A thick blob of single clusters has a run for each of them, and 508 runs fill a page.
TEST(LargeBlobs, RunsThatSpanPagesAreReadBack) {
  BlobRecord record;
  record.id = id_of(7);
  for (uint32_t i = 0; i < 2000; ++i) record.clusters.push_back(ClusterIndex{1000 + 2 * i});
  record.chain = pages({7, 90, 3, 4});
  ASSERT_EQ(encode_blob(record).size(), record.chain.size());
  MetadataRegion region(layout_of(10000, 100));
  region.put(record);
  EXPECT_EQ(region.replay().blobs, std::vector{record});
}

// 507 entries fill a page: every second slot has an extent page, so that nothing merges.
TEST(LargeBlobs, AnExtentTableThatSpansPagesIsReadBack) {
  BlobRecord record;
  record.id = id_of(0);
  record.flags.invalid = BlobFlags::kThin | BlobFlags::kExtentTable;
  record.clusters.resize(1200 * kClustersPerExtentPage - 100);
  for (uint32_t slot = 0; slot < 1200; ++slot) {
    record.extent_pages.push_back(PageIndex{slot % 2 == 0 ? 0 : 10 + slot});
    if (slot % 2 != 0)
      record.clusters[std::size_t{slot} * kClustersPerExtentPage + slot % 400] = ClusterIndex{500 + slot};
  }
  record.chain = pages({0, 1, 2});
  ASSERT_EQ(encode_blob(record).size(), record.chain.size());
  MetadataRegion region(layout_of(10000, 2000));
  region.put(record);
  const ReplayedStore store = region.replay();
  EXPECT_TRUE(store.blobs == std::vector{record});
  EXPECT_EQ(store.used_pages.set_count(), 603U);
  EXPECT_EQ(store.used_clusters.set_count(), 600U);
}

TEST(LargeBlobs, TheLargestXattrFillsAPageAndOneByteMoreIsRefused) {
  BlobRecord record;
  record.id = id_of(0);
  record.xattrs = {{"n", Bytes(kLargestXattr - 1, std::byte{0x5A})}};
  record.chain = pages({0, 1});
  EXPECT_EQ(kLargestXattr, 4063U);
  EXPECT_TRUE(check_xattr("n", record.xattrs[0].value));
  MetadataRegion region(layout_of(64, 64));
  region.put(record);
  EXPECT_EQ(region.replay().blobs, std::vector{record});

  EXPECT_FALSE(check_xattr("nn", record.xattrs[0].value));
  EXPECT_FALSE(check_xattr("", {}));
}

RC_GTEST_PROP(Masks, AreReadBackAsTheyWereWritten, ()) {
  const auto size = *rc::gen::inRange<uint64_t>(1, 70000);
  Bitmap bitmap(size);
  bitmap.set(size - 1);  // in the last byte, which may be partial
  for (const uint64_t bit : *rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange<uint64_t>(0, size))) {
    bitmap.set(bit);
  }
  const auto type = static_cast<MaskType>(*rc::gen::inRange(0, 3));
  Bytes region(mask_bytes(size) + *rc::gen::inRange<std::size_t>(0, 5000), std::byte{0xFF});
  encode_mask(region, type, bitmap);

  const Result<Bitmap> mask = parse_mask(region, type, size);
  RC_ASSERT(mask.has_value());
  RC_ASSERT(*mask == bitmap);
  const auto rest = std::span(region).subspan(mask_bytes(size));
  RC_ASSERT(std::ranges::all_of(rest, [](std::byte byte) { return byte == std::byte{0}; }));
  RC_ASSERT(size % 8 == 0 || static_cast<unsigned>(region[mask_bytes(size) - 1]) >> (size % 8) == 0);
}

// A grow that was cut short leaves a mask that is longer than the store.
RC_GTEST_PROP(Masks, OfMoreBitsThanTheStoreHasLoseTheRest, ()) {
  const auto size = *rc::gen::inRange<uint64_t>(2, 5000);
  const auto wanted = *rc::gen::inRange<uint64_t>(1, size);
  Bitmap bitmap(size);
  Bitmap kept(wanted);
  for (uint64_t bit = 0; bit < size; bit += *rc::gen::inRange<uint64_t>(1, 200)) {
    bitmap.set(bit);
    if (bit < wanted) kept.set(bit);
  }
  Bytes region(mask_bytes(size));
  encode_mask(region, MaskType::used_clusters, bitmap);
  const Result<Bitmap> mask = parse_mask(region, MaskType::used_clusters, wanted);
  RC_ASSERT(mask.has_value());
  RC_ASSERT(*mask == kept);
}

TEST(Masks, ThatLieAboutThemselvesAreCorrupt) {
  Bytes region(kPageSize);
  encode_mask(region, MaskType::used_pages, Bitmap(61));
  EXPECT_TRUE(parse_mask(region, MaskType::used_pages, 61));
  const auto refused_as = [&region](MaskType type, uint64_t bits) {
    const Result<Bitmap> mask = parse_mask(region, type, bits);
    return mask ? ObjectKind::none : mask.error().object;
  };
  EXPECT_EQ(refused_as(MaskType::used_clusters, 61), ObjectKind::cluster_mask) << "another type";
  EXPECT_EQ(refused_as(MaskType::used_blob_ids, 61), ObjectKind::blob_id_mask) << "another type";
  EXPECT_EQ(refused_as(MaskType::used_pages, 62), ObjectKind::page_mask) << "fewer bits than wanted";
  region.resize(mask_bytes(61) - 1);
  EXPECT_EQ(refused_as(MaskType::used_pages, 61), ObjectKind::page_mask) << "cut off";
  region.clear();
  EXPECT_EQ(refused_as(MaskType::used_pages, 0), ObjectKind::page_mask) << "nothing at all";
}

RC_GTEST_PROP(BlobRecords, AreReadBackAsTheyWereWritten, ()) {
  const Store store = *stores();
  const ReplayedStore read = store.region().replay();
  RC_ASSERT(read.damaged.empty());
  RC_ASSERT(read.blobs == store.records);
  RC_ASSERT(read.used_pages == store.used_pages());
  RC_ASSERT(read.used_clusters == store.used_clusters());
}

}  // namespace
}  // namespace holdfast
