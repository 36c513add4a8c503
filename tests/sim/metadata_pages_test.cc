// SPDX-License-Identifier: BSD-3-Clause
#include "explore/metadata_pages.hh"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "engine/format/metadata_region.hh"

namespace holdfast::sim {
namespace {

using simdisk::kMediaPage;
using simdisk::kMediaSector;
using PageBytes = std::array<std::byte, kMediaPage>;

constexpr uint64_t kDeviceBytes = 4 << 20;
constexpr uint32_t kBlock = 512;
constexpr PageIndex kPage{3};  // the one that is torn
constexpr int kTearings = 64;

CheckedSuper small_store_super() {
  FormatOptions options;
  options.cluster_size = 16 << 10;
  options.metadata_pages = 12;
  const DeviceGeometry device{
      .block_size = kBlock, .atomic_write_size = kBlock, .block_count = kDeviceBytes / kBlock};
  return *plan_store(options, device);
}

// A disk on which a store begins.
class StoreOnMedia {
 public:
  StoreOnMedia() : super(small_store_super()), media(kDeviceBytes) {
    const SuperBlock page = encode_super_block(super);
    media.write(0, std::as_bytes(std::span(&page, 1)), 1);
  }
  uint64_t number_of(PageIndex page) const { return super.layout.byte_of_page(page) / kMediaPage; }

