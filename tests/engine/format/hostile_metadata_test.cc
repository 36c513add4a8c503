// SPDX-License-Identifier: BSD-3-Clause
// Chains, extent pages and owners that contradict each other, and pages with bytes changed at random.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>

#include <set>

#include "engine/format/blob_records.hh"
#include "engine/format/metadata_region.hh"

namespace holdfast {
namespace {

constexpr uint64_t kThin = BlobFlags::kThin;
constexpr auto kRuns = DescriptorType::extent_runs;

std::string runs(std::initializer_list<uint32_t> list) { return descriptor(kRuns, numbers(list)); }

std::set<uint64_t> damaged_in(const ReplayedStore& store) {
  std::set<uint64_t> ids;
  for (const DamagedBlob& damaged : store.damaged) ids.insert(damaged.id.value);
  return ids;
}

std::set<uint64_t> ids(std::initializer_list<uint32_t> roots) {
  std::set<uint64_t> result;
  for (const uint32_t root : roots) result.insert(id_of(root).value);
  return result;
}

bool has_blob(const ReplayedStore& store, const BlobRecord& record) {
  return std::ranges::find(store.blobs, record) != store.blobs.end();
}

// A blob of three chain pages: xattrs of half a page and more do not share one.
BlobRecord chained_blob(std::initializer_list<uint32_t> chain, uint32_t cluster) {
  BlobRecord record;
  record.chain = pages(chain);
  record.id = blob_id_of_root(record.chain[0]);
  for (const char* name : {"a", "b", "c"}) record.xattrs.push_back({name, Bytes(3000, std::byte{0x77})});
  record.clusters = clusters({cluster, cluster + 1});
  return record;
}

class HostileChain : public testing::Test {
 protected:
  HostileChain() : region(layout_of(64, 64)) {
    region.put(victim);
    region.put(other);
  }

  void expect_only_the_victim_damaged(const char* reason) {
    const ReplayedStore store = region.replay();
    EXPECT_EQ(store.blobs, std::vector{other});
    ASSERT_EQ(damaged_in(store), ids({2}));
    EXPECT_STREQ(store.damaged[0].error.reason, reason);
    EXPECT_TRUE(store.used_pages.test(2));
  }

  void link(uint32_t page, uint32_t next) {
    region[page].next = next;
    region.seal(page);
  }

  const BlobRecord victim = chained_blob({2, 10, 11}, 5);
  const BlobRecord other = chained_blob({3, 20, 21}, 7);
  MetadataRegion region;
};

constexpr const char* kMissing = "a page of its chain is not there or not intact";
constexpr const char* kForeign = "a page of its chain belongs to something else";

TEST_F(HostileChain, IsReadWhileNothingIsWrong) {
  EXPECT_EQ(region.replay().blobs, (std::vector{victim, other}));
}

TEST_F(HostileChain, ThatLeadsFromTheRootToTheRootEnds) {
  link(2, 2);
  expect_only_the_victim_damaged(kForeign);
}

TEST_F(HostileChain, ThatBitesItsTailEnds) {
  link(11, 10);
  expect_only_the_victim_damaged(kForeign);
  link(11, 11);
  expect_only_the_victim_damaged(kForeign);
  link(11, 2);
  expect_only_the_victim_damaged(kForeign);
}

TEST_F(HostileChain, ThatLeavesOutAPageIsDamaged) {
  link(2, 11);
  expect_only_the_victim_damaged(kForeign);
}

TEST_F(HostileChain, ThatLeadsIntoAnotherBlobDamagesOnlyTheBlobItComesFrom) {
  for (const uint32_t page : {3U, 20U, 21U}) {
    link(2, page);
    expect_only_the_victim_damaged(kForeign);
  }
}

TEST_F(HostileChain, ThatLeavesTheRegionIsDamaged) {
  for (const uint32_t page : {63U, 64U, 65U, 0x7FFFFFFFU, 0xFFFFFFFEU}) {
    link(2, page);
    expect_only_the_victim_damaged(kMissing);
  }
}

TEST_F(HostileChain, OfWhichAPageIsTornIsDamaged) {
  region[11].descriptors[3000] ^= std::byte{1};
  expect_only_the_victim_damaged(kMissing);
}

TEST_F(HostileChain, WhoseRootIsTornIsDamaged) {
  region[2].descriptors[1] ^= std::byte{1};
  expect_only_the_victim_damaged("the checksum of its root does not match");
}

TEST_F(HostileChain, OfWhichAPageTellsAnotherOwnerIsDamaged) {
  region[10].blob_id = other.id.value;
  region.seal(10);
  expect_only_the_victim_damaged(kForeign);
}

// Pages that no root leads to are free, whatever they say.
TEST(Pages, ThatNoRootNamesCountForNothing) {
  MetadataRegion region(layout_of(64, 64));
  region[5] = page_of(40, 0, flags(0) + runs({5, 1}));
  region[6] = page_of(6, 1, flags(0) + runs({6, 1}));
  region[7] = page_of(7, 0, flags(0) + runs({7, 1}));
  region[7].blob_id = 7;
  region.seal(7);
  const ReplayedStore store = region.replay();
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_TRUE(store.damaged.empty());
  EXPECT_EQ(store.used_pages.set_count(), 0U);
  EXPECT_EQ(store.used_clusters.set_count(), 0U);
}

BlobRecord blob_with_table(uint32_t root, uint32_t extent_page, std::vector<ClusterIndex> map) {
  BlobRecord record;
  record.id = id_of(root);
  record.flags.invalid = BlobFlags::kExtentTable;
  record.chain = pages({root});
  record.clusters = std::move(map);
  record.extent_pages = pages({extent_page});
  return record;
}

class HostileExtentPage : public testing::Test {
 protected:
  HostileExtentPage() : region(layout_of(64, 64)) {
    region.put(victim);
    region.put(other);
  }

