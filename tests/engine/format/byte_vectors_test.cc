// SPDX-License-Identifier: BSD-3-Clause
// What SPDK itself wrote for a store of 64 MiB with blocks of 4096 bytes and clusters of 1 MiB, byte for
// byte. Blob A has four thick clusters and the xattr name="thick"; blob B six thin clusters, the third
// allocated, and name="thin".
#include <gtest/gtest.h>

#include "core/crc32c.hh"
#include "engine/format/metadata_region.hh"
#include "format/mask.hh"

namespace holdfast {
namespace {

constexpr uint64_t kDeviceBytes = 64 << 20;
constexpr uint32_t kSeedSuperCrc = 0x514E3C7A;
constexpr uint32_t kLaterSuperCrc = 0x8B3849A8;

// What the superblock of a version before or after size, I/O unit and md page size were stored holds.
Bytes super_bytes(bool later) {
  std::string text = "SPDKBLOB" + numbers({3, 4096, 1}) + le(~uint64_t{0}) +
                     numbers({0x100000, 1, 1, 2, 1, 4, 64, 0, 0, 0, 0, 3, 1});
  text += later ? numbers({0x04000000, 0, 0x1000, 0x1000}) : numbers({0, 0, 0, 0});
  text.resize(offsetof(SuperBlock, crc));
  text += le(later ? kLaterSuperCrc : kSeedSuperCrc);
  return bytes_of(text);
}

template <class Structure>
bool same_bytes(const Structure& structure, const Bytes& bytes) {
  return std::ranges::equal(std::as_bytes(std::span(&structure, 1)), bytes);
}

class SuperBlockVector : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(BothForms, SuperBlockVector, testing::Bool());

TEST_P(SuperBlockVector, IsReadAsWhatItSays) {
  const Result<CheckedSuper> super = parse_super_block(super_bytes(GetParam()), kDeviceBytes, 4096);
  ASSERT_TRUE(super) << describe(super.error());
  EXPECT_EQ(super->version, 3U);
  EXPECT_TRUE(super->clean);
  EXPECT_FALSE(super->super_blob);
  EXPECT_EQ(super->type, StoreType{});
  const StoreLayout& layout = super->layout;
  EXPECT_EQ(layout.md_page_size, 4096U);
  EXPECT_EQ(layout.io_unit_size, 4096U);
  EXPECT_EQ(layout.cluster_size, 1U << 20);
  EXPECT_EQ(layout.total_clusters, 64U);
  EXPECT_EQ(layout.page_mask.start, 1U);
  EXPECT_EQ(layout.cluster_mask.start, 2U);
  EXPECT_EQ(layout.blob_id_mask.start, 3U);
  EXPECT_EQ(layout.md_start, 4U);
  EXPECT_EQ(layout.md_len, 64U);
  EXPECT_EQ(layout.first_data_cluster, ClusterIndex{1});
}

TEST_P(SuperBlockVector, IsWrittenBackByteForByte) {
  const Bytes bytes = super_bytes(GetParam());
  const Result<CheckedSuper> super = parse_super_block(bytes, kDeviceBytes, 4096);
  ASSERT_TRUE(super) << describe(super.error());
  EXPECT_TRUE(same_bytes(encode_super_block(*super), bytes));
}

TEST(SuperBlockVectors, APlannedStoreIsTheLaterFormByteForByte) {
  Result<CheckedSuper> super = plan_store({}, {.block_count = kDeviceBytes / 4096});
  ASSERT_TRUE(super) << describe(super.error());
  super->clean = true;
  EXPECT_TRUE(same_bytes(encode_super_block(*super), super_bytes(true)));
}

struct MaskVector {
  MaskType type;
  std::vector<uint64_t> bits;
  std::string bytes;
};

TEST(MaskVectors, AreReadAndWrittenByteForByte) {
  const MaskVector vectors[] = {
      {MaskType::used_pages, {0, 1}, {'\x00', 0x40, 0, 0, 0, 0x03}},
      {MaskType::used_clusters, {0, 1, 2, 3, 4, 5}, {'\x01', 0x40, 0, 0, 0, 0x3F}},
      {MaskType::used_blob_ids, {0, 1}, {'\x02', 0x40, 0, 0, 0, 0x03}},
      {MaskType::used_pages, {0, 1, 2, 3}, {'\x00', 0x40, 0, 0, 0, 0x0F}},
      {MaskType::used_blob_ids, {0, 2}, {'\x02', 0x40, 0, 0, 0, 0x05}},
  };
  for (const MaskVector& vector : vectors) {
    Bytes region = bytes_of(vector.bytes);
    region.resize(kPageSize);
    Bitmap expected(64);
    for (const uint64_t bit : vector.bits) expected.set(bit);

    const Result<Bitmap> mask = parse_mask(region, vector.type, 64);
    ASSERT_TRUE(mask) << describe(mask.error());
    EXPECT_EQ(*mask, expected);
    Bytes written(kPageSize, std::byte{0xA5});
    encode_mask(written, vector.type, expected);
    EXPECT_EQ(written, region);
  }
}

constexpr auto kXattr = DescriptorType::xattr;
constexpr auto kRuns = DescriptorType::extent_runs;

// A blob as a record, its root page as text, and the checksum that SPDK gave the page.
struct RootVector {
  BlobRecord record;
  std::string descriptors;
  uint32_t crc;
};

BlobRecord blob_a() {
  BlobRecord record;
  record.id = id_of(0);
  record.chain = pages({0});
  record.xattrs = {{"name", bytes_of("thick")}};
  record.clusters = clusters({1, 2, 3, 4});
  return record;
}

BlobRecord blob_b() {
  BlobRecord record;
  record.id = id_of(1);
  record.chain = pages({1});
  record.flags.invalid = BlobFlags::kThin;
  record.xattrs = {{"name", bytes_of("thin")}};
  record.clusters = clusters({0, 0, 5, 0, 0, 0});
  return record;
}

RootVector root_of_a() {
  return {blob_a(), flags(0) + xattr(kXattr, "name", "thick") + descriptor(kRuns, numbers({1, 4})),
          0xF0ED21FD};
}

RootVector root_of_b() {
  return {blob_b(), flags(1) + xattr(kXattr, "name", "thin") + descriptor(kRuns, numbers({0, 2, 5, 1, 0, 3})),
          0xED181DA3};
}

RootVector root_of_clone() {
  RootVector vector{blob_b(), {}, 0xB6C8EAE9};
  vector.record.flags.invalid = BlobFlags::kThin | BlobFlags::kInternalXattr;
  vector.record.internal_xattrs = {{"SNAP", bytes_of(le(id_of(2).value))}};
  vector.record.clusters = clusters({0, 0, 0, 0, 0, 0});
  vector.descriptors = flags(3) + xattr(kXattr, "name", "thin") +
                       xattr(DescriptorType::internal_xattr, "SNAP", le(id_of(2).value)) +
                       descriptor(kRuns, numbers({0, 6}));
  return vector;
}

RootVector root_of_snapshot() {
  RootVector vector{blob_b(), flags(1, 1) + descriptor(kRuns, numbers({0, 2, 5, 1, 0, 3})), 0xD94A4AD8};
  vector.record.id = id_of(2);
  vector.record.chain = pages({2});
  vector.record.xattrs.clear();
  vector.record.flags.data_ro = BlobFlags::kReadOnly;
  return vector;
}

RootVector root_of_a_with_table() {
  RootVector vector{blob_a(), {}, 0xABB72A47};
  vector.record.flags.invalid = BlobFlags::kExtentTable;
  vector.record.extent_pages = pages({1});
  vector.descriptors = flags(4) + xattr(kXattr, "name", "thick") +
                       descriptor(DescriptorType::extent_table, le(uint64_t{4}) + numbers({1, 1}));
  return vector;
}

RootVector root_of_b_with_table() {
  RootVector vector{blob_b(), {}, 0x178CC250};
  vector.record.id = id_of(2);
  vector.record.chain = pages({2});
  vector.record.flags.invalid = BlobFlags::kThin | BlobFlags::kExtentTable;
  vector.record.extent_pages = pages({3});
  vector.descriptors = flags(5) + xattr(kXattr, "name", "thin") +
                       descriptor(DescriptorType::extent_table, le(uint64_t{6}) + numbers({3, 1}));
  return vector;
}

// The page as SPDK wrote it: made of the stated bytes and the stated checksum.
MetadataPage page_with(const RootVector& vector) {
  MetadataPage page = page_of(root_of_blob_id(vector.record.id).value, 0, vector.descriptors);
  EXPECT_EQ(page.crc, vector.crc) << "the vector itself";
  return page;
}

void expect_written(const RootVector& vector) {
  std::vector<MetadataPage> chain = encode_blob(vector.record);
  link_chain(chain, vector.record.chain);
  ASSERT_EQ(chain.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(raw(chain[0]), raw(page_with(vector))));
  EXPECT_EQ(chain[0].crc, vector.crc);
}

TEST(MetadataVectors, RootPagesAreWrittenByteForByte) {
  for (const RootVector& vector : {root_of_a(), root_of_b(), root_of_clone(), root_of_snapshot(),
                                   root_of_a_with_table(), root_of_b_with_table()}) {
    SCOPED_TRACE(vector.descriptors);
    expect_written(vector);
  }
}

TEST(MetadataVectors, RootPagesAreReadAsTheirBlobs) {
  MetadataRegion region(layout_of(64, 64));
  region[0] = page_with(root_of_a());
  region[1] = page_with(root_of_b());
  const ReplayedStore store = region.replay();
  EXPECT_TRUE(store.damaged.empty());
  EXPECT_EQ(store.blobs, (std::vector{blob_a(), blob_b()}));
  EXPECT_EQ(store.used_pages.set_count(), 2U);
  EXPECT_EQ(store.used_clusters.set_count(), 5U);
}

// Each unallocated cluster is a run of its own there.
TEST(MetadataVectors, TheSeedFormOfAThinRootIsReadAsTheSameBlob) {
  MetadataRegion region(layout_of(64, 64));
  region[1] = page_of(1, 0,
                      flags(1) + xattr(kXattr, "name", "thin") +
                          descriptor(kRuns, numbers({0, 1, 0, 1, 5, 1, 0, 1, 0, 1, 0, 1})));
  EXPECT_EQ(region[1].crc, 0xB09934BBU) << "the vector itself";
  EXPECT_EQ(region.replay().blobs, std::vector{blob_b()});
}

TEST(MetadataVectors, ACloneAndItsSnapshotAreReadAsTheirBlobs) {
  MetadataRegion region(layout_of(64, 64));
  region[1] = page_with(root_of_clone());
  region[2] = page_with(root_of_snapshot());
  const ReplayedStore store = region.replay();
  ASSERT_EQ(store.blobs, (std::vector{root_of_clone().record, root_of_snapshot().record}));
  EXPECT_EQ(store.blobs[0].parent(), id_of(2));
  EXPECT_FALSE(store.blobs[0].data_read_only());
  EXPECT_TRUE(store.blobs[1].data_read_only());
}

struct ExtentVector {
  RootVector owner;
  std::string payload;
  uint32_t crc;
};

TEST(MetadataVectors, ExtentTablesAndPagesAreReadAndWrittenByteForByte) {
  const ExtentVector vectors[] = {{root_of_a_with_table(), numbers({0, 1, 2, 3, 4}), 0x593FE9C1},
                                  {root_of_b_with_table(), numbers({0, 0, 0, 5, 0, 0, 0}), 0x8C93307B}};
  MetadataRegion region(layout_of(64, 64));
  for (const ExtentVector& vector : vectors) {
    const BlobRecord& record = vector.owner.record;
    const uint32_t root = root_of_blob_id(record.id).value;
    const MetadataPage page = page_of(root, 0, descriptor(DescriptorType::extent_page, vector.payload));
    EXPECT_EQ(page.crc, vector.crc) << "the vector itself";
    EXPECT_TRUE(
        std::ranges::equal(raw(encode_extent_page(record.id, extent_slot(record.clusters, 0))), raw(page)));
    region[root] = page_with(vector.owner);
    region[record.extent_pages[0].value] = page;
  }
  const ReplayedStore store = region.replay();
  EXPECT_TRUE(store.damaged.empty());
  EXPECT_EQ(store.blobs, (std::vector{vectors[0].owner.record, vectors[1].owner.record}));
  EXPECT_EQ(store.used_pages.set_count(), 4U);
}

}  // namespace
}  // namespace holdfast