  CheckedSuper super;
  simdisk::Media media;
};

PageBytes bytes_of_page(const MetadataPage& page) {
  PageBytes bytes;
  std::memcpy(bytes.data(), &page, sizeof page);
  return bytes;
}

// What replaying makes of a store whose blob 1 leads to the page.
std::string replayed_with(const StoreLayout& layout, const MetadataPage& root, const PageBytes& page) {
  MetadataReplay replay(layout);
  replay.add_page(PageIndex{1}, raw(root));
  replay.add_page(kPage, page);
  const ReplayedStore store = replay.finish();
  std::string facts;
  for (const BlobRecord& blob : store.blobs) {
    facts += fmt::format("blob {:#x} of {} clusters, {} xattrs, chain", blob.id.value, blob.clusters.size(),
                         blob.xattrs.size());
    for (const PageIndex link : blob.chain) facts += fmt::format(" {}", link.value);
    for (const ClusterIndex cluster : blob.clusters) facts += fmt::format(" cluster {}", cluster.value);
    facts += '\n';
  }
  for (const DamagedBlob& damaged : store.damaged) facts += describe(damaged.error) + '\n';
  for (const Redo& redo : store.redos) facts += fmt::format("redo {} {}\n", redo.page.value, redo.needed);
  for (uint32_t i = 0; i < layout.md_len; ++i) facts += store.used_pages.test(i) ? '1' : '0';
  for (uint32_t i = 0; i < layout.total_clusters; ++i) facts += store.used_clusters.test(i) ? '1' : '0';
  return facts;
}

// One kind of page: what was there, what a write puts there, and the root that leads to it.
struct Torn {
  const char* kind;
  MetadataPage before;
  MetadataPage after;
  MetadataPage root;
};

MetadataPage blank() {
  MetadataPage page;
  std::memset(static_cast<void*>(&page), 0, sizeof page);
  return page;
}

std::string long_xattr(char letter) {
  return xattr(DescriptorType::xattr, "name", std::string(3900, letter));
}

std::vector<Torn> kinds() {
  const MetadataPage leads_here = page_of(1, 0, flags(0), kPage.value);
  const std::string table = descriptor(DescriptorType::extent_table, numbers({3, 0, kPage.value, 1}));
  const MetadataPage with_table = page_of(1, 0, flags(BlobFlags::kExtentTable | BlobFlags::kThin) + table);
  const std::string extents = descriptor(DescriptorType::extent_page, numbers({0, 20, 21, 22}));
  const std::string others = descriptor(DescriptorType::extent_page, numbers({0, 30, 31, 32}));
  return {
      {"a chain page where nothing was", blank(), page_of(1, 1, long_xattr('a')), leads_here},
      {"a chain page over another one", page_of(1, 1, long_xattr('b')), page_of(1, 1, long_xattr('a')),
       leads_here},
      {"a chain page over one of another blob", page_of(7, 2, long_xattr('b')),
       page_of(1, 1, long_xattr('a')), leads_here},
      {"an extent page where nothing was", blank(), page_of(1, 0, extents), with_table},
      {"an extent page over another one", page_of(1, 0, others), page_of(1, 0, extents), with_table},
      {"a root where nothing was", blank(), page_of(kPage.value, 0, long_xattr('r')), leads_here},
      {"a chain page over a root", page_of(kPage.value, 0, long_xattr('r')), page_of(1, 1, long_xattr('a')),
       leads_here},
      {"a redo where nothing was", blank(),
       make_redo(pointer_root(id_of(1), PageIndex{5}), page_of(1, 0, long_xattr('x'))), leads_here},
      {"a blank page over a chain page", page_of(1, 1, long_xattr('a')), blank(), leads_here},
  };
}

// A fixed sequence: the tearings are the same in every run.
PageBytes torn(const Torn& torn, uint32_t number) {
  PageBytes page = bytes_of_page(torn.before);
  const PageBytes after = bytes_of_page(torn.after);
  const uint32_t sectors = number == 0 ? 0xFF : (number * 2654435761U) >> 24;
  for (uint32_t i = 0; i < kMediaPage / kMediaSector; ++i) {
    if ((sectors >> i & 1) != 0)
      std::copy_n(after.begin() + i * kMediaSector, kMediaSector, page.begin() + i * kMediaSector);
  }
  return page;
}

TEST(MetadataPages, TakeForTheSameOnlyWhatReplayingTakesForTheSame) {
  const StoreOnMedia disk;
  const MetadataPages pages(disk.media, {}, kBlock);
  for (const Torn& each : kinds()) {
    std::map<simdisk::Hash128, std::set<std::string>> made_of;
    std::set<PageBytes> different;
    for (int i = 0; i < kTearings; ++i) {
      const PageBytes page = torn(each, static_cast<uint32_t>(i));
      different.insert(page);
      made_of[pages.seen_as(disk.number_of(kPage), page)].insert(
          replayed_with(disk.super.layout, each.root, page));
    }
    EXPECT_GE(different.size(), 4U) << each.kind;
    for (const auto& [seen, facts] : made_of) EXPECT_EQ(facts.size(), 1U) << each.kind;
  }
}

TEST(MetadataPages, TakeAllTearingsOfAChainPageForTheSame) {
  const StoreOnMedia disk;
  const MetadataPages pages(disk.media, {}, kBlock);
  std::set<simdisk::Hash128> seen;
  for (int i = 0; i < kTearings; ++i)
    seen.insert(pages.seen_as(disk.number_of(kPage), torn(kinds()[1], static_cast<uint32_t>(i))));
  EXPECT_EQ(seen.size(), 2U);  // what was written, and what is not intact
}

TEST(MetadataPages, AreThoseOfTheStoreOnTheDisk) {
  const StoreOnMedia disk;
  const MetadataPages pages(disk.media, {}, kBlock);
  EXPECT_TRUE(pages.reads(disk.media, disk.number_of(PageIndex{0})));
  EXPECT_TRUE(pages.reads(disk.media, disk.number_of(PageIndex{11})));
  EXPECT_FALSE(pages.reads(disk.media, disk.number_of(PageIndex{12})));
  EXPECT_FALSE(pages.reads(disk.media, disk.number_of(PageIndex{0}) - 1));
  const simdisk::Media other(kDeviceBytes);
  EXPECT_FALSE(pages.reads(other, disk.number_of(PageIndex{0})));
}

TEST(MetadataPages, AreNotKnownWhileTheSuperblockIsUndecidedOrNotThere) {
  StoreOnMedia disk;
  simdisk::CrashSet set;
  simdisk::UndecidedUnit super{.media = &disk.media, .byte = 512, .candidates = {}};
  super.candidates.emplace_back(std::vector<std::byte>(kBlock));
  set.units.push_back(super);
  EXPECT_FALSE(MetadataPages(disk.media, set, kBlock).reads(disk.media, disk.number_of(PageIndex{0})));
  const simdisk::Media empty(kDeviceBytes);
  EXPECT_FALSE(MetadataPages(empty, {}, kBlock).reads(empty, disk.number_of(PageIndex{0})));
}

}  // namespace
}  // namespace holdfast::sim
