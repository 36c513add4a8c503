// SPDX-License-Identifier: BSD-3-Clause
// Superblocks whose checksum is right and whose fields are not.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "core/crc32c.hh"
#include "engine/format/metadata_region.hh"

namespace holdfast {
namespace {

constexpr uint64_t kDeviceBytes = 64 << 20;

// A clean store of 64 clusters: masks on pages 1 to 3, 64 md pages behind them.
SuperBlock whole_super() {
  Result<CheckedSuper> super = plan_store({}, {.block_count = kDeviceBytes / 4096});
  super->clean = true;
  return encode_super_block(*super);
}

Result<CheckedSuper> parse(const SuperBlock& super, uint64_t device_bytes = kDeviceBytes,
                           uint32_t block_size = 4096) {
  return parse_super_block(std::as_bytes(std::span(&super, 1)), device_bytes, block_size);
}

SuperBlock sealed(SuperBlock super) {
  super.crc = crc32c(std::as_bytes(std::span(&super, 1)).first(offsetof(SuperBlock, crc)));
  return super;
}

struct WrongField {
  const char* name;
  std::function<void(SuperBlock&)> change;
  Errc code = Errc::corrupt;
};

const WrongField kWrongFields[] = {
    {"Signature", [](SuperBlock& super) { super.signature[7] = 'b'; }, Errc::not_a_store},
    {"VersionZero", [](SuperBlock& super) { super.version = 0; }, Errc::unsupported},
    {"VersionFour", [](SuperBlock& super) { super.version = 4; }, Errc::unsupported},
    {"VersionOfOnes", [](SuperBlock& super) { super.version = UINT32_MAX; }, Errc::unsupported},
    {"ClusterSizeZero", [](SuperBlock& super) { super.cluster_size = 0; }},
    {"ClusterSizeOne", [](SuperBlock& super) { super.cluster_size = 1; }},
    {"ClusterSizeBelowAPage", [](SuperBlock& super) { super.cluster_size = 2048; }},
    {"ClusterSizeOfNoPages", [](SuperBlock& super) { super.cluster_size = (1 << 20) + 512; }},
    {"ClusterSizeOfOnes", [](SuperBlock& super) { super.cluster_size = UINT32_MAX; }},
    {"ClusterLargerThanDevice", [](SuperBlock& super) { super.cluster_size = 128 << 20; }},
    {"BlobIdMaskFarAway", [](SuperBlock& super) { super.used_blob_id_mask_start = UINT32_MAX; }},
    {"PageMaskOnSuperBlock", [](SuperBlock& super) { super.used_page_mask_start = 0; }},
    {"PageMaskOnMetadata", [](SuperBlock& super) { super.used_page_mask_start = 4; }},
    {"PageMaskOnClusterMask", [](SuperBlock& super) { super.used_page_mask_start = 2; }},
    {"PageMaskFarAway", [](SuperBlock& super) { super.used_page_mask_start = UINT32_MAX; }},
    {"PageMaskOfNothing", [](SuperBlock& super) { super.used_page_mask_len = 0; }},
    {"PageMaskIntoClusterMask", [](SuperBlock& super) { super.used_page_mask_len = 2; }},
    {"PageMaskWithoutEnd", [](SuperBlock& super) { super.used_page_mask_len = UINT32_MAX; }},
    {"ClusterMaskOnSuperBlock", [](SuperBlock& super) { super.used_cluster_mask_start = 0; }},
    {"ClusterMaskOnPageMask", [](SuperBlock& super) { super.used_cluster_mask_start = 1; }},
    {"ClusterMaskOnBlobIdMask", [](SuperBlock& super) { super.used_cluster_mask_start = 3; }},
    {"ClusterMaskOfNothing", [](SuperBlock& super) { super.used_cluster_mask_len = 0; }},
    {"ClusterMaskWithoutEnd", [](SuperBlock& super) { super.used_cluster_mask_len = UINT32_MAX; }},
    {"BlobIdMaskOnSuperBlock", [](SuperBlock& super) { super.used_blob_id_mask_start = 0; }},
    {"BlobIdMaskOnPageMask", [](SuperBlock& super) { super.used_blob_id_mask_start = 1; }},
    {"BlobIdMaskOnMetadata", [](SuperBlock& super) { super.used_blob_id_mask_start = 4; }},
    {"BlobIdMaskIntoMetadata", [](SuperBlock& super) { super.used_blob_id_mask_len = 2; }},
    {"BlobIdMaskWithoutEnd", [](SuperBlock& super) { super.used_blob_id_mask_len = UINT32_MAX; }},
    {"MetadataOnSuperBlock", [](SuperBlock& super) { super.md_start = 0; }},
    {"MetadataOnBlobIdMask", [](SuperBlock& super) { super.md_start = 3; }},
    {"MetadataOutsideDevice", [](SuperBlock& super) { super.md_start = 16384; }},
    {"MetadataFarAway", [](SuperBlock& super) { super.md_start = UINT32_MAX; }},
    {"MetadataOfNothing", [](SuperBlock& super) { super.md_len = 0; }},
    {"MetadataLeavesDevice", [](SuperBlock& super) { super.md_len = 16381; }},
    {"MetadataLargerThanItsMask", [](SuperBlock& super) { super.md_len = 32729; }},
    {"MetadataWithoutEnd", [](SuperBlock& super) { super.md_len = UINT32_MAX; }},
    {"SizeBeyondDevice", [](SuperBlock& super) { super.size = kDeviceBytes + 1; }},
    {"SizeOfOnes", [](SuperBlock& super) { super.size = UINT64_MAX; }},
    {"SizeBelowACluster", [](SuperBlock& super) { super.size = (1 << 20) - 1; }},
    {"MdPageSizeBelowAPage", [](SuperBlock& super) { super.md_page_size = 2048; }},
    {"MdPageSizeOfNoPages", [](SuperBlock& super) { super.md_page_size = 4097; }},
    {"MdPageSizeBeyondCluster", [](SuperBlock& super) { super.md_page_size = 2 << 20; }},
    {"MdPageSizeThatCutsClusters", [](SuperBlock& super) { super.md_page_size = 12288; }},
    {"MdPageSizeOfOnes", [](SuperBlock& super) { super.md_page_size = UINT32_MAX; }},
};

class SuperBlockWithWrong : public testing::TestWithParam<WrongField> {};
INSTANTIATE_TEST_SUITE_P(Fields, SuperBlockWithWrong, testing::ValuesIn(kWrongFields),
                         [](const testing::TestParamInfo<WrongField>& tested) { return tested.param.name; });

TEST_P(SuperBlockWithWrong, FieldIsRefused) {
  SuperBlock super = whole_super();
  GetParam().change(super);
  const Result<CheckedSuper> parsed = parse(sealed(super));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, GetParam().code) << describe(parsed.error());
  EXPECT_EQ(parsed.error().object, ObjectKind::super_block);
  EXPECT_EQ(parsed.error().byte, 0U);
}

TEST(SuperBlockFields, ThatMeanNothingToTheLayoutMayHoldAnything) {
  SuperBlock super = whole_super();
  super.length = 17;
  super.clean = 2;
  super.super_blob = 42;
  super.io_unit_size = 0;
  super.reserved[3995] = std::byte{1};
  const Result<CheckedSuper> parsed = parse(sealed(super));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_FALSE(parsed->clean) << "only 1 vouches for the masks";
  EXPECT_EQ(parsed->super_blob, BlobId{42});
  EXPECT_EQ(parsed->layout.io_unit_size, 4096U);
  const SuperBlock written = encode_super_block(*parsed);
  EXPECT_EQ(uint32_t{written.length}, 17U);
  EXPECT_EQ(uint32_t{written.io_unit_size}, 0U);
  EXPECT_EQ(written.reserved[3995], std::byte{1}) << "reserved bytes are carried along";
}

TEST(SuperBlockFields, OfOldVersionsAreNotLookedForBehindTheirEnd) {
  SuperBlock super = whole_super();
  super.version = 1;
  super.type.fill('x');
  super.used_blob_id_mask_start = 1;
  super.used_blob_id_mask_len = 99;
  super.md_page_size = 77;
  super.size = 0;
  const Result<CheckedSuper> parsed = parse(sealed(super));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_EQ(parsed->type, StoreType{});
  EXPECT_EQ(parsed->layout.blob_id_mask.length, 0U);
  EXPECT_EQ(parsed->layout.md_page_size, 4096U);
  EXPECT_EQ(parsed->layout.total_clusters, 64U);
}

// The worked example with pages of 16 KiB: the same page numbers in a larger unit.
TEST(SuperBlockFields, LargerMdPagesPushTheDataBack) {
  SuperBlock super = whole_super();
  super.md_page_size = 16384;
  const Result<CheckedSuper> parsed = parse(sealed(super));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_EQ(parsed->layout.byte_of_page(PageIndex{64}), 0x110000U);
  EXPECT_EQ(parsed->layout.first_data_cluster, ClusterIndex{2});
}

TEST(HostileSuperBlock, IsNoLongerTrustedAfterTheChangeOfAnyBit) {
  SuperBlock super = whole_super();
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&super, 1));
  for (std::byte& byte : bytes) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte ^= std::byte{1} << bit;
      ASSERT_FALSE(parse(super)) << "byte " << &byte - bytes.data() << ", bit " << bit;
      byte ^= std::byte{1} << bit;
    }
  }
  EXPECT_TRUE(parse(super));
}

