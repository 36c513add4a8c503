// SPDX-License-Identifier: BSD-3-Clause
// A volume of which a flush or persist failed: nobody knows what media hold, and nothing more is put there.
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

// The map file after a persist failed, with everything that was stored into it.
Bytes map_after_a_failed_persist(bool closes) {
  VolumeOnDisk host;
  host.create_and_open(with_checksums());
  EXPECT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  host.machine->maps.fail_persist(1);
  EXPECT_FALSE(host.write_chunk(0, noise(kTestChunk, 2)));
  if (closes) {
    EXPECT_FALSE(host.close());
  }
  host.power_cut(VolumeOnDisk::Cut::keeps_everything);
  return host.map_bytes();
}

TEST(StoppedVolume, StoresNothingWhenItIsClosed) {
  EXPECT_EQ(map_after_a_failed_persist(true), map_after_a_failed_persist(false));
}

// Everything that was put on media, once a write has ended whose flush failed, and another request is
// somewhere on its way; and, if it is waited for, when that one has ended too.
struct Media {
  simdisk::Hash128 device;
  Bytes map;
  friend bool operator==(const Media&, const Media&) = default;
};
Media media_after_a_failed_flush(VolumeIoKind kind, uint64_t seed, uint64_t ahead, bool waits_for_other) {
  VolumeOnDisk host(disk_that_discards(), MemoryKind::mapped_file, seed);
  host.create_and_open();
  EXPECT_TRUE(host.write_chunk(1, noise(kTestChunk, 1)));
  host.machine->device.fail_every(IoKind::flush);
  const Request& fails = host.submit(VolumeIoKind::write, 0, noise(kTestChunk, 2));
  for (uint64_t step = 0; step < ahead && host.machine->scheduler.step(); ++step) {
  }
  const uint32_t length = kind == VolumeIoKind::write ? 4096 : kTestChunk;
  const Request& other = host.submit(kind, kTestChunk, noise(length, 3));
  while (!fails.ended && host.machine->scheduler.step()) {
  }
  EXPECT_TRUE(fails.ended && !*fails.ended);
  if (waits_for_other) host.run_out();
  EXPECT_TRUE(!waits_for_other || other.ended);
  host.power_cut(VolumeOnDisk::Cut::keeps_everything);
  return {host.media.image_hash(), host.map_bytes()};
}

class StoppedVolumeWithRequests : public testing::TestWithParam<VolumeIoKind> {};

TEST_P(StoppedVolumeWithRequests, PutsNothingOnMediaForThem) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t ahead = 0; ahead < 12; ++ahead) {
      EXPECT_EQ(media_after_a_failed_flush(GetParam(), seed, ahead, true),
                media_after_a_failed_flush(GetParam(), seed, ahead, false))
          << "seed " << seed << ", " << ahead << " steps ahead";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, StoppedVolumeWithRequests,
                         testing::Values(VolumeIoKind::write, VolumeIoKind::unmap), [](const auto& each) {
                           return each.param == VolumeIoKind::write ? "Write" : "Unmap";
                         });

}  // namespace
}  // namespace holdfast
