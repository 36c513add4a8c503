// SPDX-License-Identifier: BSD-3-Clause
// What SPDK's own tests of lib/reduce hold, and volumes too; where they differ, the comment says so.
#include <limits>

#include "run_length_codec.hh"
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kBlock = 512;

// As in the peer's fixture: blocks of 512 bytes or 4096, and a codec of runs.
class PeerVolume : public testing::TestWithParam<uint32_t> {
 protected:
  PeerVolume() : host(disk_of_chunks(kTestChunks, kTestChunk, GetParam())) {
    options.codec = kFirstOwnCodec;
    how.codec_maker = &maker;
  }
  void create_and_open() { host.create_and_open(options, how); }
  void reopen() { ASSERT_TRUE(host.close_and_open(how)); }
  Bytes blocks(uint64_t count, uint8_t fill) const { return Bytes(count * GetParam(), std::byte{fill}); }
  Result<> write_blocks(uint64_t block, const Bytes& bytes) { return host.write(block * GetParam(), bytes); }
  // What fills each block of the first chunks; -1: it is not one byte.
  std::vector<int> fill_of_blocks(uint64_t chunks) {
    const Bytes bytes = host.read(0, chunks * kTestChunk).value();
    std::vector<int> fills;
    for (std::size_t at = 0; at < bytes.size(); at += GetParam()) {
      const auto block = std::span(bytes).subspan(at, GetParam());
      const bool one = std::ranges::all_of(block, [&](std::byte each) { return each == block[0]; });
      fills.push_back(one ? static_cast<int>(block[0]) : -1);
    }
    return fills;
  }

  RunLengthMaker maker;
  VolumeOptions options = small_volume();
  VolumeOpenOptions how;
  VolumeOnDisk host;
};
INSTANTIATE_TEST_SUITE_P(Blocks, PeerVolume, testing::Values(512U, 4096U));

TEST_P(PeerVolume, HasAMapFileThatEndsWithItsLastMap) {  // get_pm_file_size
  create_and_open();
  const VolumeLayout layout = layout_of(host);
  const uint64_t needed =
      4096 + layout.chunks * 8 + (layout.chunks + 128) * (8 + layout.units_per_chunk() * 8);
  EXPECT_GE(host.map_bytes().size(), needed);
  EXPECT_LT(host.map_bytes().size(), needed + 2 * 64);
}

TEST_P(PeerVolume, IsSmallerThanItsDevice) {  // get_vol_size
  create_and_open();
  EXPECT_EQ(host.volume->info().size, kTestChunks * kTestChunk);
  EXPECT_LT(host.volume->info().size, host.media.size());
}

// Of its two refusals one, missing callbacks, cannot be expressed here.
TEST_P(PeerVolume, NeedsADeviceOfMoreThanTheSpareChunks) {  // init_failure
  VolumeOnDisk tiny(disk_of_chunks(0, kTestChunk, GetParam()));
  EXPECT_EQ(error_of(tiny.create()), Errc::no_space);
  EXPECT_TRUE(tiny.machine->maps.names()->empty());
}

TEST_P(PeerVolume, HasAMapFileOfItsSuperblockAndOnes) {  // init_md
  ASSERT_TRUE(host.create());
  const Bytes map = host.map_bytes();
  EXPECT_TRUE(std::ranges::equal(std::span(map).first(64), host.device_bytes(0, 64)));
  EXPECT_EQ(std::memcmp(map.data(), "SPDKREDU", 8), 0);
  const auto is_ones = [](std::byte each) { return each == std::byte{0xFF}; };
  EXPECT_TRUE(std::ranges::all_of(std::span(map).subspan(4096), is_ones));
}

TEST_P(PeerVolume, HasItsSuperblockAndThePathOnTheDevice) {  // init_backing_dev
  options.folder = "/tmp";
  create_and_open();
  EXPECT_EQ(std::memcmp(host.device_bytes(0, 8).data(), "SPDKREDU", 8), 0);
  EXPECT_EQ(host.device_bytes(8, 16), Bytes(16, std::byte{1}));
  const std::string path = "/tmp/01010101-0101-0101-0101-010101010101";
  EXPECT_EQ(std::memcmp(host.device_bytes(4096, 4096).data(), path.c_str(), path.size() + 1), 0);
  EXPECT_EQ(host.volume->info().path, path);
}

TEST_P(PeerVolume, IsOpenedAsItWasMade) {  // load
  create_and_open();
  const Volume::Info made = host.volume->info();
  reopen();
  const Volume::Info opened = host.volume->info();
  EXPECT_EQ(opened.uuid, options.uuid);
  EXPECT_EQ(opened.size, made.size);
  EXPECT_EQ(opened.chunk_size, kTestChunk);
  EXPECT_EQ(opened.unit_size, kTestUnit);
  EXPECT_EQ(opened.logical_block_size, GetParam());
  EXPECT_EQ(opened.path, made.path);
}