// A mask of one page holds 32728 bits.
TEST(HostileSuperBlock, WithMoreClustersThanItsMaskIsCorrupt) {
  SuperBlock super = whole_super();
  super.cluster_size = 4096;
  super.size = uint64_t{32728} * 4096;
  EXPECT_TRUE(parse(sealed(super), 2 * kDeviceBytes));
  super.size = uint64_t{32729} * 4096;
  const Result<CheckedSuper> parsed = parse(sealed(super), 2 * kDeviceBytes);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::corrupt);
}

TEST(HostileSuperBlock, ThatIsCutOffIsNoStore) {
  const SuperBlock super = whole_super();
  for (const std::size_t length : std::initializer_list<std::size_t>{0, 1, 512, 4092, 4095}) {
    const auto part = std::as_bytes(std::span(&super, 1)).first(length);
    const Bytes bytes(part.begin(), part.end());
    const Result<CheckedSuper> parsed = parse_super_block(bytes, kDeviceBytes, 4096);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::not_a_store);
  }
}

TEST(HostileSuperBlock, OnAShortenedDeviceIsCorrupt) {
  EXPECT_EQ(parse(whole_super(), kDeviceBytes - 4096).error().code, Errc::corrupt);
  EXPECT_EQ(parse(whole_super(), 4096).error().code, Errc::corrupt);
}

