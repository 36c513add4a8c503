// SPDX-License-Identifier: BSD-3-Clause
// Damage of each kind, and what the check says about it. Every test begins with a healthy store, in which
// nothing is found.
#include "check/store_check.hh"

#include <gtest/gtest.h>

#include "engine/check/checked_store.hh"

namespace holdfast {
namespace {

constexpr auto kError = Severity::error;
constexpr auto kWarning = Severity::warning;
constexpr auto kNote = Severity::note;

using SuperBlockCheck = CheckedStore;

TEST_F(SuperBlockCheck, AnswersADamagedSuperBlockWithAnError) {
  flip(200);
  EXPECT_EQ(check_store(image).error().code, Errc::corrupt);
  image.at(0) = std::byte{0};
  EXPECT_EQ(check_store(image).error().code, Errc::not_a_store);
}

TEST_F(SuperBlockCheck, AnswersAVersionOfTheFutureWithAnError) {
  image.super.version = 4;
  image.write_super();
  EXPECT_EQ(check_store(image).error().code, Errc::unsupported);
}

TEST_F(SuperBlockCheck, AnswersASuperBlockThatCannotBeReadWithAnError) {
  image.unreadable = {100};
  EXPECT_EQ(check_store(image).error().code, Errc::device_failed);
}

TEST_F(SuperBlockCheck, WarnsOfBytesThatAreNotAsExpected) {
  image.super.media.reserved[7] = std::byte{1};
  image.write_super();
  expect_only(kWarning, ObjectKind::super_block, 0, "reserved bytes are not zero");
  EXPECT_EQ(check().findings[0].byte, 96U + 7U);
}

TEST_F(SuperBlockCheck, WarnsOfAStrangeLength) {
  image.super.media.length = 512;
  image.write_super();
  expect_only(kWarning, ObjectKind::super_block, 0, "length is not 4096");
}

TEST_F(SuperBlockCheck, WarnsOfASuperBlobThatIsNotThere) {
  image.super.super_blob = id_of(4);
  image.write_super();
  EXPECT_EQ(text_of(check()), "");
  image.super.super_blob = id_of(30);
  image.write_super();
  expect_only(kWarning, ObjectKind::super_block, 0, "0x10000001e, is not there");
}

TEST_F(SuperBlockCheck, NotesThatAStoreIsDirtyAndLeavesItsMasksAlone) {
  image.used_clusters = Bitmap(64);
  image.close();
  image.super.clean = false;
  image.write_super();
  expect_only(kNote, ObjectKind::super_block, 0, "the store is dirty");
  EXPECT_EQ(check().findings.size(), 1U);
}

TEST_F(SuperBlockCheck, NotesThatAnOldStoreHasNoMaskOfBlobIds) {
  image.super.version = 2;
  image.super.media.used_blob_id_mask_start = 0;
  image.super.media.used_blob_id_mask_len = 0;
  image.write_super();
  expect_only(kNote, ObjectKind::super_block, 0, "no mask of blob ids");
}

using RootCheck = CheckedStore;

TEST_F(RootCheck, FindsABadChecksum) {
  flip(image.byte_of_page(3) + 100);
  expect_damaged(3, "the checksum of its root, metadata page 3, does not match");
  EXPECT_EQ(check().findings[0].byte, image.byte_of_page(3));
}

TEST_F(RootCheck, FindsARootWhoseFirstSectorIsDestroyed) {
  image.wipe(2, 512);
  expect(kError, ObjectKind::blob, id_of(2).value,
         "lists this blob, but its root, metadata page 2, is destroyed");
  expect(kWarning, ObjectKind::page_mask, 2,
         "it marks metadata pages 2, 10 to 11 as used, which no whole blob owns");
  expect(kWarning, ObjectKind::cluster_mask, 40, "it marks clusters 40 to 41 as used");
}

TEST_F(RootCheck, FindsARootThatSomethingElseHasOverwritten) {
  image.put(2, image.page(20));
  expect(kError, ObjectKind::blob, id_of(2).value, "metadata page 2, is destroyed");
}

TEST_F(RootCheck, FindsARootOfZeroes) {
  image.wipe(2);
  expect(kError, ObjectKind::blob_id_mask, 2, "it lists root page 2, where there are only zeroes");
}

TEST_F(RootCheck, FindsARootThatCannotBeRead) {
  image.unreadable = {image.byte_of_page(3) + 512};
  expect(kError, ObjectKind::metadata_page, 3, "metadata page 3 cannot be read");
  EXPECT_EQ(check().blobs, 3U);
}

TEST_F(RootCheck, FindsAFeatureOfTheFuture) {
  BlobRecord strange = blob_of({30}, {});
  strange.flags.invalid = uint64_t{1} << 40;
  add(strange);
  expect_only(kError, ObjectKind::blob, id_of(30).value,
              "a feature that this version does not know; open it");
}

TEST_F(RootCheck, NotesDescriptorsOfTheFuture) {
  image.put(30, page_of(30, 0, flags(0) + descriptor(static_cast<DescriptorType>(99), "?")));
  image.used_pages.set(30);
  image.blob_ids.set(30);
  image.close();
  expect_only(kNote, ObjectKind::blob, id_of(30).value, "descriptors that this version does not know");
}

TEST_F(RootCheck, FindsAMalformedDescriptor) {
  image.change(3, [](MetadataPage& media) { media.descriptors[1] = std::byte{23}; });
  expect_damaged(3, "the flags have a wrong length");
}

TEST_F(RootCheck, WarnsOfReservedBytes) {
  image.change(3, [](MetadataPage& media) { media.reserved = 1; });
  expect_only(kWarning, ObjectKind::metadata_page, 3, "reserved bytes of a page of blob 0x100000003");
}

// Names are compared with each other: without a limit, a long chain of them would take hours.
TEST_F(RootCheck, ReadsMoreXattrsThanAnybodyHas) {
  constexpr uint32_t kPagesOfXattrs = 30;
  constexpr uint32_t kInAPage = 339;  // of 12 bytes each
  uint32_t number = 0;
  for (uint32_t i = 0; i < kPagesOfXattrs; ++i) {
    std::string page;
    for (uint32_t n = 0; n < kInAPage; ++n) {
      page += xattr(DescriptorType::xattr, le(static_cast<uint16_t>(number++)) + "x", "");
    }
    image.put(30 + i, page_of(30, i, page, i + 1 < kPagesOfXattrs ? 31 + i : kNoPage));
  }
  EXPECT_EQ(check().damaged_blobs, 0U);
}

using ChainCheck = CheckedStore;

TEST_F(ChainCheck, FindsAMissingPage) {
  image.wipe(11);
  expect_damaged(2, "its chain page, metadata page 11, is missing");
  EXPECT_EQ(check().findings[0].byte, image.byte_of_page(11));
}

TEST_F(ChainCheck, FindsABadChecksum) {
  flip(image.byte_of_page(10) + 3000);
  expect_damaged(2, "the checksum of its chain page, metadata page 10, does not match");
}

TEST_F(ChainCheck, FindsAPageThatCannotBeRead) {
  image.unreadable = {image.byte_of_page(10)};
  expect(kError, ObjectKind::blob, id_of(2).value, "metadata page 10, cannot be read from the disk");
}

TEST_F(ChainCheck, FindsAPageOfAnotherBlob) {
  image.change(10, [](MetadataPage& media) { media.blob_id = id_of(3).value; });
  expect_damaged(2, "metadata page 10, which belongs to blob 0x100000003");
}

TEST_F(ChainCheck, FindsABrokenSequence) {
  image.change(11, [](MetadataPage& media) { media.sequence = 7; });
  expect_damaged(2, "metadata page 11 has number 7 where 2 is expected");
}

TEST_F(ChainCheck, FindsALoop) {
  for (const uint32_t back_to : {2U, 10U, 11U}) {
    image.change(11, [back_to](MetadataPage& media) { media.next = back_to; });
    expect_damaged(2, "its chain comes back to metadata page " + std::to_string(back_to));
  }
}

TEST_F(ChainCheck, FindsAPageOutsideOfTheRegion) {
  for (const uint32_t outside : {64U, 0xFFFFFFFEU}) {
    image.change(11, [outside](MetadataPage& media) { media.next = outside; });
    expect_damaged(2, "which is outside of the metadata region");
  }
}

using ExtentPageCheck = CheckedStore;

TEST_F(ExtentPageCheck, FindsAMissingPage) {
  image.wipe(20);
  expect_damaged(3, "its extent page, metadata page 20, is missing");
}

TEST_F(ExtentPageCheck, FindsABadChecksum) {
  flip(image.byte_of_page(20) + 30);
  expect_damaged(3, "the checksum of its extent page, metadata page 20, does not match");
}

TEST_F(ExtentPageCheck, FindsAPageThatIsNone) {
  image.change(20, [](MetadataPage& media) { media.sequence = 1; });
  expect_damaged(3, "metadata page 20, which continues another chain");
  image.change(20, [](MetadataPage& media) {
    media.sequence = 0;
    media.descriptors[0] = std::byte{2};
  });
  expect_damaged(3, "a page of the extent table is not an extent page");
  image.change(20, [](MetadataPage& media) { media.blob_id = 3; });
  expect_damaged(3, "metadata page 20, which carries no blob's id");
}

TEST_F(ExtentPageCheck, MindsNotWhoseIdItCarries) {
  image.change(20, [](MetadataPage& media) { media.blob_id = id_of(40).value; });
  EXPECT_EQ(text_of(check()), "");
}

using OwnerCheck = CheckedStore;

TEST_F(OwnerCheck, FindsAClusterOfTwo) {
  add(blob_of({30}, {47, 43, 44}));
  expect_only(kError, ObjectKind::cluster, 43,
              "blob 0x100000003 and blob 0x10000001e both own clusters 43 to 44;");
  EXPECT_EQ(check().findings[0].byte, 43U * (16 << 10));
}

TEST_F(OwnerCheck, FindsAClusterThatABlobNamesTwice) {
  add(blob_of({30}, {47, 48, 47}));
  expect_only(kError, ObjectKind::cluster, 47, "blob 0x10000001e names cluster 47 more than once");
}

TEST_F(OwnerCheck, FindsEveryOneOfThree) {
  add(blob_of({30}, {40}));
  add(blob_of({31}, {40}));
  expect(kError, ObjectKind::cluster, 40, "blob 0x100000002 and blob 0x10000001e");
  expect(kError, ObjectKind::cluster, 40, "blob 0x100000002 and blob 0x10000001f");
  expect(kError, ObjectKind::cluster, 40, "blob 0x10000001e and blob 0x10000001f");
}

TEST_F(OwnerCheck, FindsAMetadataPageOfTwo) {
  BlobRecord thief = tabled;
  thief.id = id_of(30);
  thief.chain = pages({30});
  add(thief);
  expect_only(kError, ObjectKind::metadata_page, 20,
              "blob 0x100000003 and blob 0x10000001e both own metadata page 20;");
}

TEST_F(OwnerCheck, LetsAnUnfinishedSnapshotShareWithItsBlob) {
  for (const char* step : {"SNAPTMP", "SNAPRM"}) {
    BlobRecord unfinished = blob_of({30}, {40, 41});
    unfinished.flags.invalid = BlobFlags::kInternalXattr;
    unfinished.internal_xattrs = {internal(step, 2)};
    add(unfinished);
    expect_only(kNote, ObjectKind::blob, id_of(30).value, "was cut short");
    expect(kNote, ObjectKind::cluster, 40, "as is right while a snapshot's");
  }
}

TEST_F(OwnerCheck, LetsAnUnfinishedSnapshotShareExtentPagesWithItsBlob) {
  BlobRecord unfinished = tabled;
  unfinished.id = id_of(30);
  unfinished.chain = pages({30});
  unfinished.flags.invalid |= BlobFlags::kInternalXattr;
  unfinished.internal_xattrs = {internal("SNAPTMP", 3)};
  add(unfinished);
  expect_only(kNote, ObjectKind::metadata_page, 20, "as is right while a snapshot's");
}

TEST_F(OwnerCheck, LetsAnUnfinishedSnapshotShareWithNobodyElse) {
  BlobRecord unfinished = blob_of({30}, {40, 41});
  unfinished.flags.invalid = BlobFlags::kInternalXattr;
  unfinished.internal_xattrs = {internal("SNAPTMP", 3)};
  add(unfinished);
  expect_only(kError, ObjectKind::cluster, 40,
              "blob 0x100000002 and blob 0x10000001e both own clusters 40 to 41");
}

TEST_F(OwnerCheck, FindsAClusterOutsideOfTheDataArea) {
  for (const uint32_t outside : {1U, 64U, 0xFFFFFFFFU}) {
    BlobRecord record = blob_of({30}, {outside});
    std::vector<MetadataPage> chain = encode_blob(record);
    link_chain(chain, record.chain);
    image.put(30, chain[0]);
    image.used_pages.set(30);
    image.blob_ids.set(30);
    image.close();
    expect_only(kError, ObjectKind::blob, id_of(30).value, "names a cluster outside the data area");
  }
}

TEST_F(OwnerCheck, FindsABlobOfAbsurdSize) {
  image.put(30, page_of(30, 0,
                        flags(BlobFlags::kThin) +
                            descriptor(DescriptorType::extent_runs, numbers({0, UINT32_MAX}))));
  image.used_pages.set(30);
  image.blob_ids.set(30);
  image.close();
  expect_only(kError, ObjectKind::blob, id_of(30).value, "more clusters than this library handles");
}

using ParentCheck = CheckedStore;

TEST_F(ParentCheck, FindsASnapshotThatIsGone) {
  clone.internal_xattrs = {internal("SNAP", 50)};
  add(clone);
  expect_only(kError, ObjectKind::blob, id_of(5).value, "blob 0x100000032, is not there");
}

TEST_F(ParentCheck, FindsASnapshotThatIsDamaged) {
  flip(image.byte_of_page(4) + 100);
  expect(kError, ObjectKind::blob, id_of(5).value, "blob 0x100000004, is damaged");
}

TEST_F(ParentCheck, FindsASnapshotWithoutAName) {
  clone.internal_xattrs = {{"SNAP", bytes_of("short")}};
  add(clone);
  expect_only(kError, ObjectKind::blob, id_of(5).value, "the value of SNAP is no blob id");
}

TEST_F(ParentCheck, FindsACircle) {
  snapshot.flags.invalid |= BlobFlags::kInternalXattr;
  snapshot.internal_xattrs = {internal("SNAP", 5)};
  add(snapshot);
  expect(kError, ObjectKind::blob, id_of(4).value, "its snapshots form a circle");
  expect(kError, ObjectKind::blob, id_of(5).value, "its snapshots form a circle");
  EXPECT_EQ(check().findings.size(), 2U);
}

TEST_F(ParentCheck, FindsABlobThatIsItsOwnSnapshot) {
  clone.internal_xattrs = {internal("SNAP", 5)};
  add(clone);
  expect_only(kError, ObjectKind::blob, id_of(5).value, "its snapshots form a circle");
}

using MaskCheck = CheckedStore;

TEST_F(MaskCheck, FindsWhatIsInUseAndNotMarked) {
  image.used_pages.clear(10);
  image.used_pages.clear(11);
  image.close();
  expect_only(kError, ObjectKind::page_mask, 10, "does not mark metadata pages 10 to 11, although in use");
  image.used_pages.set(10);
  image.used_pages.set(11);
  image.used_clusters.clear(0);
  image.used_clusters.clear(41);
  image.close();
  expect_only(kError, ObjectKind::cluster_mask, 0, "does not mark clusters 0, 41, although in use");
  image.used_clusters.set(0);
  image.used_clusters.set(41);
  image.blob_ids.clear(5);
  image.close();
  expect_only(kError, ObjectKind::blob_id_mask, 5, "does not mark root page 5, although in use");
}

TEST_F(MaskCheck, WarnsOfWhatIsMarkedAndNobodyOwns) {
  image.used_pages.set(30);
  image.close();
  expect_only(kWarning, ObjectKind::page_mask, 30, "it marks metadata page 30 as used, which nobody owns");
  image.used_pages.clear(30);
  for (uint64_t cluster = 47; cluster < 63; ++cluster) image.used_clusters.set(cluster);
  image.close();
  expect_only(kWarning, ObjectKind::cluster_mask, 47, "it marks clusters 47 to 62 as used");
  for (uint64_t cluster = 47; cluster < 63; ++cluster) image.used_clusters.clear(cluster);
  image.blob_ids.set(31);
  image.close();
  expect_only(kWarning, ObjectKind::blob_id_mask, 31, "it marks root page 31 as used");
}

TEST_F(MaskCheck, FindsAMaskThatIsNone) {
  const uint64_t type = image.layout().byte_of_region(image.layout().cluster_mask);
  flip(type);
  expect_only(kError, ObjectKind::cluster_mask, 0, "its type or its number of bits is wrong");
}

TEST_F(MaskCheck, FindsAMaskThatCannotBeRead) {
  image.unreadable = {image.layout().byte_of_region(image.layout().page_mask)};
  expect_only(kError, ObjectKind::page_mask, 0, "it cannot be read from the disk");
}

TEST_F(CheckedStore, LosesNoBlobBehindAnother) {
  image.wipe(10);
  image.wipe(20);
  flip(image.byte_of_page(4) + 20);
  add(blob_of({30}, {46}));
  expect(kError, ObjectKind::blob, id_of(2).value, "is missing");
  expect(kError, ObjectKind::blob, id_of(3).value, "is missing");
  expect(kError, ObjectKind::blob, id_of(4).value, "does not match");
  expect(kError, ObjectKind::blob, id_of(5).value, "is damaged");
  expect(kError, ObjectKind::cluster, 46, "blob 0x100000005 and blob 0x10000001e both own cluster 46");
}

TEST_F(CheckedStore, SaysMuchInFewWords) {
  for (uint64_t cluster = 17; cluster < 40; cluster += 2) image.used_clusters.set(cluster);
  image.close();
  expect_only(kWarning, ObjectKind::cluster_mask, 17,
              "clusters 17, 19, 21, 23, 25, 27, 29, 31 and others, 12 in all");
}

}  // namespace
}  // namespace holdfast
