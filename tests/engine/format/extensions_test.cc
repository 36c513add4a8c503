// SPDX-License-Identifier: BSD-3-Clause
// The byte vectors of docs/format-extensions.md.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "format/redo.hh"
#include "format/super_block.hh"

namespace holdfast {
namespace {

CheckedSuper store_of_the_vector() {
  FormatOptions options;
  options.metadata_pages = 64;
  DeviceGeometry device;
  device.block_count = (64 << 20) / device.block_size;
  CheckedSuper super = plan_store(options, device).value();
  super.media.crc = 0x12345678;
  return super;
}

uint32_t word_at(const auto& page, std::size_t offset) {
  Le32 word;
  std::memcpy(&word, std::as_bytes(std::span(&page, 1)).data() + offset, sizeof(word));
  return word;
}

bool only_the_first_sector_differs(const SuperBlock& a, const SuperBlock& b) {
  const auto of = [](const SuperBlock& super) {
    return std::as_bytes(std::span(&super, 1)).subspan(kSectorBytes);
  };
  return std::memcmp(of(a).data(), of(b).data(), of(a).size()) == 0;
}

TEST(FormatExtensions, BalanceKeepsTheChecksumOfTheSuperblock) {
  CheckedSuper super = store_of_the_vector();
  const SuperBlock dirty = encode_super_in_one_sector(super);
  super.clean = true;
  const SuperBlock clean = encode_super_in_one_sector(super);
  EXPECT_EQ(word_at(dirty, kBalanceOffset), 0x0e1cbf5cU);
  EXPECT_EQ(word_at(clean, kBalanceOffset), 0x3991ce5fU);
  EXPECT_EQ(dirty.crc, 0x12345678U);
  EXPECT_TRUE(only_the_first_sector_differs(dirty, clean));
  EXPECT_TRUE(parse_super_block(std::as_bytes(std::span(&clean, 1)), 64 << 20, 4096));
}

RC_GTEST_PROP(FormatExtensions, KeepAnyChecksumUnderAnyChange, ()) {
  CheckedSuper super = store_of_the_vector();
  super.media.crc = *rc::gen::arbitrary<uint32_t>();
  const SuperBlock before = encode_super_in_one_sector(super);
  super.clean = *rc::gen::arbitrary<bool>();
  super.super_blob = BlobId{*rc::gen::arbitrary<uint64_t>()};
  for (char& letter : super.type.bytes) letter = *rc::gen::arbitrary<char>();
  const SuperBlock after = encode_super_in_one_sector(super);
  RC_ASSERT(only_the_first_sector_differs(before, after));
  RC_ASSERT(parse_super_block(std::as_bytes(std::span(&after, 1)), 64 << 20, 4096).has_value());
}

const MetadataPage kRoot = pointer_root(BlobId{0x100000007}, PageIndex{9});

TEST(FormatExtensions, APointerRootHoldsNothingButItsLink) {
  EXPECT_EQ(word_at(kRoot, 0), 7U);
  EXPECT_EQ(word_at(kRoot, 4), 1U);
  EXPECT_EQ(word_at(kRoot, 4088), 9U);
  EXPECT_EQ(word_at(kRoot, 4092), 0x196c35eaU);
}

TEST(FormatExtensions, ARedoCarriesTheChecksumsOfWhatItReplaces) {
  MetadataPage zeroes;
  std::memset(static_cast<void*>(&zeroes), 0, sizeof(zeroes));
  const MetadataPage redo = make_redo(kRoot, zeroes);
  EXPECT_EQ(word_at(redo, 17), 40U);
  EXPECT_EQ(std::memcmp(redo.descriptors.data() + 5, "HOLDREDO", 8), 0);
  EXPECT_EQ(word_at(redo, 29), 0x30fcedc0U);
  EXPECT_EQ(word_at(redo, 4092), 0xba115f6fU);
  const auto parsed = parse_redo(PageIndex{12}, redo, 64);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::memcmp(&parsed->root, &kRoot, sizeof(kRoot)), 0);
}

TEST(FormatExtensions, ARedoCompletesEveryMixtureOfOldAndNewSectorsAndNothingElse) {
  MetadataPage old = kRoot;
  old.descriptors.fill(std::byte{0x5a});
  old.crc = 1;
  const auto parsed = parse_redo(PageIndex{12}, make_redo(kRoot, old), 64);
  ASSERT_TRUE(parsed);
  for (unsigned mixture = 0; mixture < 256; ++mixture) {
    std::array<std::byte, kPageSize> torn;
    for (unsigned sector = 0; sector < 8; ++sector) {
      const MetadataPage& from = (mixture >> sector & 1) != 0 ? kRoot : old;
      std::memcpy(torn.data() + sector * kSectorBytes,
                  std::as_bytes(std::span(&from, 1)).data() + sector * kSectorBytes, kSectorBytes);
    }
    EXPECT_TRUE(parsed->completes(sector_checksums(torn)));
    torn[mixture * 16] ^= std::byte{1};
    EXPECT_FALSE(parsed->completes(sector_checksums(torn)));
  }
}

TEST(FormatExtensions, APageThatIsNotQuiteARedoIsNone) {
  const MetadataPage redo = make_redo(kRoot, kRoot);
  EXPECT_TRUE(parse_redo(PageIndex{12}, redo, 64));
  EXPECT_FALSE(parse_redo(PageIndex{7}, redo, 64)) << "it lies where the root belongs";
  EXPECT_FALSE(parse_redo(PageIndex{12}, redo, 7)) << "its root lies outside of the region";
  EXPECT_FALSE(parse_redo(PageIndex{12}, redo, 9)) << "its chain lies outside of the region";
  MetadataPage other = redo;
  other.sequence = 1;
  other.crc = page_checksum(other);
  EXPECT_FALSE(parse_redo(PageIndex{12}, other, 64)) << "it continues a chain";
  other = redo;
  other.descriptors[60] = std::byte{3};
  other.crc = page_checksum(other);
  EXPECT_FALSE(parse_redo(PageIndex{12}, other, 64)) << "it holds a descriptor";
  other = redo;
  other.descriptors[200] = std::byte{1};
  EXPECT_FALSE(parse_redo(PageIndex{12}, other, 64)) << "its checksum does not match";
}

}  // namespace
}  // namespace holdfast
