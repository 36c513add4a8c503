// SPDX-License-Identifier: BSD-3-Clause
// What lies on a device and in a map file, byte for byte, as SPDK's lib/reduce wrote it.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/crc32c.hh"
#include "engine/format/metadata_region.hh"
#include "format/chunk_map.hh"
#include "format/volume_super.hh"

namespace holdfast {
namespace {

constexpr uint64_t kChunks = 100;
constexpr uint64_t kDevice = (kChunks + kSpareChunks) * 16384;

Uuid counted_uuid() {
  Uuid uuid;
  for (std::size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<std::byte>(0x10 + i);
  return uuid;
}

VolumeOptions vector_options() {
  VolumeOptions options;
  options.uuid = counted_uuid();
  options.codec = static_cast<uint32_t>(CodecKind::lz4);
  options.codec_level = 7;
  return options;
}

// The words that all versions of SPDK wrote: chunks of 16 KiB, units of 4096 bytes, blocks of 512.
std::string words_of_2019(uint64_t volume_size) {
  std::string super = "SPDKREDU";
  for (int i = 0; i < 16; ++i) super += static_cast<char>(0x10 + i);
  super += numbers({4096, 512, 16384, 0}) + le(volume_size);
  return super;
}

Bytes super_page(std::string super) {
  super.resize(kVolumeSuperBytes);
  return bytes_of(super);
}

VolumeLayout layout_of(uint64_t chunks, uint32_t units_per_chunk) {
  return {.unit_size = 4096,
          .logical_block_size = 512,
          .chunk_size = 4096 * units_per_chunk,
          .chunks = chunks,
          .units = (chunks + kSpareChunks) * units_per_chunk,
          .first_unit = 2};
}

std::vector<Le64> words_of(std::initializer_list<uint64_t> values) { return {values.begin(), values.end()}; }

TEST(VolumeSuperVector, OfANewVolumeIsWhatSpdkWritesAndItsReservedBytes) {
  VolumeOptions options = vector_options();
  options.checksums = true;
  options.logical_block_size = 512;
  const Result<CheckedVolume> volume = plan_volume(options, kDevice, 512);
  ASSERT_TRUE(volume) << describe(volume.error());
  std::string super = words_of_2019(kChunks * 16384) + numbers({7});
  super += '\x01';  // LZ4
  super.resize(64);
  super += "HOLDFAST" + le(uint64_t{1}) + le(uint64_t{0}) + numbers({1});
  const Bytes expected = super_page(super);
  EXPECT_EQ(std::memcmp(&volume->image, expected.data(), expected.size()), 0);
}

TEST(VolumeSuperVector, Of2019IsDeflateOfLevelZeroWithoutWordsOfHoldfast) {
  const Result<CheckedVolume> volume =
      parse_volume_super(super_page(words_of_2019(kChunks * 16384)), kDevice);
  ASSERT_TRUE(volume) << describe(volume.error());
  EXPECT_EQ(volume->uuid, counted_uuid());
  EXPECT_EQ(volume->codec, static_cast<uint32_t>(CodecKind::deflate));
  EXPECT_EQ(volume->codec_level, 0U);
  EXPECT_FALSE(volume->extended);
  EXPECT_FALSE(volume->checksums);
  EXPECT_EQ(volume->layout.unit_size, 4096U);
  EXPECT_EQ(volume->layout.logical_block_size, 512U);
  EXPECT_EQ(volume->layout.chunk_size, 16384U);
  EXPECT_EQ(volume->layout.chunks, kChunks);
  EXPECT_EQ(volume->layout.units, kDevice / 4096);
  EXPECT_EQ(volume->layout.first_unit, 2U);
}

// Bytes of SPDK's structure that it never filled, and reserved ones, are nobody's reason to refuse a volume.
TEST(VolumeSuperVector, PaddingAndReservedBytesAreKept) {
  Bytes page = super_page(words_of_2019(kChunks * 16384));
  page[36] = page[53] = page[300] = page[4095] = std::byte{0xA5};
  const Result<CheckedVolume> volume = parse_volume_super(page, kDevice);
  ASSERT_TRUE(volume) << describe(volume.error());
  EXPECT_EQ(std::memcmp(&volume->image, page.data(), page.size()), 0);
}

TEST(VolumeSuperVector, OnALargerDeviceKeepsItsSize) {
  const Result<CheckedVolume> volume =
      parse_volume_super(super_page(words_of_2019(kChunks * 16384)), kDevice + (1 << 20));
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->layout.chunks, kChunks);
  EXPECT_EQ(volume->layout.units, (kDevice + (1 << 20)) / 4096);
}

TEST(VolumeSuperVector, OnADeviceThatWasCutShortIsCorrupt) {
  const Result<CheckedVolume> volume =
      parse_volume_super(super_page(words_of_2019(kChunks * 16384)), kDevice - 1);
  EXPECT_EQ(volume.error().code, Errc::corrupt);
}

TEST(VolumeSession, IsOneWordWithItsEndInTheLowestBit) {
  EXPECT_EQ((SessionWord{.number = 5, .closed = true}).word(), 11U);
  EXPECT_EQ((SessionWord{.number = 5, .closed = false}).word(), 10U);
  EXPECT_EQ(SessionWord::from(11).number, 5U);
  EXPECT_TRUE(SessionWord::from(11).closed);
  EXPECT_FALSE(SessionWord::from(10).closed);
}

TEST(UuidText, IsReadInEitherCaseAndOnlyAsAWhole) {
  Uuid uuid;
  for (std::size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<std::byte>(0xA0 + i);
  const std::string text = "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf";
  EXPECT_EQ(uuid_text(uuid), text);
  EXPECT_EQ(parse_uuid(text), uuid);
  EXPECT_EQ(parse_uuid("A0A1A2A3-A4A5-A6A7-A8A9-AAABACADAEAF"), uuid);
  const std::vector<std::string> others = {
      text.substr(1),           text + "0", "0" + text, "", "a0a1a2a3a-4a5-a6a7-a8a9-aaabacadaeaf",
      std::string(1 << 16, 'f')};
  for (const std::string& other : others) EXPECT_FALSE(parse_uuid(other).has_value());
}

TEST(VolumePathVector, IsTheFolderAndTheUuidInLowerCase) {
  Bytes page(kMapPathBytes, std::byte{0xFF});
  ASSERT_TRUE(encode_map_path("/mnt/pmem", counted_uuid(), page));
  std::string expected = "/mnt/pmem/10111213-1415-1617-1819-1a1b1c1d1e1f";
  EXPECT_EQ(parse_map_path(page).value(), expected);
  expected.resize(kMapPathBytes);
  EXPECT_EQ(page, bytes_of(expected));
}

TEST(VolumePathVector, ThatDoesNotFitIsRefused) {
  Bytes page(kMapPathBytes);
  EXPECT_TRUE(encode_map_path(std::string(kMapPathBytes - 38, 'x'), counted_uuid(), page));
  EXPECT_EQ(parse_map_path(page).value().size(), kMapPathBytes - 1);
  EXPECT_EQ(encode_map_path(std::string(kMapPathBytes - 37, 'x'), counted_uuid(), page).error().code,
            Errc::invalid_argument);
  EXPECT_EQ(encode_map_path(std::string_view("a\0b", 3), counted_uuid(), page).error().code,
            Errc::invalid_argument);
}

TEST(VolumePathVector, ThatDoesNotEndIsCorrupt) {
  EXPECT_EQ(parse_map_path(Bytes(kMapPathBytes, std::byte{'x'})).error().code, Errc::corrupt);
}

struct MapFileSize {
  uint64_t chunks;
  uint32_t units_per_chunk;
  uint64_t logical_map;  // bytes
  uint64_t of_2019;
  uint64_t later;
};

// Found by running both versions of SPDK; the last two rows by its formulas.
constexpr MapFileSize kMapFileSizes[] = {{100, 4, 832, 12224, 14080},
                                         {1000, 4, 8000, 48192, 57216},
                                         {100, 16, 832, 34112, 35968},
                                         {1, 1, 64, 5248, 6272}};

TEST(MapFileVector, HasTheSizesThatSpdkFound) {
  for (const MapFileSize& size : kMapFileSizes) {
    const VolumeLayout layout = layout_of(size.chunks, size.units_per_chunk);
    EXPECT_EQ(layout.chunk_maps_offset(), 4096 + size.logical_map) << size.chunks;
    EXPECT_EQ(layout.map_file_bytes(MapSizing::without_headers), size.of_2019) << size.chunks;
    EXPECT_EQ(layout.map_file_bytes(MapSizing::with_headers), size.later) << size.chunks;
  }
}

TEST(MapFileVector, PlacesMapsBehindEachOtherWithTheirHeaders) {
  const VolumeLayout layout = layout_of(100, 4);
  EXPECT_EQ(layout.logical_entry_offset(3), 4096U + 24);
  EXPECT_EQ(layout.chunk_map_bytes(), 40U);
  EXPECT_EQ(layout.chunk_map_offset(5), 4928U + 200);
}

TEST(MapFileVector, ReservesTheUnitsOfTheHeader) {
  for (const auto& [unit, reserved] : {std::pair{512U, 16U}, {4096U, 2U}, {8192U, 1U}, {16384U, 1U}}) {
    VolumeOptions options = vector_options();
    options.unit_size = unit;
    EXPECT_EQ(plan_volume(options, kDevice, 512)->layout.first_unit, reserved) << unit;
  }
}

TEST(ChunkMapVector, OfACompressedChunkHasOnesBehindItsUnits) {
  const StoredChunk chunk{.map = 1, .stored_bytes = 5000, .checksum = 0x89ABCDEF, .units = {17, 42}};
  std::vector<Le64> words(5);
  encode_chunk_map(chunk, words);
  EXPECT_EQ(words, words_of({0x89ABCDEF'00001388, 17, 42, kNoUnit, kNoUnit}));
}

TEST(ChunkMapVector, OfSpdkHasNoChecksumAndIsRawIfItTakesAllUnits) {
  const VolumeLayout layout = layout_of(100, 4);
  StoredChunk chunk;
  chunk.map = 1;
  ASSERT_TRUE(parse_chunk_map(layout, words_of({0xFFFFFFFF'00004000, 2, 3, 4, 5}), chunk));
  EXPECT_EQ(chunk.stored_bytes, 16384U);
  EXPECT_EQ(chunk.checksum, kNoChecksum);
  EXPECT_EQ(chunk.units, (std::vector<uint64_t>{2, 3, 4, 5}));
  EXPECT_FALSE(chunk.compressed(layout));
}

// A size that takes as many units as the chunk is one of a raw chunk in each version.
TEST(ChunkMapVector, WithASizeInTheLastUnitIsRaw) {
  const VolumeLayout layout = layout_of(100, 4);
  StoredChunk chunk;
  chunk.map = 1;
  ASSERT_TRUE(parse_chunk_map(layout, words_of({0xFFFFFFFF'00003001, 2, 3, 4, 5}), chunk));
  EXPECT_FALSE(chunk.compressed(layout));
}

// SPDK uses a map again without filling the slots that it does not need.
TEST(ChunkMapVector, WithStaleSlotsBehindIsReadWithoutThem) {
  const VolumeLayout layout = layout_of(100, 4);
  StoredChunk chunk;
  chunk.map = 1;
  ASSERT_TRUE(parse_chunk_map(layout, words_of({0xFFFFFFFF'00000010, 9, 3, 4, 0x123456789}), chunk));
  EXPECT_EQ(chunk.units, std::vector<uint64_t>{9});
  EXPECT_TRUE(chunk.compressed(layout));
}

TEST(ChunkMapVector, OfImpossibleSizesOrUnitsIsCorruptAndNamesTheUnitsThatExist) {
  const VolumeLayout layout = layout_of(100, 4);
  StoredChunk chunk;
  chunk.map = 1;
  for (const uint64_t size : {0xFFFFFFFF'00000000, 0xFFFFFFFF'00004001, ~uint64_t{0}}) {
    const Result<> parsed = parse_chunk_map(layout, words_of({size, 2, 3, 4, 5}), chunk);
    EXPECT_EQ(parsed.error().code, Errc::corrupt) << size;
  }
  for (const uint64_t unit : {uint64_t{0}, uint64_t{1}, layout.units, kNoUnit}) {
    EXPECT_FALSE(parse_chunk_map(layout, words_of({0xFFFFFFFF'00002000, unit, 7, kNoUnit, kNoUnit}), chunk));
    EXPECT_EQ(chunk.units, std::vector<uint64_t>{7}) << unit;
  }
}

TEST(ChunkMapVector, ThatIsBlankIsAllOnes) {
  std::vector<Le64> words = words_of({1, 2, 3, 4, 5});
  EXPECT_FALSE(is_blank(words));
  encode_blank_map(words);
  EXPECT_TRUE(is_blank(words));
  EXPECT_EQ(words, std::vector<Le64>(5, Le64(~uint64_t{0})));
}

// "123456789" has the CRC-32C that every description of it names.
TEST(ChunkChecksumVector, IsTheCrcOfWhatIsStored) {
  EXPECT_EQ(chunk_checksum(bytes_of("123456789")), 0xE3069283U);
}

// Bytes whose CRC is all ones would look as if they had none.
TEST(ChunkChecksumVector, IsNeverTheWordForNone) {
  const Bytes with_ones(4, std::byte{0xFF});
  ASSERT_EQ(crc32c(with_ones), kNoChecksum);
  EXPECT_EQ(chunk_checksum(with_ones), kNoChecksum - 1);
}

}  // namespace
}  // namespace holdfast
