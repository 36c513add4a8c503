// SPDX-License-Identifier: BSD-3-Clause
// Volumes that acknowledge a write when the device has its data, and make it durable when somebody wants it.
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

using Cut = VolumeOnDisk::Cut;

class WriteBackVolume : public testing::TestWithParam<MemoryKind> {
 protected:
  WriteBackVolume() { begin(64); }
  void begin(uint32_t depth, uint64_t seed = 1) {
    host.emplace(disk_that_discards(), GetParam(), seed);
    VolumeOpenOptions how = write_back();
    how.queue_depth = depth;
    host->create_and_open(small_volume(), how);
    ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 1)));
    ASSERT_TRUE(host->flush());
    host->watch = {};
  }
  std::optional<VolumeOnDisk> host;
};
INSTANTIATE_TEST_SUITE_P(Memory, WriteBackVolume,
                         testing::Values(MemoryKind::persistent_memory, MemoryKind::mapped_file));

TEST_P(WriteBackVolume, AcknowledgesAWriteBeforeItIsDurable) {
  ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 2)));
  ASSERT_TRUE(host->write_chunk(1, noise(kTestChunk, 3)));
  host->run_out();
  EXPECT_EQ(host->watch.flushes, 0U);
  host->power_cut();
  ASSERT_TRUE(host->open());
  EXPECT_EQ(host->read_chunk(0).value(), noise(kTestChunk, 1));
  EXPECT_TRUE(all_zero(host->read_chunk(1).value()));
}

TEST_P(WriteBackVolume, IsDurableAfterAFlush) {
  ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 2)));
  ASSERT_TRUE(host->write_chunk(1, text(kTestChunk, 3)));
  ASSERT_TRUE(host->flush());
  host->power_cut();
  ASSERT_TRUE(host->open());
  EXPECT_EQ(host->read_chunk(0).value(), noise(kTestChunk, 2));
  EXPECT_EQ(host->read_chunk(1).value(), text(kTestChunk, 3));
  EXPECT_EQ(host->volume->info().allocated_units, 5U);
}

TEST_P(WriteBackVolume, SharesFlushesOfTheDeviceBetweenWrites) {
  for (uint64_t chunk = 0; chunk < 8; ++chunk)
    ASSERT_TRUE(host->write_chunk(chunk, noise(kTestChunk, chunk)));
  ASSERT_TRUE(host->flush());
  EXPECT_GE(host->watch.flushes, 1U);
  EXPECT_LT(host->watch.flushes, 8U);
  host->watch = {};
  ASSERT_TRUE(host->flush());
  EXPECT_EQ(host->watch.flushes, 0U) << "nothing was left";
}

TEST_P(WriteBackVolume, IsDurableAfterClose) {
  ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 2)));
  ASSERT_TRUE(host->close());
  host->power_cut();
  ASSERT_TRUE(host->open());
  EXPECT_TRUE(host->volume->info().was_closed);
  EXPECT_EQ(host->read_chunk(0).value(), noise(kTestChunk, 2));
}

TEST_P(WriteBackVolume, ReadsTheNewest) {
  for (uint64_t seed = 2; seed < 6; ++seed) {
    ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, seed)));
    EXPECT_EQ(host->read_chunk(0).value(), noise(kTestChunk, seed));
    ASSERT_TRUE(host->write(4096, text(4096, seed)));
    EXPECT_EQ(host->read(4096, 4096).value(), text(4096, seed));
    Bytes begin = noise(kTestChunk, seed);
    begin.resize(4096);
    EXPECT_EQ(host->read(0, 4096).value(), begin);
  }
  ASSERT_TRUE(host->unmap_chunk(0));
  EXPECT_TRUE(all_zero(host->read_chunk(0).value()));
}

// A write that waits holds its slot, until somebody else needs one.
TEST_P(WriteBackVolume, GoesOnWhenAllSlotsHoldWritesThatWait) {
  begin(4);
  for (uint64_t i = 0; i < 60; ++i)
    ASSERT_TRUE(host->write_chunk(i % kTestChunks, noise(kTestChunk, 100 + i)));
  std::vector<Request*> requests;
  for (uint64_t i = 0; i < 60; ++i)
    requests.push_back(
        &host->submit(VolumeIoKind::write, i % kTestChunks * kTestChunk, noise(kTestChunk, 200 + i)));
  host->run_out();
  for (const Request* request : requests) ASSERT_TRUE(request->ended && *request->ended);
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    EXPECT_EQ(host->read_chunk(chunk).value(), noise(kTestChunk, 248 + chunk));
}

