// SPDX-License-Identifier: BSD-3-Clause
// Root pages whose checksum is right and whose descriptors lie. Next to each lies a healthy blob.
#include <gtest/gtest.h>

#include "engine/format/metadata_region.hh"

namespace holdfast {
namespace {

constexpr uint32_t kClusters = 64;
constexpr uint32_t kHealthyRoot = 0;
constexpr uint32_t kLyingRoot = 9;
constexpr uint32_t kLastCluster = kClusters - 1;
constexpr auto kFlags = DescriptorType::flags;
constexpr auto kXattr = DescriptorType::xattr;
constexpr auto kInternal = DescriptorType::internal_xattr;
constexpr auto kRuns = DescriptorType::extent_runs;
constexpr auto kTable = DescriptorType::extent_table;
constexpr auto kExtents = DescriptorType::extent_page;
constexpr uint64_t kThick = 0;
constexpr uint64_t kThin = BlobFlags::kThin;
constexpr uint64_t kWithTable = BlobFlags::kExtentTable;

BlobRecord healthy_blob() {
  BlobRecord record;
  record.id = id_of(kHealthyRoot);
  record.flags.invalid = kWithTable;
  record.xattrs = {{"name", bytes_of("healthy")}};
  record.clusters = clusters({40, 41, 50});
  record.extent_pages = pages({3});
  record.chain = pages({kHealthyRoot});
  return record;
}

// 300 md pages: clusters 0 and 1 hold metadata.
MetadataRegion region_with(std::string_view lies) {
  MetadataRegion region(layout_of(kClusters, 300));
  region.put(healthy_blob());
  region[kLyingRoot] = page_of(kLyingRoot, 0, lies);
  return region;
}

std::string runs(std::initializer_list<uint32_t> list) { return descriptor(kRuns, numbers(list)); }

std::string table(uint64_t size, std::initializer_list<uint32_t> list) {
  return descriptor(kTable, le(size) + numbers(list));
}

std::string xattr_with_lengths(uint16_t name, uint16_t value, std::size_t payload) {
  return descriptor(kXattr, le(name) + le(value) + std::string(payload, 'x'));
}

struct Lie {
  const char* name;
  std::string descriptors;
  std::string reason;  // a part of what is answered
};

const Lie kLies[] = {
    {"FlagsOfNothing", descriptor(kFlags, ""), "flags have a wrong length"},
    {"FlagsTooShort", descriptor(kFlags, std::string(23, '\0')), "flags have a wrong length"},
    {"FlagsTooLong", descriptor(kFlags, std::string(25, '\0')), "flags have a wrong length"},
    {"FlagsSecond", xattr(kXattr, "a", "b") + flags(kThick), "not the first"},
    {"FlagsTwice", flags(kThick) + flags(kThick), "not the first"},
    {"XattrOfNothing", flags(kThick) + descriptor(kXattr, ""), "shorter than its header"},
    {"XattrTooShort", flags(kThick) + descriptor(kXattr, "abc"), "shorter than its header"},
    {"XattrInternalTooShort", flags(kThick) + descriptor(kInternal, "abc"), "shorter than its header"},
    {"XattrNameTooLong", flags(kThick) + xattr_with_lengths(5, 0, 4), "do not add up"},
    {"XattrNameTooShort", flags(kThick) + xattr_with_lengths(3, 0, 4), "do not add up"},
    {"XattrValueTooLong", flags(kThick) + xattr_with_lengths(1, 4, 4), "do not add up"},
    {"XattrLengthsOfOnes", flags(kThick) + xattr_with_lengths(0xFFFF, 0xFFFF, 4), "do not add up"},
    {"XattrTwice", flags(kThick) + xattr(kXattr, "a", "b") + xattr(kXattr, "a", "c"), "the same name"},
    {"RunsOfNothing", flags(kThin) + descriptor(kRuns, ""), "wrong length"},
    {"RunsOfSevenBytes", flags(kThin) + descriptor(kRuns, std::string(7, '\1')), "wrong length"},
    {"RunsOfNineBytes", flags(kThin) + descriptor(kRuns, std::string(9, '\1')), "wrong length"},
    {"RunsOfNoCluster", flags(kThin) + runs({5, 0}), "name no cluster"},
    {"RunsWithHoleInThickBlob", flags(kThick) + runs({5, 1, 0, 1}), "thick blob has unallocated clusters"},
    {"RunsOnMetadata", flags(kThick) + runs({1, 1}), "outside the data area"},
    {"RunsBehindDevice", flags(kThick) + runs({kClusters, 1}), "outside the data area"},
    {"RunsOverTheEnd", flags(kThick) + runs({kLastCluster, 2}), "outside the data area"},
    {"RunsThatOverflow", flags(kThick) + runs({kLastCluster, UINT32_MAX}), "more clusters than"},
    {"RunsThatWrapToData", flags(kThick) + runs({kLastCluster, UINT32_MAX - kLastCluster + 11}),
     "more clusters"},
    {"RunsFarAway", flags(kThick) + runs({UINT32_MAX, 1}), "outside the data area"},
    {"RunsTwice", flags(kThick) + runs({5, 2, 6, 1}), "two owners"},
    {"RunsAbsurdlyThin", flags(kThin) + runs({0, UINT32_MAX}), "more clusters than"},
    {"RunsAbsurdlyThinInParts", flags(kThin) + runs({0, 1, 0, UINT32_MAX, 0, UINT32_MAX}),
     "more clusters than"},
    {"RunsBehindTable", flags(kThin | kWithTable) + table(5, {0, 1}) + runs({5, 1}), "both"},
    {"RunsInsteadOfTable", flags(kWithTable) + runs({5, 1}), "table is missing"},
    {"TableBehindRuns", flags(kThin | kWithTable) + runs({5, 1}) + table(5, {0, 1}), "both"},
    {"TableMissing", flags(kWithTable), "table is missing"},
    {"TableWithoutFlag", flags(kThin) + table(5, {0, 1}), "without the flag"},
    {"TableTooShort", flags(kWithTable) + descriptor(kTable, std::string(7, '\0')), "wrong length"},
    {"TableOfOddLength", flags(kWithTable) + descriptor(kTable, std::string(12, '\0')), "wrong length"},
    {"TableOfTwoSizes", flags(kThin | kWithTable) + table(5, {0, 1}) + table(6, {}), "disagree"},
    {"TableShorterThanBlob", flags(kThin | kWithTable) + table(513, {0, 1}), "shorter than the blob"},
    {"TableLongerThanBlob", flags(kThin | kWithTable) + table(512, {0, 2}), "longer than the blob"},
    {"TableOfWildCount", flags(kThin | kWithTable) + table(512, {0, UINT32_MAX}), "longer than the blob"},
    {"TableAbsurdlyThin", flags(kThin | kWithTable) + table(uint64_t{1} << 40, {0, 1}), "more clusters than"},
    {"TableOfOnes", flags(kThin | kWithTable) + table(UINT64_MAX, {0, 1}), "more clusters than"},
    {"TableWithHoleInThickBlob", flags(kWithTable) + table(5, {0, 1}), "unallocated extent pages"},
    {"TableWithLongEntry", flags(kThin | kWithTable) + table(1024, {3, 2}), "malformed"},
    {"TableWithEmptyEntry", flags(kThin | kWithTable) + table(512, {3, 0}), "malformed"},
    {"TableBehindRegion", flags(kWithTable) + table(5, {300, 1}), "outside the metadata region"},
    {"TableFarAway", flags(kWithTable) + table(5, {UINT32_MAX, 1}), "outside the metadata region"},
    {"TableOnBlankPage", flags(kWithTable) + table(5, {77, 1}), "not an extent page"},
    {"TableOnItself", flags(kWithTable) + table(5, {kLyingRoot, 1}), "not an extent page"},
    {"TableOnExtentsOfOtherSize", flags(kWithTable) + table(5, {3, 1}), "wrong number of clusters"},
    {"ExtentsInChain", flags(kThick) + descriptor(kExtents, numbers({0, 5})), "stands in a chain"},
};

class HostileDescriptors : public testing::TestWithParam<Lie> {};
INSTANTIATE_TEST_SUITE_P(Lies, HostileDescriptors, testing::ValuesIn(kLies),
                         [](const testing::TestParamInfo<Lie>& tested) {
                           return std::string(tested.param.name);
                         });

TEST_P(HostileDescriptors, DamageTheirBlobAlone) {
  const MetadataRegion region = region_with(GetParam().descriptors);
  const ReplayedStore store = region.replay();
  EXPECT_EQ(store.blobs, std::vector{healthy_blob()});
  ASSERT_EQ(store.damaged.size(), 1U);
  EXPECT_EQ(store.damaged[0].id, id_of(kLyingRoot));
  const Error& error = store.damaged[0].error;
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_EQ(error.object, ObjectKind::blob);
  EXPECT_EQ(error.number, id_of(kLyingRoot).value);
  EXPECT_NE(std::string(error.reason).find(GetParam().reason), std::string::npos) << error.reason;
}

TEST(HostileFlags, OfAnUnknownFeatureMakeTheirBlobUnsupported) {
  for (unsigned bit = 4; bit < 64; ++bit) {
    const ReplayedStore store = region_with(flags(uint64_t{1} << bit)).replay();
    EXPECT_EQ(store.blobs, std::vector{healthy_blob()});
    ASSERT_EQ(store.damaged.size(), 1U) << bit;
    EXPECT_EQ(store.damaged[0].error.code, Errc::unsupported);
  }
}

TEST(UnknownDescriptors, KeepTheirBlobReadableButNotWritable) {
  for (const unsigned type : {7U, 100U, 255U}) {
    const std::string unknown = descriptor(static_cast<DescriptorType>(type), "whatever");
    const ReplayedStore store = region_with(flags(kThick) + unknown + runs({5, 2})).replay();
    EXPECT_TRUE(store.damaged.empty());
    ASSERT_EQ(store.blobs.size(), 2U) << type;
    EXPECT_EQ(store.blobs[1].clusters, clusters({5, 6}));
    EXPECT_TRUE(store.blobs[1].metadata_read_only());
    EXPECT_FALSE(store.blobs[1].data_read_only());
  }
}

// A header of any type that claims `length` bytes, at `offset` behind one long xattr.
std::string claim(unsigned type, uint32_t length, std::size_t offset) {
  const std::size_t overhead = flags(kThin).size() + kDescriptorHeader + kXattrLengthBytes + 1;
  return flags(kThin) + xattr(kXattr, "p", std::string(offset - overhead, 'v')) + static_cast<char>(type) +
         le(length);
}

TEST(DescriptorLengths, ThatLeaveThePageDamageTheirBlob) {
  for (const unsigned type : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 255U}) {
    for (const std::size_t offset :
         {std::size_t{100}, std::size_t{4000}, kDescriptorBytes - kDescriptorHeader}) {
      const auto room = static_cast<uint32_t>(kDescriptorBytes - offset - kDescriptorHeader);
      for (const uint32_t length :
           {room + 1, room + 5, 4096U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFBU, 0xFFFFFFFFU}) {
        const ReplayedStore store = region_with(claim(type, length, offset)).replay();
        EXPECT_EQ(store.blobs, std::vector{healthy_blob()});
        ASSERT_EQ(store.damaged.size(), 1U) << "type " << type << " at " << offset << " claims " << length;
        EXPECT_STREQ(store.damaged[0].error.reason, "a descriptor is longer than its page");
      }
    }
  }
}

// Whatever a length says that stays within the page, the neighbour is read as before.
TEST(DescriptorLengths, OfAnyValueHarmNobodyElse) {
  const std::string truth[] = {flags(kThin), xattr(kXattr, "n", "v"),
                               xattr(kInternal, "SNAP", le(uint64_t{5})), runs({0, 2, 5, 1}),
                               table(5, {0, 1})};
  for (std::string lie : truth) {
    for (uint32_t length = 0; length <= kDescriptorBytes; length += length < 64 ? 1 : 61) {
      lie.replace(1, sizeof(length), le(length));
      for (const std::string& before : {std::string(), flags(kThin)}) {
        const ReplayedStore store = region_with(before + lie + runs({6, 1})).replay();
        ASSERT_FALSE(store.blobs.empty());
        EXPECT_EQ(store.blobs[0], healthy_blob());
        EXPECT_EQ(store.blobs.size() + store.damaged.size(), 2U);
      }
    }
  }
}

TEST(Descriptors, MayFillTheirPageToTheLastByte) {
  for (std::size_t cut = 0; cut <= kDescriptorHeader; ++cut) {
    const std::size_t end = kDescriptorBytes - cut;
    const std::string text = claim(0, 0, end).substr(0, end);
    ASSERT_EQ(text.size(), end);
    const ReplayedStore store = region_with(text).replay();
    EXPECT_TRUE(store.damaged.empty());
    ASSERT_EQ(store.blobs.size(), 2U) << cut;
    EXPECT_EQ(store.blobs[1].xattrs.size(), 1U);
  }
}

// Every half of a page that a device wrote only in part: sectors in front are new, the others blank.
TEST(TornPages, AreNoBlobsButHideNoneEither) {
  for (std::size_t kept = 0; kept < kPageSize; kept += 512) {
    MetadataRegion region = region_with(flags(kThick) + runs({5, 2}));
    std::memset(reinterpret_cast<std::byte*>(&region[kLyingRoot]) + kept, 0, kPageSize - kept);
    const ReplayedStore store = region.replay();
    EXPECT_EQ(store.blobs, std::vector{healthy_blob()});
    EXPECT_EQ(store.damaged.size(), kept == 0 ? 0U : 1U) << "a root that can be seen is missed";
  }
}

}  // namespace
}  // namespace holdfast
