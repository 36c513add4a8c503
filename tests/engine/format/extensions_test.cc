// SPDX-License-Identifier: BSD-3-Clause
// The byte vectors of docs/format-extensions.md.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <functional>
#include <vector>

#include "format/chunk_map.hh"
#include "format/map_digest.hh"
#include "format/redo.hh"
#include "format/super_block.hh"
#include "format/volume_super.hh"

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

TEST(FormatExtensions, ARedoElsewhereThanItMayBeIsNone) {
  const MetadataPage redo = make_redo(kRoot, kRoot);
  EXPECT_TRUE(parse_redo(PageIndex{12}, redo, 64));
  EXPECT_FALSE(parse_redo(PageIndex{7}, redo, 64)) << "it lies where the root belongs";
  EXPECT_FALSE(parse_redo(PageIndex{12}, redo, 9)) << "its chain lies outside of the region";
  const MetadataPage outside = make_redo(pointer_root(BlobId{0x100000040}, PageIndex{9}), kRoot);
  EXPECT_TRUE(parse_redo(PageIndex{12}, outside, 65));
  EXPECT_FALSE(parse_redo(PageIndex{12}, outside, 64)) << "its root lies outside of the region";
  const MetadataPage nobodys = make_redo(pointer_root(BlobId{0x300000007}, PageIndex{9}), kRoot);
  EXPECT_FALSE(parse_redo(PageIndex{12}, nobodys, 64)) << "no blob has such an id";
}

bool is_redo_with(const std::function<void(MetadataPage&)>& change) {
  MetadataPage redo = make_redo(kRoot, kRoot);
  change(redo);
  redo.crc = page_checksum(redo);
  return parse_redo(PageIndex{12}, redo, 64).has_value();
}

TEST(FormatExtensions, APageThatIsNotQuiteARedoIsNone) {
  EXPECT_TRUE(is_redo_with([](MetadataPage& redo) { redo.descriptors[20] ^= std::byte{1}; }))
      << "what it replaces may be anything";
  EXPECT_FALSE(is_redo_with([](MetadataPage& page) { page.sequence = 1; })) << "it continues a chain";
  EXPECT_FALSE(is_redo_with([](MetadataPage& page) { page.descriptors[60] = std::byte{3}; }))
      << "it holds a descriptor";
  EXPECT_FALSE(is_redo_with([](MetadataPage& page) { page.descriptors[0] = std::byte{3}; }))
      << "it begins with a descriptor";
  EXPECT_FALSE(is_redo_with([](MetadataPage& page) { page.descriptors[1] ^= std::byte{1}; }))
      << "it is as long as something else";
  EXPECT_FALSE(is_redo_with([](MetadataPage& page) { page.descriptors[5] ^= std::byte{1}; }))
      << "its mark is another";
  MetadataPage damaged = make_redo(kRoot, kRoot);
  damaged.descriptors[20] ^= std::byte{1};
  EXPECT_FALSE(parse_redo(PageIndex{12}, damaged, 64)) << "its checksum does not match";
}

CheckedVolume volume_of_the_vector() {
  VolumeOptions options;
  options.uuid[0] = std::byte{1};
  options.checksums = true;
  return plan_volume(options, 4 << 20, 4096).value();
}

std::vector<uint8_t> bytes_of(const auto& object, std::size_t from, std::size_t length) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&object);
  return {bytes + from, bytes + from + length};
}

TEST(FormatExtensions, AVolumeHasHoldfastsWordsInItsReservedBytes) {
  const std::vector<uint8_t> vector = {'H', 'O', 'L', 'D', 'F', 'A', 'S', 'T', 1, 0, 0, 0, 0, 0,
                                       0,   0,   0,   0,   0,   0,   0,   0,   0, 0, 1, 0, 0, 0};
  VolumeSuper super = volume_of_the_vector().image;
  EXPECT_EQ(bytes_of(super, 64, 28), vector);
  EXPECT_EQ(bytes_of(super, 53, 11), std::vector<uint8_t>(11));
  EXPECT_EQ(bytes_of(super, 92, 4004), std::vector<uint8_t>(4004));
  EXPECT_EQ((SessionWord{.number = 5, .closed = false}.word()), 0x0aU);
  EXPECT_EQ((SessionWord{.number = 5, .closed = true}.word()), 0x0bU);
  super.session = 0x0b;
  const CheckedVolume parsed = parse_volume_super(std::as_bytes(std::span(&super, 1)), 4 << 20).value();
  EXPECT_EQ(parsed.session.number, 5U);
  EXPECT_TRUE(parsed.session.closed);
  EXPECT_TRUE(parsed.checksums);
}

TEST(FormatExtensions, AVolumeWithoutTheMarkHasNoneOfTheWords) {
  VolumeSuper super = volume_of_the_vector().image;
  super.extension[7] = 'R';
  const CheckedVolume parsed = parse_volume_super(std::as_bytes(std::span(&super, 1)), 4 << 20).value();
  EXPECT_FALSE(parsed.extended);
  EXPECT_FALSE(parsed.checksums);
}

// Behind the superblock all ones, which nobody stores into.
class MapOfOnes final : public PersistentMemory {
 public:
  explicit MapOfOnes(uint64_t size) { geometry_.size = size; }
  const PmGeometry& geometry() const noexcept override { return geometry_; }
  Result<uint64_t> load_u64(uint64_t offset) const noexcept override { return offset < 4096 ? 0 : ~0ULL; }
  Result<> load(uint64_t offset, std::span<std::byte> into) const noexcept override {
    std::ranges::fill(into, offset < 4096 ? std::byte{0} : std::byte{0xFF});
    return {};
  }
  PmWritten store(uint64_t, std::span<const std::byte>) noexcept override { std::abort(); }
  PmWritten store_u64(uint64_t, uint64_t) noexcept override { std::abort(); }
  Task<PmDurable> persist(PmWritten, Purpose) override { std::abort(); }

 private:
  PmGeometry geometry_;
};

TEST(FormatExtensions, ADigestCoversAllMapsBehindTheSuperblock) {
  const uint64_t size = volume_of_the_vector().layout.map_file_bytes(MapSizing::with_headers);
  EXPECT_EQ(size, 15360U);
  EXPECT_EQ(map_digest(MapOfOnes(size)).value(), 0xf05521a9U);
  EXPECT_EQ(map_digest(MapOfOnes(4096 + (2 << 20) + 64)).value(), 0x41abcb2837b6d37aU);
}

TEST(FormatExtensions, AChunkMapCarriesTheChecksumOfWhatIsStored) {
  const std::vector<std::byte> stored(100, std::byte{0x5a});
  const StoredChunk chunk{.map = 0, .stored_bytes = 100, .checksum = chunk_checksum(stored), .units = {2}};
  std::array<Le64, 5> words;
  encode_chunk_map(chunk, words);
  std::vector<uint8_t> vector = {0x64, 0, 0, 0, 0x19, 0x4c, 0x9a, 0xbb, 2, 0, 0, 0, 0, 0, 0, 0};
  vector.resize(40, 0xFF);
  EXPECT_EQ(bytes_of(words, 0, 40), vector);
}

TEST(FormatExtensions, AChecksumOfAllOnesIsWrittenAsOneLess) {
  const std::vector<std::byte> stored(4, std::byte{0xFF});
  EXPECT_EQ(chunk_checksum(stored), 0xfffffffeU);
}

}  // namespace
}  // namespace holdfast