TEST_P(PeerVolume, PutsAnOverwriteBesideAndFreesWhatWasThere) {  // write_maps
  create_and_open();
  EXPECT_EQ(host.volume->info().allocated_units, 0U);
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  EXPECT_EQ(host.volume->info().allocated_units, 4U);
  ASSERT_TRUE(host.close());
  const uint64_t map = map_of_chunk(host, 0);
  const uint64_t unit = unit_of_chunk(host, 0);
  ASSERT_TRUE(host.open(how));
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 2)));
  EXPECT_EQ(host.volume->info().allocated_units, 4U);
  ASSERT_TRUE(host.close());
  EXPECT_NE(map_of_chunk(host, 0), map);
  EXPECT_NE(unit_of_chunk(host, 0), unit);
  ASSERT_TRUE(host.open(how));
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 2));
}

TEST_P(PeerVolume, KeepsEachBlockOverReopens) {  // read_write
  create_and_open();
  const uint64_t per_chunk = kTestChunk / GetParam();
  std::vector<int> expected(2 * per_chunk, 0);
  EXPECT_EQ(fill_of_blocks(2), expected);
  for (const int fill : {0xAA, 0xCC}) {
    ASSERT_TRUE(write_blocks(2, blocks(2, static_cast<uint8_t>(fill))));
    expected[2] = expected[3] = fill;
    EXPECT_EQ(fill_of_blocks(2), expected);
    reopen();
    EXPECT_EQ(fill_of_blocks(2), expected);
  }
  ASSERT_TRUE(write_blocks(per_chunk + 1, blocks(2, 0xBB)));
  expected[per_chunk + 1] = expected[per_chunk + 2] = 0xBB;
  EXPECT_EQ(fill_of_blocks(2), expected);
}

// There it is an error to give more than 33 buffers.
TEST_P(PeerVolume, TakesAnyNumberOfBuffers) {  // readv_writev
  create_and_open();
  Bytes bytes = noise(34 * kBlock * 8, 3);
  std::vector<iovec> buffers;
  for (std::size_t i = 0; i < 34; ++i) buffers.push_back({bytes.data() + i * kBlock * 8, kBlock * 8});
  VolumeIo io;
  io.kind = VolumeIoKind::write;
  io.length = bytes.size();
  io.buffers = buffers;
  ASSERT_TRUE(host.run(host.volume->perform(io)));
  EXPECT_EQ(host.read(0, bytes.size()).value(), bytes);
}

// There an unmap that crosses a chunk is an error; here it is cut at chunks, as every request.
TEST_P(PeerVolume, UnmapsPartsAndWholes) {  // write_unmap_verify
  create_and_open();
  ASSERT_TRUE(host.write(0, Bytes(2 * kTestChunk, std::byte{0xAA})));
  ASSERT_TRUE(host.unmap(8192, 8192));
  EXPECT_EQ(host.read(0, 8192).value(), Bytes(8192, std::byte{0xAA}));
  EXPECT_TRUE(all_zero(host.read(8192, 8192).value()));
  EXPECT_EQ(host.read_chunk(1).value(), Bytes(kTestChunk, std::byte{0xAA}));
  ASSERT_TRUE(host.unmap_chunk(1));
  EXPECT_TRUE(all_zero(host.read_chunk(1).value()));
  EXPECT_EQ(host.volume->info().mapped_chunks, 1U);
  ASSERT_TRUE(host.unmap(4096, kTestChunk));
  EXPECT_EQ(host.read(0, 4096).value(), Bytes(4096, std::byte{0xAA}));
  EXPECT_TRUE(all_zero(host.read(4096, 2 * kTestChunk - 4096).value()));
}

TEST_P(PeerVolume, IsGoneWhenItIsDestroyed) {  // destroy
  create_and_open();
  reopen();
  host.drop();
  ASSERT_TRUE(host.destroy());
  EXPECT_EQ(error_of(host.open(how)), Errc::not_a_store);
  EXPECT_TRUE(host.machine->maps.names()->empty());
}

TEST_P(PeerVolume, WritesOneUnitForABlockAndAnswersWhenItIsThere) {  // defer_bdev_io
  create_and_open();
  ASSERT_TRUE(host.write_chunk(5, blocks(kTestChunk / GetParam(), 1)));  // the session has begun
  host.watch = {};
  Request& write = host.submit(VolumeIoKind::write, 0, blocks(1, 0x5A));
  while (host.watch.in_flight == 0) ASSERT_TRUE(host.machine->scheduler.step());
  EXPECT_EQ(host.watch.in_flight, 1U);
  EXPECT_EQ(host.watch.blocks_written * GetParam(), kTestUnit);
  EXPECT_FALSE(write.ended);
  host.run_out();
  ASSERT_TRUE(write.ended && *write.ended);
  EXPECT_EQ(host.read(0, GetParam()).value(), blocks(1, 0x5A));
}

