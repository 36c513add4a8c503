// SPDX-License-Identifier: BSD-3-Clause
// Making, opening, closing and destroying volumes, and the map files that this leaves.
#include <cstring>

#include "holdfast/blobstore.hh"
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

Result<std::vector<Uuid>> map_files(VolumeOnDisk& host) { return Volume::map_files(host.machine->maps); }

VolumeOptions second_volume(bool replaces) {
  VolumeOptions options = small_volume();
  options.uuid = uuid_of(2);
  options.replace_existing = replaces;
  return options;
}

TEST(VolumeCreation, RefusesADeviceOnWhichAVolumeBegins) {
  VolumeOnDisk host;
  host.create_and_open();
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.close());
  host.drop();
  EXPECT_EQ(error_of(host.create(second_volume(false))), Errc::already_exists);
  ASSERT_TRUE(host.create(second_volume(true)));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.volume->info().uuid, uuid_of(2));
  EXPECT_TRUE(all_zero(host.read_chunk(0).value()));
  EXPECT_EQ(map_files(host).value(), (std::vector<Uuid>{uuid_of(1)})) << "the open one is not listed";
}

TEST(VolumeCreation, RefusesADeviceOnWhichADamagedVolumeBegins) {
  VolumeOnDisk host;
  ASSERT_TRUE(host.create());
  host.set_device_bytes(24, Bytes(4));  // no unit size
  EXPECT_EQ(error_of(host.create(second_volume(false))), Errc::already_exists);
  EXPECT_EQ(error_of(host.open()), Errc::corrupt);
  EXPECT_EQ(error_of(host.destroy()), Errc::corrupt);
  EXPECT_TRUE(host.create(second_volume(true)));
}

TEST(VolumeCreation, RefusesADeviceOnWhichABlobstoreBegins) {
  DeviceGeometry geometry = disk_of_chunks(kTestChunks);
  VolumeOnDisk host(geometry);
  FormatOptions options;
  options.cluster_size = 65536;
  options.metadata_pages = 16;
  ASSERT_TRUE(host.run(Blobstore::format(host.machine->device, host.machine->home, options)));
  EXPECT_EQ(error_of(host.create()), Errc::already_exists);
  EXPECT_TRUE(host.create(second_volume(true)));
}

TEST(VolumeCreation, RefusesTheNameOfAMapFileThatIsThere) {
  VolumeOnDisk host;
  host.create_and_open();
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.close());
  host.drop();
  VolumeOptions again = small_volume();
  again.replace_existing = true;
  EXPECT_EQ(error_of(host.create(again)), Errc::already_exists);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
}

TEST(VolumeCreation, RefusesImpossibleOptionsAndTouchesNothing) {
  struct Bad {
    const char* name;
    void (*set)(VolumeOptions&);
  };
  static const std::string long_folder(4096, 'x');
  const Bad bad[] = {
      {"no uuid", [](VolumeOptions& options) { options.uuid = {}; }},
      {"small chunk", [](VolumeOptions& options) { options.chunk_size = 2048; }},
      {"large chunk", [](VolumeOptions& options) { options.chunk_size = 2 << 20; }},
      {"unit that does not divide", [](VolumeOptions& options) { options.unit_size = 12288; }},
      {"unit below a block", [](VolumeOptions& options) { options.unit_size = 512; }},
      {"no unit", [](VolumeOptions& options) { options.unit_size = 0; }},
      {"block that does not divide", [](VolumeOptions& options) { options.logical_block_size = 5120; }},
      {"block below a sector", [](VolumeOptions& options) { options.logical_block_size = 256; }},
      {"folder", [](VolumeOptions& options) { options.folder = long_folder; }},
  };
  VolumeOnDisk host;
  for (const Bad& each : bad) {
    VolumeOptions options = small_volume();
    each.set(options);
    EXPECT_EQ(error_of(host.create(options)), Errc::invalid_argument) << each.name;
  }
  EXPECT_TRUE(host.machine->maps.names()->empty());
  EXPECT_EQ(host.watch.writes, 0U);
}

TEST(VolumeCreation, ThatFailsRemovesItsMapFileAndCanBeRepeated) {
  for (uint64_t write = 0; write < 2; ++write) {  // the erased superblock, and the path
    VolumeOnDisk host;
    host.machine->device.fail_change(2 * write, FailingDevice::Failure::nothing_done);
    EXPECT_EQ(error_of(host.create()), Errc::device_failed) << write;
    EXPECT_TRUE(host.machine->maps.names()->empty()) << write;
    EXPECT_TRUE(host.create());
    EXPECT_TRUE(host.open());
  }
}

// What was sent may be there, and it names the map file.
TEST(VolumeCreation, ThatFailsAtTheSuperblockKeepsItsMapFile) {
  VolumeOnDisk host;
  host.machine->device.fail_change(4, FailingDevice::Failure::all_done);
  EXPECT_EQ(error_of(host.create()), Errc::device_failed);
  EXPECT_EQ(map_files(host).value(), std::vector<Uuid>{uuid_of(1)});
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(all_zero(host.read_chunk(0).value()));
}

