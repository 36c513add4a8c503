// SPDX-License-Identifier: BSD-3-Clause
// A volume is a device and a map file that belong together.
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

Error error_of_open(VolumeOnDisk& host, VolumeOpenOptions how = {}) {
  const Result<> opened = host.open(how);
  return opened ? Error{.code = Errc{}} : opened.error();
}

struct PairedVolume : testing::Test {
  PairedVolume() {
    host.create_and_open();
    write(1);
  }
  void write(uint64_t seed) {
    ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, seed)));
    ASSERT_TRUE(host.close());
    host.drop();
  }
  void expect_map_file_refused() {
    for (const VolumeOpenOptions& how : {VolumeOpenOptions{}, read_only(), beside_damage()}) {
      const Error error = error_of_open(host, how);
      EXPECT_EQ(error.code, Errc::corrupt);
      EXPECT_EQ(error.object, ObjectKind::map_file);
    }
  }

  VolumeOnDisk host;
};

TEST_F(PairedVolume, WithoutItsMapFileIsNotFound) {
  host.power_cut();
  host.folder.lose(host.map_name());
  host.power_cut();
  EXPECT_EQ(error_of_open(host).code, Errc::not_found);
}

TEST_F(PairedVolume, WithTheMapFileOfAnotherVolumeIsCorrupt) {
  VolumeOnDisk other;
  VolumeOptions options = small_volume();
  options.uuid = uuid_of(2);
  ASSERT_TRUE(other.create(options));
  host.set_map_bytes(other.map_bytes());
  expect_map_file_refused();
}

TEST_F(PairedVolume, WithAMapFileOfAnotherLengthIsCorrupt) {
  const Bytes map = host.map_bytes();
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, map.size() - 64, map.size() + 64}) {
    Bytes cut = map;
    cut.resize(size);
    host.set_map_bytes(cut);
    expect_map_file_refused();
  }
  host.set_map_bytes(map);
  EXPECT_TRUE(host.open());
}

TEST_F(PairedVolume, WithAnOldCopyOfItsMapFileIsCorrupt) {
  const Bytes old = host.map_bytes();
  ASSERT_TRUE(host.open());
  write(2);
  host.set_map_bytes(old);
  expect_map_file_refused();
}

// Its numbers alone cannot tell the first copy from a session that was cut short while it began; the next
// session can.
TEST_F(PairedVolume, WithAnOldCopyOfItsDeviceIsCorruptAfterTwoSessions) {
  const Bytes old = host.device_bytes(0, 4096);
  for (uint64_t seed = 2; seed < 4; ++seed) {
    ASSERT_TRUE(host.open());
    write(seed);
  }
  host.set_device_bytes(0, old);
  expect_map_file_refused();
}

// The map file is marked before the device: a cut between the two leaves it one ahead.
TEST_F(PairedVolume, WithAMapFileOneSessionAheadIsAsItWas) {
  const Bytes before = host.device_bytes(0, 4096);
  ASSERT_TRUE(host.open());
  host.machine->device.fail_every(IoKind::write);
  EXPECT_EQ(error_of(host.write_chunk(0, noise(kTestChunk, 2))), Errc::device_failed);
  host.power_cut();
  EXPECT_EQ(host.device_bytes(0, 4096), before);
  EXPECT_EQ(SessionWord::from(host.map_word(kSessionOffset)).number, 2U);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
  EXPECT_FALSE(host.volume->info().was_closed);
  write(3);
  EXPECT_EQ(SessionWord::from(host.map_word(kSessionOffset)).word(), (SessionWord{2, true}).word());
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.volume->info().was_closed);
}

TEST_F(PairedVolume, CountsOnlySessionsThatChangedIt) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(host.open());
    EXPECT_TRUE(host.read_chunk(0));
    ASSERT_TRUE(host.unmap_chunk(7));  // nothing is there
    ASSERT_TRUE(host.close());
  }
  EXPECT_EQ(SessionWord::from(host.map_word(kSessionOffset)).number, 1U);
}

