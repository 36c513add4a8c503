// SPDX-License-Identifier: BSD-3-Clause
// A volume that somebody damaged: what is intact is read, what is not is said, and nothing is made worse.
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

// Six chunks: raw ones and compressed ones in turn.
class DamagedVolume : public testing::Test {
 protected:
  static constexpr uint64_t kFilled = 6;

  DamagedVolume() { fill(small_volume()); }

  void fill(const VolumeOptions& options) {
    host.create_and_open(options);
    for (uint64_t chunk = 0; chunk < kFilled; ++chunk) ASSERT_TRUE(host.write_chunk(chunk, content(chunk)));
    ASSERT_TRUE(host.close());
    host.drop();
    layout = layout_of(host);
  }
  static Bytes content(uint64_t chunk) {
    return chunk % 2 == 0 ? noise(kTestChunk, chunk + 1) : text(kTestChunk, chunk + 1);
  }
  uint64_t entry_of(uint64_t chunk) const { return layout.logical_entry_offset(chunk); }
  // Where the nth unit of a chunk is named.
  uint64_t slot_of(uint64_t chunk, uint64_t nth) {
    return layout.chunk_map_offset(map_of_chunk(host, chunk)) + 8 + 8 * nth;
  }

  std::vector<uint64_t> damaged() {
    std::vector<uint64_t> chunks;
    for (const Volume::Damage& each : host.volume->damaged_chunks()) chunks.push_back(each.chunk);
    return chunks;
  }
  void expect_only_damaged(const std::vector<uint64_t>& expected, Errc code = Errc::corrupt) {
    EXPECT_EQ(damaged(), expected);
    for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk) {
      const Result<Bytes> read = host.read_chunk(chunk);
      if (std::ranges::count(expected, chunk) > 0) {
        EXPECT_EQ(error_of(read), code) << chunk;
      } else {
        ASSERT_TRUE(read) << chunk << ": " << describe(read.error());
        EXPECT_EQ(*read, chunk < kFilled ? content(chunk) : Bytes(kTestChunk)) << chunk;
      }
    }
  }
  void expect_read_only_for_damage() {
    EXPECT_TRUE(host.volume->info().read_only);
    for (const Result<>& refused : {host.write_chunk(9, content(1)), host.unmap_chunk(1)}) {
      ASSERT_EQ(error_of(refused), Errc::read_only);
      EXPECT_NE(std::string_view(refused.error().reason).find("damaged chunks"), std::string_view::npos);
    }
  }
  // Damage, as a volume that is opened afterwards shows it, and what it becomes when it is written over.
  void expect_damage_that_heals(const std::vector<uint64_t>& chunks) {
    ASSERT_TRUE(host.open());
    expect_only_damaged(chunks);
    expect_read_only_for_damage();
    ASSERT_TRUE(host.open(beside_damage()));
    const uint64_t mapped = host.volume->info().mapped_chunks;
    EXPECT_EQ(mapped, kFilled - chunks.size());
    EXPECT_EQ(error_of(host.write(chunks[0] * kTestChunk, Bytes(4096))), Errc::corrupt);
    EXPECT_EQ(error_of(host.unmap(chunks[0] * kTestChunk, 4096)), Errc::corrupt);
    for (const uint64_t chunk : chunks) ASSERT_TRUE(host.write_chunk(chunk, content(chunk)));
    expect_only_damaged({});
    EXPECT_EQ(host.volume->info().mapped_chunks, kFilled);
    ASSERT_TRUE(host.close_and_open());
    expect_only_damaged({});
    EXPECT_FALSE(host.volume->info().read_only);
    EXPECT_EQ(host.volume->info().mapped_chunks, kFilled);
    EXPECT_EQ(host.volume->info().allocated_units, kFilled / 2 * 5);
  }

  VolumeOnDisk host;
  VolumeLayout layout;
};

TEST_F(DamagedVolume, ByAnEntryOutOfRangeLosesThatChunkAlone) {
  host.set_map_word(entry_of(2), layout.chunk_maps());
  expect_damage_that_heals({2});
}

TEST_F(DamagedVolume, ByAUnitOutOfRangeLosesThatChunkAlone) {
  host.set_map_word(slot_of(0, 3), layout.units);
  expect_damage_that_heals({0});
}

TEST_F(DamagedVolume, ByAUnitInTheHeaderLosesThatChunkAlone) {
  host.set_map_word(slot_of(1, 0), 1);
  expect_damage_that_heals({1});
}