TEST(VolumeDestruction, LeavesNothing) {
  VolumeOnDisk host;
  host.create_and_open();
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.close());
  host.drop();
  ASSERT_TRUE(host.destroy());
  host.power_cut();
  EXPECT_TRUE(host.machine->maps.names()->empty());
  EXPECT_EQ(error_of(host.open()), Errc::not_a_store);
  EXPECT_EQ(error_of(host.destroy()), Errc::not_a_store);
  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.open());
  EXPECT_TRUE(all_zero(host.read_chunk(0).value()));
}

TEST(VolumeDestruction, DoesNotMissAMapFile) {
  VolumeOnDisk host;
  ASSERT_TRUE(host.create());
  ASSERT_TRUE(host.machine->maps.remove(host.map_name()));
  ASSERT_TRUE(host.destroy());
  EXPECT_EQ(error_of(host.open()), Errc::not_a_store);
}

TEST(VolumeMapFiles, AreThoseNamedAfterTheSuperblockInThem) {
  VolumeOnDisk host;
  ASSERT_TRUE(host.create());
  simdisk::SimulatedMaps& maps = host.machine->maps;
  ASSERT_TRUE(maps.create("something else", 100));
  ASSERT_TRUE(maps.create(uuid_text(uuid_of(3)), 8192));  // zeroes
  ASSERT_TRUE(maps.create(uuid_text(uuid_of(4)), 100));   // too short
  EXPECT_EQ(map_files(host).value(), std::vector<Uuid>{uuid_of(1)});
  ASSERT_TRUE(maps.rename(host.map_name(), "renamed"));
  EXPECT_TRUE(map_files(host).value().empty());
}

TEST(VolumeMapFiles, OfNoFolderAreNone) {
  VolumeOnDisk host;
  EXPECT_TRUE(map_files(host).value().empty());
}

TEST(VolumeOpening, OfADeviceWithoutOneFindsNone) {
  VolumeOnDisk host;
  EXPECT_EQ(error_of(host.open()), Errc::not_a_store);
  DeviceGeometry tiny;
  tiny.block_count = 1;
  VolumeOnDisk too_small(tiny);
  EXPECT_EQ(error_of(too_small.open()), Errc::not_a_store);
  EXPECT_EQ(error_of(too_small.create()), Errc::no_space);
}

TEST(VolumeOpening, OnADeviceWithLargerBlocksThanUnitsIsUnsupported) {
  VolumeOnDisk small_blocks(disk_of_chunks(kTestChunks, kTestChunk, 512));
  VolumeOptions options = small_volume();
  options.unit_size = 512;
  ASSERT_TRUE(small_blocks.create(options));
  VolumeOnDisk large_blocks;
  large_blocks.set_device_bytes(0, small_blocks.device_bytes(0, 8192));
  EXPECT_EQ(error_of(large_blocks.open()), Errc::unsupported);
}

// The natural end of a program: each step goes on from inside the completion of the one before.
Task<> use_and_drop(VolumeOnDisk& host, VolumeIo& io) {
  HF_CO_CHECK(co_await host.volume->perform(io));
  HF_CO_CHECK(co_await host.volume->close());
  host.volume.reset();
  co_return {};
}

class DroppedVolume : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(WriteBackOrNot, DroppedVolume, testing::Bool());

TEST_P(DroppedVolume, MayBeDestroyedAsSoonAsItIsClosed) {
  for (const VolumeIoKind kind : {VolumeIoKind::write, VolumeIoKind::read, VolumeIoKind::flush}) {
    VolumeOnDisk host;
    host.create_and_open(small_volume(), GetParam() ? write_back() : VolumeOpenOptions{});
    ASSERT_TRUE(host.write_chunk(1, noise(kTestChunk, 2)));
    Bytes bytes = noise(kTestChunk, 1);
    const iovec whole{.iov_base = bytes.data(), .iov_len = bytes.size()};
    VolumeIo io;
    io.kind = kind;
    if (kind != VolumeIoKind::flush) {
      io.length = bytes.size();
      io.buffers = {&whole, 1};
    }
    ASSERT_TRUE(host.run(use_and_drop(host, io)));
    host.run_out();
    host.power_cut();
    ASSERT_TRUE(host.open());
    EXPECT_TRUE(host.volume->info().was_closed);
    EXPECT_EQ(host.read_chunk(1).value(), noise(kTestChunk, 2));
    EXPECT_EQ(host.read_chunk(0).value(), kind == VolumeIoKind::write ? bytes : Bytes(kTestChunk));
  }
}

TEST_P(DroppedVolume, MayBeDestroyedByTheLastCompletion) {
  for (const uint64_t length : {uint64_t{0}, uint64_t{kTestChunk}}) {
    VolumeOnDisk host;
    host.create_and_open(small_volume(), GetParam() ? write_back() : VolumeOpenOptions{});
    Bytes bytes(length);
    const iovec whole{.iov_base = bytes.data(), .iov_len = bytes.size()};
    VolumeIo io;
    io.kind = VolumeIoKind::read;
    io.length = length;
    if (length > 0) io.buffers = {&whole, 1};
    io.context = &host;
    io.on_complete = [](VolumeIo& done, Result<>) noexcept {
      static_cast<VolumeOnDisk*>(done.context)->volume.reset();
    };
    host.volume->submit(io);
    host.run_out();
    EXPECT_EQ(host.volume, nullptr);
  }
}

}  // namespace
}  // namespace holdfast
