// SPDX-License-Identifier: BSD-3-Clause
// Defects that SPDK's lib/reduce had or has, as what must hold instead. Those of one word are in the other
// files: full volumes, codecs that answer nothing, maps that are used again.
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

struct VolumeCorpus : testing::Test {
  VolumeCorpus() { host.create_and_open(); }
  VolumeOnDisk host;
};

// RD-06, RD-07: an error sticks to a pooled request, and each failed write keeps its units.
TEST_F(VolumeCorpus, ManyFailedWritesLeakNothingAndFailNobodyElse) {
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    ASSERT_TRUE(host.write_chunk(chunk, noise(kTestChunk, chunk)));
  host.machine->device.fail_every(IoKind::write);
  for (uint64_t i = 0; i < 300; ++i)
    EXPECT_EQ(error_of(host.write_chunk(i % kTestChunks, noise(kTestChunk, i))), Errc::device_failed);
  host.machine->device.heal();
  EXPECT_EQ(host.volume->info().allocated_units, 4 * kTestChunks);
  for (uint64_t i = 0; i < 300; ++i)
    ASSERT_TRUE(host.write_chunk(i % kTestChunks, noise(kTestChunk, 500 + i)));
  EXPECT_EQ(host.volume->info().allocated_units, 4 * kTestChunks);
}

// RD-08: a read behind a first write that fails looks for the chunk that this was to make.
TEST_F(VolumeCorpus, AReadBehindAFailedFirstWriteReadsZeroes) {
  ASSERT_TRUE(host.write_chunk(5, noise(kTestChunk, 1)));
  host.machine->device.fail_every(IoKind::write);
  const Request& write = host.submit(VolumeIoKind::write, 0, noise(kTestChunk, 2));
  const Request& read = host.submit(VolumeIoKind::read, 0, noise(kTestChunk, 3));
  host.run_out();
  EXPECT_EQ(error_of(*write.ended), Errc::device_failed);
  ASSERT_TRUE(read.ended && *read.ended);
  EXPECT_TRUE(all_zero(read.data));
}

// RD-08: the same behind an unmap.
TEST_F(VolumeCorpus, RequestsBehindAnUnmapFindTheChunkGone) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  Bytes nothing(kTestChunk);
  VolumeIo unmap;
  unmap.kind = VolumeIoKind::unmap;
  unmap.length = kTestChunk;
  unmap.on_complete = [](VolumeIo&, Result<> result) noexcept { EXPECT_TRUE(result); };
  host.volume->submit(unmap);
  const Request& read = host.submit(VolumeIoKind::read, 0, noise(kTestChunk, 3));
  const Request& write = host.submit(VolumeIoKind::write, 4096, noise(4096, 4));
  host.run_out();
  ASSERT_TRUE(read.ended && *read.ended && write.ended && *write.ended);
  EXPECT_TRUE(all_zero(read.data));
  std::ranges::copy(noise(4096, 4), nothing.begin() + 4096);
  EXPECT_EQ(host.read_chunk(0).value(), nothing);
}

// RD-01, RD-04, RD-28: the old map is blanked before the new one is durable, and blank ones are not blank
// after a cut. At no moment does a cut leave a chunk without its map, or a free map that is not blank once a
// session has begun.
TEST_F(VolumeCorpus, ACutAtAnyStepLeavesEachChunkItsMap) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    for (uint64_t steps = 0; steps < 80; ++steps) {
      VolumeOnDisk cut(disk_of_chunks(kTestChunks), kind, steps);
      cut.create_and_open();
      for (uint64_t chunk = 0; chunk < 4; ++chunk)
        ASSERT_TRUE(cut.write_chunk(chunk, noise(kTestChunk, chunk)));
      for (uint64_t chunk = 0; chunk < 4; ++chunk)
        cut.submit(VolumeIoKind::write, chunk * kTestChunk, text(kTestChunk, 9 + chunk));
      for (uint64_t step = 0; step < steps; ++step) cut.machine->scheduler.step();
      cut.power_cut(VolumeOnDisk::Cut::keeps_anything);
      ASSERT_TRUE(cut.open());
      uint64_t units = 0;
      for (uint64_t chunk = 0; chunk < 4; ++chunk) {
        const Bytes found = cut.read_chunk(chunk).value();
        const bool is_new = found == text(kTestChunk, 9 + chunk);
        EXPECT_TRUE(is_new || found == noise(kTestChunk, chunk)) << steps;
        units += is_new ? 1U : 4U;
      }
      EXPECT_EQ(cut.volume->info().allocated_units, units);
      ASSERT_TRUE(cut.write_chunk(7, noise(kTestChunk, 7)));
      ASSERT_TRUE(cut.close());
      const VolumeLayout layout = layout_of(cut);
      uint64_t blank = 0;
      for (uint64_t map = 0; map < layout.chunk_maps(); ++map)
        blank += cut.map_word(layout.chunk_map_offset(map) + 8) == kNoUnit ? 1U : 0U;
      EXPECT_EQ(blank, layout.chunk_maps() - 5);
    }
  }
}

// RD-13: the copy in the map file is never compared there; see pairing_test.cc. RD-16: an error of the
// device is taken for a device without a volume.
TEST_F(VolumeCorpus, ADeviceThatCannotBeReadIsNotTakenForAnEmptyOne) {
  ASSERT_TRUE(host.close());
  host.drop();
  host.machine->device.fail_every(IoKind::read);
  EXPECT_EQ(error_of(host.open()), Errc::device_failed);
  EXPECT_EQ(error_of(host.destroy()), Errc::device_failed);
  VolumeOptions other = small_volume();
  other.uuid = uuid_of(2);
  EXPECT_EQ(error_of(host.create(other)), Errc::device_failed);
}

// RD-33: what another request left in memory is stored with a chunk.
TEST_F(VolumeCorpus, APartOfANewChunkHasZeroesAroundIt) {
  ASSERT_TRUE(host.close_and_open(of_depth(1)));
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.write(4096, noise(4096, 2)));
  ASSERT_TRUE(host.write(kTestChunk + 8192, noise(4096, 3)));
  Bytes expected(kTestChunk);
  std::ranges::copy(noise(4096, 3), expected.begin() + 8192);
  EXPECT_EQ(host.read_chunk(1).value(), expected);
}

}  // namespace
}  // namespace holdfast