TEST_F(DamagedVolume, ByAnImpossibleSizeLosesThatChunkAlone) {
  host.set_map_word(layout.chunk_map_offset(map_of_chunk(host, 3)), 0xFFFFFFFF'00000000);
  expect_damage_that_heals({3});
}

TEST_F(DamagedVolume, WhereAChunkMapWasBlankedLosesThatChunkAlone) {
  const uint64_t map = layout.chunk_map_offset(map_of_chunk(host, 4));
  for (uint64_t word = 0; word < 5; ++word) host.set_map_word(map + 8 * word, ~uint64_t{0});
  expect_damage_that_heals({4});
}

TEST_F(DamagedVolume, WhereTwoChunksShareAUnitLosesBoth) {
  host.set_map_word(slot_of(1, 0), unit_of_chunk(host, 4, 2));
  expect_damage_that_heals({1, 4});
}

TEST_F(DamagedVolume, WhereTwoChunksShareAMapLosesBoth) {
  host.set_map_word(entry_of(5), map_of_chunk(host, 2));
  expect_damage_that_heals({2, 5});
}

TEST_F(DamagedVolume, WhereAChunkNamesAUnitTwiceLosesIt) {
  host.set_map_word(slot_of(0, 1), unit_of_chunk(host, 0, 0));
  expect_damage_that_heals({0});
}

// Of a chunk with a bad unit the good ones may be its own: others that name them are not believed either.
TEST_F(DamagedVolume, CountsTheGoodUnitsOfABadChunkAsOwned) {
  host.set_map_word(slot_of(0, 3), layout.units);
  host.set_map_word(slot_of(1, 0), unit_of_chunk(host, 0, 0));
  expect_damage_that_heals({0, 1});
}

TEST_F(DamagedVolume, UnmapHealsItToo) {
  host.set_map_word(slot_of(1, 0), 1);
  ASSERT_TRUE(host.open(beside_damage()));
  ASSERT_TRUE(host.unmap_chunk(1));
  EXPECT_TRUE(all_zero(host.read_chunk(1).value()));
  EXPECT_TRUE(damaged().empty());
  ASSERT_TRUE(host.close_and_open());
  EXPECT_TRUE(all_zero(host.read_chunk(1).value()));
  EXPECT_EQ(host.volume->info().mapped_chunks, kFilled - 1);
}

// What SPDK leaves in slots that a map does not need is nothing.
TEST_F(DamagedVolume, IsNotOneWithStaleSlots) {
  host.set_map_word(slot_of(1, 1), unit_of_chunk(host, 0, 0));
  host.set_map_word(slot_of(1, 2), layout.units + 7);
  ASSERT_TRUE(host.open());
  expect_only_damaged({});
  ASSERT_TRUE(host.write_chunk(1, text(kTestChunk, 50)));
  ASSERT_TRUE(host.write_chunk(8, noise(kTestChunk, 51)));
  EXPECT_EQ(host.read_chunk(0).value(), content(0));
}

// What SPDK left in maps that nobody refers to is blank before anything else changes: SPDK would free it.
TEST_F(DamagedVolume, BlanksWhatNobodyRefersToBeforeItsFirstChange) {
  const uint64_t free_map = layout.chunk_map_offset(layout.chunk_maps() - 1);
  host.set_map_word(free_map, 0xFFFFFFFF'00004000);
  host.set_map_word(free_map + 8, unit_of_chunk(host, 0, 0));
  ASSERT_TRUE(host.open());
  ASSERT_TRUE(host.write_chunk(9, text(kTestChunk, 1)));
  host.power_cut();
  EXPECT_EQ(host.map_word(free_map), ~uint64_t{0});
  EXPECT_EQ(host.map_word(free_map + 8), ~uint64_t{0});
}

class PoisonedVolume : public DamagedVolume {};

TEST_F(PoisonedVolume, LosesTheChunksWhoseMapsLieInTheLineAlone) {
  const uint64_t map = map_of_chunk(host, 2);
  host.poison(layout.chunk_map_offset(map), 8);
  ASSERT_TRUE(host.open());
  const std::vector<uint64_t> lost = damaged();
  ASSERT_FALSE(lost.empty());
  EXPECT_TRUE(std::ranges::count(lost, 2U) == 1);
  EXPECT_LE(lost.size(), 3U);
  expect_only_damaged(lost, Errc::device_failed);
  expect_read_only_for_damage();
}

// A part that fails at once, while others are on their way, is not the end of the request: they use its
// memory.
TEST(VolumeWithABadChunkMap, EndsARequestOnlyWhenAllOfItsPartsHaveEnded) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    VolumeOnDisk host(disk_of_chunks(kTestChunks), MemoryKind::persistent_memory, seed);
    host.create_and_open();
    for (uint64_t chunk = 0; chunk < 8; ++chunk) ASSERT_TRUE(host.write_chunk(chunk, noise(kTestChunk, 1)));
    ASSERT_TRUE(host.close());
    host.drop();
    host.poison(layout_of(host).chunk_map_offset(map_of_chunk(host, 5)), 8);
    ASSERT_TRUE(host.open());
    host.watch = {};
    const Request& request = host.submit(VolumeIoKind::read, 0, Bytes(8 * kTestChunk));
    while (!request.ended) ASSERT_TRUE(host.machine->scheduler.step());
    EXPECT_EQ(error_of(*request.ended), Errc::device_failed);
    EXPECT_GT(host.watch.reads, 2U) << "of the chunks before";
    EXPECT_EQ(host.watch.in_flight, 0U) << "with seed " << seed;
    host.run_out();
  }
}