TEST_P(WriteBackVolume, WithOneSlotGoesOn) {
  begin(1);
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    ASSERT_TRUE(host->write_chunk(chunk, noise(kTestChunk, chunk)));
  ASSERT_TRUE(host->flush());
  EXPECT_EQ(host->read_chunk(3).value(), noise(kTestChunk, 3));
}

// Each chunk is wholly old or new, whatever of what was written arrived.
TEST_P(WriteBackVolume, LeavesEachChunkOldOrNewWhenPowerFails) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    begin(seed % 2 == 0 ? 3 : 64, seed);
    for (uint64_t chunk = 0; chunk < 6; ++chunk)
      ASSERT_TRUE(host->write_chunk(chunk, noise(kTestChunk, 10 + chunk)));
    ASSERT_TRUE(host->flush());
    for (uint64_t chunk = 0; chunk < 6; ++chunk)
      host->submit(VolumeIoKind::write, chunk * kTestChunk, noise(kTestChunk, 20 + chunk));
    host->submit(VolumeIoKind::flush, 0, {});
    for (uint64_t step = 0; step < seed * 2; ++step) host->machine->scheduler.step();
    host->power_cut(Cut::keeps_anything);
    ASSERT_TRUE(host->open());
    for (uint64_t chunk = 0; chunk < 6; ++chunk) {
      const Bytes found = host->read_chunk(chunk).value();
      EXPECT_TRUE(found == noise(kTestChunk, 10 + chunk) || found == noise(kTestChunk, 20 + chunk)) << seed;
    }
    EXPECT_EQ(host->volume->info().allocated_units, 24U);
  }
}

// The flush covers what was acknowledged before it, not what comes behind.
TEST_P(WriteBackVolume, FlushesWhatWasAcknowledgedBeforeTheFlush) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    begin(64, seed);
    ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 2)));
    Request& flush = host->submit(VolumeIoKind::flush, 0, {});
    host->submit(VolumeIoKind::write, 0, noise(kTestChunk, 3));
    host->submit(VolumeIoKind::write, kTestChunk, noise(kTestChunk, 4));
    ASSERT_TRUE(host->machine->scheduler.run_until([&] { return flush.ended.has_value(); }));
    EXPECT_TRUE(*flush.ended);
    host->power_cut(Cut::keeps_anything);
    ASSERT_TRUE(host->open());
    const Bytes found = host->read_chunk(0).value();
    EXPECT_TRUE(found == noise(kTestChunk, 2) || found == noise(kTestChunk, 3)) << seed;
  }
}

TEST_P(WriteBackVolume, FlushedMayBeDestroyedWithoutClose) {
  begin(2);
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    ASSERT_TRUE(host->write_chunk(chunk, noise(kTestChunk, chunk)));
  ASSERT_TRUE(host->flush());
  host->drop();
  host->run_out();
  ASSERT_TRUE(host->open());
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    EXPECT_EQ(host->read_chunk(chunk).value(), noise(kTestChunk, chunk));
}

TEST_P(WriteBackVolume, SaysThatAFlushFailedAndIsReadOnlyThen) {
  ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 2)));
  host->machine->device.fail_every(IoKind::flush);
  const Result<> flushed = host->flush();
  host->machine->device.heal();
  EXPECT_EQ(error_of(flushed), Errc::read_only);
  EXPECT_TRUE(host->volume->info().read_only);
  EXPECT_EQ(error_of(host->write_chunk(1, noise(kTestChunk, 3))), Errc::read_only);
  EXPECT_EQ(error_of(host->flush()), Errc::read_only);
  EXPECT_EQ(error_of(host->close()), Errc::read_only);
  host->power_cut(Cut::keeps_anything);
  ASSERT_TRUE(host->open());
  EXPECT_EQ(host->read_chunk(0).value(), noise(kTestChunk, 1));
  ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 2)));
  EXPECT_EQ(host->volume->info().allocated_units, 4U);
}

}  // namespace
}  // namespace holdfast