TEST_F(PairedVolume, KnowsWhetherItWasClosed) {
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(host.volume->info().was_closed);
  ASSERT_TRUE(host.write_chunk(1, text(kTestChunk, 1)));
  ASSERT_TRUE(host.open());
  EXPECT_FALSE(host.volume->info().was_closed);
  ASSERT_TRUE(host.close_and_open());
  EXPECT_FALSE(host.volume->info().was_closed) << "a session that changed nothing closes nothing";
  ASSERT_TRUE(host.write_chunk(1, text(kTestChunk, 2)));
  ASSERT_TRUE(host.close_and_open());
  EXPECT_TRUE(host.volume->info().was_closed);
}

TEST_F(PairedVolume, MayHaveItsMapFileUnderAnotherName) {
  ASSERT_TRUE(host.machine->maps.rename(host.map_name(), "copy of the map"));
  EXPECT_EQ(error_of_open(host).code, Errc::not_found);
  VolumeOpenOptions how;
  how.map_name = "copy of the map";
  ASSERT_TRUE(host.open(how));
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
}

TEST_F(PairedVolume, TwiceOpenIsBusy) {
  ASSERT_TRUE(host.open());
  const auto second =
      host.run(Volume::open(host.machine->device, host.machine->maps, host.machine->home, {}));
  EXPECT_EQ(error_of(second), Errc::busy);
}

// A volume of SPDK's has no words of Holdfast's, and gets none.
struct ForeignVolume : PairedVolume {
  ForeignVolume() {
    Bytes super = host.device_bytes(0, 4096);
    std::fill(super.begin() + 64, super.begin() + 128, std::byte{0});
    host.set_device_bytes(0, super);
    Bytes map = host.map_bytes();
    std::ranges::copy(super, map.begin());
    host.set_map_bytes(map);
  }
};

TEST_F(ForeignVolume, IsReadAndWrittenAndKeepsItsSuperblock) {
  const Bytes super = host.device_bytes(0, 8192);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.volume->info().checksums, Volume::Checksums::none);
  EXPECT_FALSE(host.volume->info().was_closed);
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
  ASSERT_TRUE(host.write_chunk(3, text(kTestChunk, 5)));
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.read_chunk(3).value(), text(kTestChunk, 5));
  EXPECT_FALSE(host.volume->info().was_closed);
  EXPECT_EQ(host.device_bytes(0, 8192), super);
  EXPECT_EQ(std::memcmp(host.map_bytes().data(), super.data(), 4096), 0);
}

// As a program of before July 2019 made it: the map file is too short for the headers of its maps.
struct VolumeOf2019 : ForeignVolume {
  VolumeOf2019() {
    EXPECT_TRUE(host.open());
    EXPECT_TRUE(host.write_chunk(4, text(kTestChunk, 5)));
    EXPECT_TRUE(host.close());
    layout = layout_of(host);
    map = host.map_bytes();
    map.resize(layout.map_file_bytes(MapSizing::without_headers));
    host.set_map_bytes(map);
  }
  // How many maps lie in the file as a whole.
  uint64_t reachable() const { return (map.size() - layout.chunk_maps_offset()) / layout.chunk_map_bytes(); }

  VolumeLayout layout;
  Bytes map;
};

TEST_F(VolumeOf2019, IsOpenedReadOnlyAndRead) {
  ASSERT_TRUE(host.open(read_only()));
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
  EXPECT_EQ(host.read_chunk(4).value(), text(kTestChunk, 5));
  EXPECT_TRUE(all_zero(host.read_chunk(1).value()));
  EXPECT_EQ(error_of(host.write_chunk(0, noise(kTestChunk, 1))), Errc::read_only);
  ASSERT_TRUE(host.close());
  EXPECT_EQ(host.map_bytes(), map);
}

TEST_F(VolumeOf2019, IsRefusedForWriting) {
  EXPECT_EQ(error_of_open(host).code, Errc::unsupported);
  EXPECT_EQ(error_of_open(host, beside_damage()).code, Errc::unsupported);
}

// Its program wrote behind the end of the file then, and what was there is lost.
TEST_F(VolumeOf2019, WithAMapBehindItsEndIsRefused) {
  host.set_map_word(layout.logical_entry_offset(4), reachable());
  EXPECT_EQ(error_of_open(host, read_only()).code, Errc::corrupt);
  host.set_map_word(layout.logical_entry_offset(4), kNoChunkMap);
  EXPECT_TRUE(host.open(read_only()));
}

}  // namespace
}  // namespace holdfast