  void expect_only_the_victim_damaged() {
    const ReplayedStore store = region.replay();
    EXPECT_EQ(store.blobs, std::vector{other});
    EXPECT_EQ(damaged_in(store), ids({2}));
  }

  const BlobRecord victim = blob_with_table(2, 10, clusters({5, 6, 7}));
  const BlobRecord other = blob_with_table(3, 20, clusters({8, 9}));
  MetadataRegion region;
};

TEST_F(HostileExtentPage, MayCarryTheIdOfTheBlobThatWroteIt) {
  region[10].blob_id = id_of(55).value;
  region.seal(10);
  EXPECT_EQ(region.replay().blobs, (std::vector{victim, other}));
}

TEST_F(HostileExtentPage, ThatIsNotIntactDamagesItsBlob) {
  region[10].descriptors[9] ^= std::byte{1};
  expect_only_the_victim_damaged();
}

TEST_F(HostileExtentPage, ThatIsAContinuationDamagesItsBlob) {
  region[10].sequence = 1;
  region.seal(10);
  expect_only_the_victim_damaged();
}

TEST_F(HostileExtentPage, WithWrongContentsDamagesItsBlob) {
  const std::string contents[] = {
      "",
      flags(0),
      descriptor(DescriptorType::extent_page, ""),
      descriptor(DescriptorType::extent_page, numbers({0})),
      descriptor(DescriptorType::extent_page, numbers({0, 5, 6})),
      descriptor(DescriptorType::extent_page, numbers({0, 5, 6, 7, 12})),
      descriptor(DescriptorType::extent_page, numbers({1, 5, 6, 7})),
      descriptor(DescriptorType::extent_page, numbers({512, 5, 6, 7})),
      descriptor(DescriptorType::extent_page, numbers({UINT32_MAX, 5, 6, 7})),
      descriptor(DescriptorType::extent_page, numbers({0, 5, 0, 7})),
      descriptor(DescriptorType::extent_page, numbers({0, 5, 64, 7})),
      descriptor(DescriptorType::extent_page, numbers({0, 5, UINT32_MAX, 7})),
      descriptor(DescriptorType::extent_page, numbers({0, 5, 6, 7})) + flags(0),
      descriptor(DescriptorType::extent_page, numbers({0, 5, 6, 7})).substr(0, 1) + le(uint32_t{4068}),
  };
  for (const std::string& content : contents) {
    SCOPED_TRACE(testing::PrintToString(content));
    region[10] = page_of(2, 0, content);
    expect_only_the_victim_damaged();
  }
}

TEST(Owners, OfOneExtentPageAreBothDamaged) {
  MetadataRegion region(layout_of(64, 64));
  const BlobRecord unharmed = chained_blob({3, 20, 21}, 30);
  region.put(unharmed);
  region.put(blob_with_table(2, 10, clusters({5, 6})));
  region.put(blob_with_table(4, 10, clusters({5, 6})));
  const ReplayedStore store = region.replay();
  EXPECT_EQ(store.blobs, std::vector{unharmed});
  EXPECT_EQ(damaged_in(store), ids({2, 4}));
  EXPECT_TRUE(store.used_pages.test(10));
}

TEST(Owners, OfOneClusterAreBothDamaged) {
  MetadataRegion region(layout_of(64, 64));
  const BlobRecord unharmed = chained_blob({3, 20, 21}, 30);
  region.put(unharmed);
  region[2] = page_of(2, 0, flags(0) + runs({5, 3}));
  region[9] = page_of(9, 0, flags(kThin) + runs({0, 2, 7, 1}));
  const ReplayedStore store = region.replay();
  EXPECT_EQ(store.blobs, std::vector{unharmed});
  EXPECT_EQ(damaged_in(store), ids({2, 9}));
  EXPECT_TRUE(store.used_clusters.test(7));
}

// A snapshot that was cut short still has what its clone has.
TEST(Owners, OfWhichOneIsAnUnfinishedSnapshotAreBothKept) {
  MetadataRegion region(layout_of(64, 64));
  const std::string creation = xattr(DescriptorType::internal_xattr, "SNAPTMP", le(id_of(2).value));
  region[2] = page_of(2, 0, flags(0) + runs({5, 3}));
  region[9] = page_of(9, 0, flags(BlobFlags::kInternalXattr) + creation + runs({5, 3}));
  const ReplayedStore store = region.replay();
  EXPECT_TRUE(store.damaged.empty());
  ASSERT_EQ(store.blobs.size(), 2U);
  EXPECT_FALSE(store.blobs[0].data_read_only());
  EXPECT_TRUE(store.blobs[1].data_read_only());
}

// The limit of the library in clusters, for a device of 64.
constexpr uint32_t kLargestThin = (1 << 25) + 64;

TEST(AbsurdSizes, OfOneBlobHideNoOther) {
  for (const uint32_t holes :
       {kLargestThin, kLargestThin + 1, kLargestThin + 64, 2 * kLargestThin, UINT32_MAX}) {
    MetadataRegion region(layout_of(64, 64));
    const BlobRecord other = chained_blob({3, 20, 21}, 30);
    region.put(other);
    region[0] = page_of(0, 0, flags(kThin) + runs({0, holes}));
    const ReplayedStore store = region.replay();
    EXPECT_TRUE(has_blob(store, other)) << holes;
    EXPECT_EQ(damaged_in(store), holes == kLargestThin ? ids({}) : ids({0})) << holes;
  }
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Sixteen bytes on media must not take gigabytes of memory, however often they are there.
TEST(AbsurdSizes, OfManyBlobsTakeBoundedMemory) {
  const long before = peak_kib();
  MetadataRegion region(layout_of(64, 2000));
  for (uint32_t root = 0; root < 2000; ++root) {
    const uint32_t holes = root % 2 == 0 ? uint32_t{1} << (31 - root / 2 % 20) : 30000000 + root;
    region[root] = page_of(root, 0, flags(kThin) + runs({0, holes, 0, 1}));
  }
  const ReplayedStore store = region.replay();
  EXPECT_EQ(store.blobs.size() + store.damaged.size(), 2000U);
  EXPECT_LT(peak_kib() - before, 1 << 20);
}

// Whether a page that the blob names was changed.
bool touches(const BlobRecord& record, const std::set<uint32_t>& changed) {
  const auto is_changed = [&changed](PageIndex page) { return changed.contains(page.value); };
  return std::ranges::any_of(record.chain, is_changed) ||
         std::ranges::any_of(record.extent_pages,
                             [&](PageIndex page) { return page.value != 0 && is_changed(page); });
}

// Bytes of a page that mean something lie in front, or are the link.
void change_page(MetadataPage& page) {
  const auto bytes = std::as_writable_bytes(std::span(&page, 1));
  const int changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes; ++i) {
    const auto at =
        *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 16), rc::gen::inRange<std::size_t>(16, 80),
                        rc::gen::inRange<std::size_t>(16, 4088), rc::gen::inRange<std::size_t>(4088, 4092));
    bytes[at] = std::byte{
        *rc::gen::oneOf(rc::gen::element<uint8_t>(0, 1, 2, 5, 6, 0xFF), rc::gen::arbitrary<uint8_t>())};
  }
  page.crc = page_checksum(page);
}