TEST_P(PeerVolume, LetsAWriteWaitForTheOneBeforeItInItsChunk) {  // overlapped
  create_and_open();
  ASSERT_TRUE(host.write_chunk(5, blocks(kTestChunk / GetParam(), 1)));
  host.watch = {};
  Request& first = host.submit(VolumeIoKind::write, 0, blocks(1, 1));
  Request& second = host.submit(VolumeIoKind::write, GetParam(), blocks(1, 2));
  while (host.watch.in_flight == 0) ASSERT_TRUE(host.machine->scheduler.step());
  EXPECT_EQ(host.watch.in_flight, 1U);
  host.run_out();
  EXPECT_EQ(host.watch.most_in_flight, 1U);
  EXPECT_LT(first.ended_as, second.ended_as);
  EXPECT_EQ(host.read(0, 2 * GetParam()).value(), joined(blocks(1, 1), blocks(1, 2)));
}

TEST(PeerCodec, CountsRuns) {  // compress_algorithm
  RunLengthCodec codec;
  Bytes into(4096);
  EXPECT_EQ(codec.compress(Bytes(255, std::byte{7}), into)->value(), 2U);
  EXPECT_EQ(codec.compress(Bytes(256, std::byte{7}), into)->value(), 4U);
  Bytes distinct(2049);
  for (std::size_t i = 0; i < distinct.size(); ++i) distinct[i] = static_cast<std::byte>(i);
  EXPECT_EQ(codec.compress(std::span(distinct).first(2048), into)->value(), 4096U);
  EXPECT_EQ(codec.compress(distinct, into).value(), std::nullopt);
  Bytes back(2048);
  ASSERT_TRUE(codec.decompress(into, back));
  EXPECT_TRUE(std::ranges::equal(back, std::span(distinct).first(2048)));
}

// test_prepare_compress_chunk and test_reduce_decompress_chunk look at scatter lists that SPDK hands to its
// compressor: a part of a chunk, over several buffers of the caller's, at any address.
TEST_P(PeerVolume, PutsPartsOfChunksTogetherFromBuffersAtAnyAddress) {
  create_and_open();
  Bytes expected = noise(3 * kTestChunk, 9);
  ASSERT_TRUE(host.write(0, expected));
  const Bytes change = text(kTestChunk, 4);
  const uint64_t offset = 3 * GetParam() % kTestChunk;
  Bytes memory = joined(Bytes(1), change);
  const std::size_t cuts[] = {0, 7, 4000, 4001, kTestChunk};
  std::vector<iovec> buffers;
  for (std::size_t i = 0; i + 1 < std::size(cuts); ++i)
    buffers.push_back({memory.data() + 1 + cuts[i], cuts[i + 1] - cuts[i]});
  VolumeIo io;
  io.kind = VolumeIoKind::write;
  io.offset = kTestChunk + offset;
  io.length = kTestChunk;
  io.buffers = buffers;
  ASSERT_TRUE(host.run(host.volume->perform(io)));
  std::ranges::copy(change, expected.begin() + static_cast<std::ptrdiff_t>(kTestChunk + offset));
  EXPECT_EQ(host.read(0, expected.size()).value(), expected);
  std::ranges::fill(memory, std::byte{0});
  io.kind = VolumeIoKind::read;
  ASSERT_TRUE(host.run(host.volume->perform(io)));
  EXPECT_TRUE(std::ranges::equal(std::span(memory).subspan(1), change));
}

struct Sizes {
  uint32_t chunk;
  uint32_t unit;
};

// test_allocate_vol_requests. Blocks of 520 bytes or 4104 are none that a superblock of 4096 bytes fits in:
// such devices are refused, where SPDK takes them.
TEST(PeerSizes, AreThoseOfDevicesWithWholeBlocksInAPage) {
  for (const Sizes& sizes : {Sizes{8192, 512}, Sizes{16384, 4096}, Sizes{12288, 1536}, Sizes{1 << 20, 512}}) {
    VolumeOnDisk host(disk_of_chunks(3, sizes.chunk, 512));
    VolumeOptions options = small_volume();
    options.chunk_size = sizes.chunk;
    options.unit_size = sizes.unit;
    host.create_and_open(options);
    ASSERT_TRUE(host.write(512, noise(2 * sizes.chunk, 1)));
    ASSERT_TRUE(host.close_and_open());
    EXPECT_EQ(host.read(512, 2 * sizes.chunk).value(), noise(2 * sizes.chunk, 1)) << sizes.chunk;
    EXPECT_TRUE(all_zero(host.read(512 + 2 * sizes.chunk, sizes.chunk - 512).value())) << sizes.chunk;
  }
  for (const Sizes& sizes : {Sizes{8320, 520}, Sizes{16416, 4104}, Sizes{65536, 8192}}) {
    VolumeOnDisk host(disk_of_chunks(3, sizes.chunk, sizes.unit));
    VolumeOptions options = small_volume();
    options.chunk_size = sizes.chunk;
    options.unit_size = sizes.unit;
    EXPECT_EQ(error_of(host.create(options)), Errc::invalid_argument) << sizes.unit;
    EXPECT_EQ(error_of(host.open()), Errc::not_a_store) << sizes.unit;
  }
}

}  // namespace
}  // namespace holdfast
