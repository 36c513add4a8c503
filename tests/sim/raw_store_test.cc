// SPDX-License-Identifier: BSD-3-Clause
#include "explore/raw_store.hh"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "engine/format/metadata_region.hh"

namespace holdfast::sim {
namespace {

using simdisk::kMediaPage;

constexpr uint64_t kDeviceBytes = 1 << 20;
constexpr uint32_t kBlock = 4096;
constexpr uint32_t kPages = 6;

// Which media pages were looked at.
class Looks final : public simdisk::MediaObserver {
 public:
  void looked_at(const simdisk::Media&, uint64_t byte, uint64_t length) override {
    for (uint64_t page = byte / kMediaPage; page * kMediaPage < byte + length; ++page) pages.insert(page);
  }
  std::set<uint64_t> pages;
};

CheckedSuper small_super() {
  FormatOptions options;
  options.cluster_size = 16 << 10;
  options.metadata_pages = kPages;
  return *plan_store(options, {.block_size = kBlock, .block_count = kDeviceBytes / kBlock});
}

void put_super(simdisk::Media& media, CheckedSuper super, bool clean) {
  super.clean = clean;
  const SuperBlock page = encode_super_block(super);
  media.write(0, std::as_bytes(std::span(&page, 1)), 1);
}

// Blank, a root with a chain, a chain page of blob 1, or a root of another blob; torn or whole.
std::vector<std::byte> some_page(uint32_t index) {
  const uint32_t kind = *rc::gen::inRange(0U, 4U);
  if (kind == 0) return std::vector<std::byte>(kMediaPage);
  const std::string words = flags(0) + xattr(DescriptorType::xattr, "name", std::string(kind, 'n'));
  const MetadataPage page = kind == 1   ? page_of(index, 0, words, *rc::gen::inRange(0U, kPages))
                            : kind == 2 ? page_of(1, 1, words)
                                        : page_of(index, 0, words);
  const auto bytes = std::as_bytes(std::span(&page, 1));
  std::vector<std::byte> content(bytes.begin(), bytes.end());
  if (*rc::gen::inRange(0, 4) == 0) content[kMediaPage / 2] ^= std::byte{1};
  return content;
}

std::string facts_of(const RawStore& raw) {
  if (!raw.super) return "no store";
  std::string facts = fmt::format("clean {} agree {}\n", raw.super->clean, raw.masks_agree);
  for (const RootOnMedia& root : raw.roots) {
    facts += fmt::format("root {:#x} at {}:", root.id.value, root.page);
    for (const uint64_t page : root.chain) facts += fmt::format(" {}", page);
    facts += '\n';
  }
  for (const BlobRecord& blob : raw.replayed.blobs)
    facts += fmt::format("blob {:#x} {}\n", blob.id.value, name_of(blob).value_or("?"));
  for (const DamagedBlob& damaged : raw.replayed.damaged) facts += describe(damaged.error) + '\n';
  for (const Finding& finding : raw.check.findings) facts += finding.text + '\n';
  return facts;
}

RC_GTEST_PROP(RawStores, RememberWhatIsThereAndLookAtTheSamePagesForIt, ()) {
  const CheckedSuper super = small_super();
  simdisk::Media media(kDeviceBytes);
  RawStores stores;
  for (int step = 0; step < 30; ++step) {
    const uint32_t index = *rc::gen::inRange(0U, kPages);
    if (*rc::gen::inRange(0, 5) == 0) {
      put_super(media, super, *rc::gen::arbitrary<bool>());
    } else {
      media.write(super.layout.byte_of_page(PageIndex{index}), some_page(index), 2);
    }
    Looks remembered;
    media.observe(&remembered);
    const std::string facts = facts_of(*stores.read(media, kBlock));
    Looks fresh;
    media.observe(&fresh);
    RC_ASSERT(facts == facts_of(read_raw_store(media, kBlock)));
    RC_ASSERT(remembered.pages == fresh.pages);
    media.observe(nullptr);
  }
}

TEST(RawStores, GiveAStoreThatWasReadAlready) {
  simdisk::Media media(kDeviceBytes);
  const CheckedSuper super = small_super();
  put_super(media, super, false);
  RawStores stores;
  const auto first = stores.read(media, kBlock);
  media.write(super.layout.byte_of_cluster(super.layout.first_data_cluster),
              std::vector<std::byte>(kBlock, std::byte{1}), 2);
  EXPECT_EQ(stores.read(media, kBlock), first) << "data are no metadata";
  put_super(media, super, true);
  EXPECT_NE(stores.read(media, kBlock), first);
}

}  // namespace
}  // namespace holdfast::sim