bool shares(const BlobRecord& record, const Error& error) {
  return error.number == record.id.value && std::string_view(error.reason).ends_with("has two owners");
}

// The numbers of everything that a blob owns: pages below 2^32, clusters above.
std::set<uint64_t> belongings(const BlobRecord& record) {
  std::set<uint64_t> all;
  for (const PageIndex page : record.chain) all.insert(page.value);
  for (const PageIndex page : record.extent_pages) {
    if (page.value != 0) all.insert(page.value);
  }
  for (const ClusterIndex cluster : record.clusters) {
    if (cluster.value != 0) all.insert(kBlobIdFlag + cluster.value);
  }
  return all;
}

// A changed blob may claim what belongs to an untouched one, and then nobody can tell whose it is. Then, and
// only then, the untouched one is damaged too; so with the changed blobs taken away it is whole.
void expect_untouched(const Store& store, const MetadataRegion& region, const std::set<uint32_t>& changed) {
  const ReplayedStore read = region.replay();
  MetadataRegion without = region;
  for (const DamagedBlob& damaged : read.damaged) {
    const auto record = std::ranges::find(store.records, damaged.id, &BlobRecord::id);
    if (record == store.records.end() || touches(*record, changed)) continue;
    RC_ASSERT(shares(*record, damaged.error));
  }
  for (const uint32_t page : changed) without[page] = MetadataPage{};
  const ReplayedStore rest = without.replay();
  for (const BlobRecord& record : store.records) {
    if (touches(record, changed)) continue;
    RC_ASSERT(has_blob(rest, record));
    RC_ASSERT(has_blob(read, record) || damaged_in(read).contains(record.id.value));
    for (const uint64_t owned : belongings(record)) {
      const bool used =
          owned < kBlobIdFlag ? read.used_pages.test(owned) : read.used_clusters.test(owned - kBlobIdFlag);
      RC_ASSERT(used);
    }
  }
}