TEST(HostileSuperBlock, OnADeviceWithBlocksLargerThanAPageIsUnsupported) {
  EXPECT_EQ(parse(whole_super(), kDeviceBytes, 8192).error().code, Errc::unsupported);
  EXPECT_TRUE(parse(whole_super(), kDeviceBytes, 512));
}

// md_start + md_len passes 2^32, and so the number of the first data cluster does.
TEST(HostileSuperBlock, WhoseMetadataEndsBeyondTheNumbersOfClustersIsCorrupt) {
  constexpr uint32_t kMaskPages = 131073;
  SuperBlock super = whole_super();
  super.size = uint64_t{4096} << 20;
  super.cluster_size = 4096;
  super.used_page_mask_start = 1;
  super.used_page_mask_len = kMaskPages;
  super.used_cluster_mask_start = 1 + kMaskPages;
  super.used_cluster_mask_len = kMaskPages;
  super.used_blob_id_mask_start = 1 + 2 * kMaskPages;
  super.used_blob_id_mask_len = kMaskPages;
  super.md_start = 1 + 3 * kMaskPages;
  super.md_len = UINT32_MAX;
  const Result<CheckedSuper> parsed = parse(sealed(super), super.size);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::corrupt);
}

// Small numbers, sizes, powers of two and their neighbours, and anything.
rc::Gen<uint32_t> field_values() {
  const auto near_power = rc::gen::exec([] {
    const uint32_t power = uint32_t{1} << *rc::gen::inRange(0, 32);
    return power + *rc::gen::element<uint32_t>(UINT32_MAX, 0, 0, 1);
  });
  return rc::gen::oneOf(rc::gen::inRange<uint32_t>(0, 20), near_power, rc::gen::arbitrary<uint32_t>());
}

void expect_inside(const CheckedSuper& super, uint64_t device_bytes) {
  const StoreLayout& layout = super.layout;
  const uint64_t metadata = layout.byte_of_page(PageIndex{0});
  const uint64_t metadata_end = metadata + uint64_t{layout.md_len} * layout.md_page_size;
  RC_ASSERT(layout.byte_of_cluster(ClusterIndex{layout.total_clusters}) <= device_bytes);
  RC_ASSERT(layout.first_data_cluster.value <= layout.total_clusters);
  RC_ASSERT(metadata_end <= layout.byte_of_cluster(layout.first_data_cluster));
  std::vector<PageRegion> regions = {
      {0, 1}, layout.page_mask, layout.cluster_mask, {layout.md_start, layout.md_len}};
  if (layout.blob_id_mask.length != 0) regions.push_back(layout.blob_id_mask);
  std::ranges::sort(regions, {}, &PageRegion::start);
  for (std::size_t i = 1; i < regions.size(); ++i) RC_ASSERT(regions[i - 1].end() <= regions[i].start);
  RC_ASSERT(regions.back().start == layout.md_start);
}

RC_GTEST_PROP(HostileSuperBlock, ThatIsAcceptedKeepsEveryRegionInsideTheDevice, ()) {
  SuperBlock super = whole_super();
  Le32* const fields[] = {&super.version,
                          &super.cluster_size,
                          &super.used_page_mask_start,
                          &super.used_page_mask_len,
                          &super.used_cluster_mask_start,
                          &super.used_cluster_mask_len,
                          &super.md_start,
                          &super.md_len,
                          &super.used_blob_id_mask_start,
                          &super.used_blob_id_mask_len,
                          &super.md_page_size};
  const int changes = *rc::gen::inRange(1, 3);
  for (int i = 0; i < changes; ++i)
    *fields[*rc::gen::inRange<std::size_t>(0, std::size(fields))] = *field_values();
  if (*rc::gen::arbitrary<bool>()) super.size = *rc::gen::inRange<uint64_t>(0, 2 * kDeviceBytes);
  const uint64_t device_bytes = kDeviceBytes << *rc::gen::inRange(0, 24);
  const Result<CheckedSuper> parsed = parse(sealed(super), device_bytes);
  RC_CLASSIFY(parsed.has_value(), "accepted");
  if (parsed) expect_inside(*parsed, device_bytes);
}

}  // namespace
}  // namespace holdfast