// Other maps take the place of the poisoned ones.
TEST_F(PoisonedVolume, WritesLostChunksAnewInOtherMaps) {
  host.poison(layout.chunk_map_offset(map_of_chunk(host, 2)), 8);
  ASSERT_TRUE(host.open(beside_damage()));
  for (const uint64_t chunk : damaged()) ASSERT_TRUE(host.write_chunk(chunk, content(chunk)));
  expect_only_damaged({});
  ASSERT_TRUE(host.close_and_open());
  expect_only_damaged({});
}

// A line of the logical map takes eight entries; none of them can be stored.
TEST_F(PoisonedVolume, RefusesToWriteWhereTheEntryCannotBeStored) {
  host.poison(entry_of(0), 8);
  ASSERT_TRUE(host.open(beside_damage()));
  EXPECT_EQ(damaged(), (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(error_of(host.read_chunk(0)), Errc::device_failed);
  EXPECT_EQ(error_of(host.write_chunk(0, content(0))), Errc::device_failed);
  EXPECT_EQ(error_of(host.unmap_chunk(0)), Errc::device_failed);
  ASSERT_TRUE(host.write_chunk(8, content(8)));
  EXPECT_EQ(host.read_chunk(8).value(), content(8));
}

// A store into a part of such a line goes nowhere, and nobody would be told.
TEST_F(PoisonedVolume, NeverUsesFreeMapsInTheLine) {
  for (uint64_t map = kFilled + 3; map < layout.chunk_maps(); map += 7)
    host.poison(layout.chunk_map_offset(map), 8);
  ASSERT_TRUE(host.open());
  expect_only_damaged({});
  for (int round = 0; round < 20; ++round) {
    for (uint64_t chunk = 0; chunk < kFilled; ++chunk) ASSERT_TRUE(host.write_chunk(chunk, content(chunk)));
    expect_only_damaged({});
  }
  ASSERT_TRUE(host.close_and_open());
  expect_only_damaged({});
}

TEST(VolumeWithFewMapsLeft, TakesAsManyRequestsAsItHasRoomFor) {
  VolumeOnDisk small(disk_of_chunks(3));
  small.create_and_open();
  ASSERT_TRUE(small.close());
  small.drop();
  const VolumeLayout maps = layout_of(small);
  small.poison(maps.chunk_map_offset(20), (maps.chunk_maps() - 21) * maps.chunk_map_bytes());
  ASSERT_TRUE(small.open(of_depth(128)));
  EXPECT_LE(small.volume->info().queue_depth, 20U - 3);
  std::vector<Request*> requests;
  for (uint64_t i = 0; i < 200; ++i)
    requests.push_back(&small.submit(VolumeIoKind::write, i % 3 * kTestChunk, noise(kTestChunk, i)));
  small.run_out();
  for (const Request* request : requests) EXPECT_TRUE(request->ended && *request->ended);
  for (uint64_t i = 197; i < 200; ++i) EXPECT_EQ(small.read_chunk(i % 3).value(), noise(kTestChunk, i));
}

TEST_F(PoisonedVolume, InItsSuperblockCannotBeOpened) {
  host.poison(0, 8);
  EXPECT_EQ(error_of(host.open()), Errc::device_failed);
}

class PoisonedVolumeWithChecksums : public PoisonedVolume {
 protected:
  PoisonedVolumeWithChecksums() {
    VolumeOptions options = with_checksums();
    options.replace_existing = true;
    options.uuid = uuid_of(2);
    fill(options);
  }
};

TEST_F(PoisonedVolumeWithChecksums, ReadsAndChecksTheOthers) {
  host.poison(layout.chunk_map_offset(map_of_chunk(host, 2)), 8);
  ASSERT_TRUE(host.open());
  const std::vector<uint64_t> lost = damaged();
  EXPECT_LE(lost.size(), 3U);
  expect_only_damaged(lost, Errc::device_failed);
  EXPECT_EQ(host.volume->info().checksums, Volume::Checksums::kept);
}

}  // namespace
}  // namespace holdfast