RC_GTEST_PROP(ChangedPages, CrashNothingAndCostNoOtherBlob, ()) {
  const Store store = *stores(8);
  MetadataRegion region = store.region();
  std::set<uint32_t> changed;
  const int changes = *rc::gen::inRange(1, 5);
  for (int i = 0; i < changes; ++i) {
    const BlobRecord& record = *rc::gen::elementOf(store.records);
    std::vector<PageIndex> candidates = record.chain;
    std::ranges::copy_if(record.extent_pages, std::back_inserter(candidates),
                         [](PageIndex page) { return page.value != 0; });
    const PageIndex page = *rc::gen::elementOf(candidates);
    change_page(region[page.value]);
    changed.insert(page.value);
  }
  expect_untouched(store, region, changed);
}

std::string random_descriptors() {
  std::string text = *rc::gen::element(flags(0), flags(kThin), flags(4), flags(5), std::string());
  const int count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    std::string payload;
    const int words = *rc::gen::inRange(0, 8);
    for (int word = 0; word < words; ++word) {
      payload += le(
          *rc::gen::element<uint32_t>(0, 0, 0, 1, 2, 4, 5, 6, 12, 15, 63, 64, 512, 0x00040004, UINT32_MAX));
    }
    text += descriptor(static_cast<DescriptorType>(*rc::gen::inRange(0, 8)), payload);
  }
  return text;
}

// Pages that make sense one by one and none together. All that is known is that each root is one blob.
RC_GTEST_PROP(RandomPages, CrashNothingAndEachRootIsOneBlob, ()) {
  constexpr uint32_t kPages = 16;
  MetadataRegion region(layout_of(64, kPages));
  std::set<uint64_t> roots;
  for (uint32_t i = 0; i < kPages; ++i) {
    const auto owner = *rc::gen::element<uint32_t>(uint32_t{i}, uint32_t{i}, 3);
    const auto sequence = *rc::gen::inRange<uint32_t>(0, 3);
    const auto next = *rc::gen::oneOf(rc::gen::just(kNoPage), rc::gen::inRange<uint32_t>(0, kPages + 2));
    region[i] = page_of(owner, sequence, random_descriptors(), next);
    if (owner == i && sequence == 0) roots.insert(id_of(i).value);
  }
  const ReplayedStore store = region.replay();
  std::set<uint64_t> found = damaged_in(store);
  for (const BlobRecord& record : store.blobs) RC_ASSERT(found.insert(record.id.value).second);
  RC_ASSERT(found == roots);
  RC_CLASSIFY(!store.blobs.empty(), "with a whole blob");
}

}  // namespace
}  // namespace holdfast
