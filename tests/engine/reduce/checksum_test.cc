// SPDX-License-Identifier: BSD-3-Clause
// Checksums of chunks, and other programs that write to the volume and know nothing of them.
#include "format/chunk_map.hh"
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

using Checksums = Volume::Checksums;

void flip_device_byte(VolumeOnDisk& host, uint64_t byte) {
  Bytes bytes = host.device_bytes(byte, 1);
  bytes[0] ^= std::byte{0x40};
  host.set_device_bytes(byte, bytes);
}

// A closed volume with checksums, and two chunks written.
struct CheckedVolumeOnDisk {
  explicit CheckedVolumeOnDisk(MemoryKind kind = MemoryKind::persistent_memory, uint64_t seed = 1)
      : host(disk_of_chunks(kTestChunks), kind, seed) {
    host.create_and_open(with_checksums());
    EXPECT_EQ(host.volume->info().checksums, Checksums::kept);
    EXPECT_TRUE(host.write_chunk(0, raw));
    EXPECT_TRUE(host.write_chunk(1, compressed));
    EXPECT_TRUE(host.close());
    host.drop();
    layout = layout_of(host);
  }
  uint64_t header_of(uint64_t chunk) { return layout.chunk_map_offset(map_of_chunk(host, chunk)); }
  uint32_t checksum_of(uint64_t chunk) {
    return static_cast<uint32_t>(host.map_word(header_of(chunk)) >> 32);
  }
  uint64_t byte_of_chunk(uint64_t chunk) { return layout.byte_of_unit(unit_of_chunk(host, chunk)); }

  // As SPDK writes: beside, from the end of the device, into a map that it used before and does not clear.
  void write_as_spdk(uint64_t chunk, const Bytes& bytes) {
    host.power_cut();
    const uint64_t header = header_of(chunk);
    const uint64_t stale_checksum = host.map_word(header) >> 32;
    const uint64_t first = layout.units - 4 * (chunk + 1);
    host.set_device_bytes(layout.byte_of_unit(first), bytes);
    host.set_map_word(header, stale_checksum << 32 | bytes.size());
    for (uint64_t unit = 0; unit < 4; ++unit) host.set_map_word(header + 8 + 8 * unit, first + unit);
  }
  void expect_corrupt(uint64_t chunk) {
    const Result<Bytes> read = host.read_chunk(chunk);
    ASSERT_EQ(error_of(read), Errc::corrupt) << chunk;
    EXPECT_EQ(read.error().object, ObjectKind::chunk);
    EXPECT_EQ(read.error().number, chunk);
  }

  const Bytes raw = noise(kTestChunk, 1);
  const Bytes compressed = text(kTestChunk, 2);
  VolumeOnDisk host;
  VolumeLayout layout;
};

class CheckedChunks : public testing::Test, protected CheckedVolumeOnDisk {};

TEST_F(CheckedChunks, CarryTheCrcOfWhatIsStored) {
  EXPECT_EQ(checksum_of(0), chunk_checksum(raw));
  const auto stored = static_cast<uint32_t>(host.map_word(header_of(1)));
  EXPECT_EQ(checksum_of(1), chunk_checksum(host.device_bytes(byte_of_chunk(1), stored)));
}

TEST_F(CheckedChunks, WithAChangedByteAreCorruptAndSayWhich) {
  for (const uint64_t chunk : {0U, 1U}) {
    flip_device_byte(host, byte_of_chunk(chunk) + 10);
    ASSERT_TRUE(host.open());
    expect_corrupt(chunk);
    EXPECT_EQ(error_of(host.write(chunk * kTestChunk, Bytes(4096))), Errc::corrupt);
    flip_device_byte(host, byte_of_chunk(chunk) + 10);
    ASSERT_TRUE(host.open());
    EXPECT_EQ(host.read_chunk(chunk).value(), chunk == 0 ? raw : compressed);
  }
}

TEST_F(CheckedChunks, DoNotCoverWhatFillsTheLastUnit) {
  flip_device_byte(host, byte_of_chunk(1) + kTestUnit - 1);
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.read_chunk(1).value(), compressed);
}

TEST_F(CheckedChunks, ThatAreCorruptAreHealedByWritingThemWhole) {
  flip_device_byte(host, byte_of_chunk(0));
  ASSERT_TRUE(host.open());
  ASSERT_TRUE(host.write_chunk(0, compressed));
  EXPECT_EQ(host.read_chunk(0).value(), compressed);
  EXPECT_EQ(host.volume->info().mapped_chunks, 2U);
  EXPECT_EQ(host.volume->info().allocated_units, 2U);
}

TEST_F(CheckedChunks, ThatWereLostAsAWholeAreCorrupt) {
  host.set_device_bytes(byte_of_chunk(0), Bytes(kTestUnit));
  ASSERT_TRUE(host.open());
  expect_corrupt(0);
}

// All ones say that there is none.
TEST_F(CheckedChunks, WithoutAChecksumAreNotChecked) {
  host.power_cut();
  host.set_map_word(header_of(0), host.map_word(header_of(0)) | uint64_t{kNoChecksum} << 32);
  flip_device_byte(host, byte_of_chunk(0));
  ASSERT_TRUE(host.open());
  Bytes expected = raw;
  expected[0] ^= std::byte{0x40};
  EXPECT_EQ(host.read_chunk(0).value(), expected);
}

TEST_F(CheckedChunks, WrittenByAnotherProgramAreReadAndItIsSaid) {
  write_as_spdk(0, noise(kTestChunk, 9));
  ASSERT_TRUE(host.open(read_only()));
  EXPECT_EQ(host.volume->info().checksums, Checksums::reset);
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 9));
  EXPECT_EQ(host.read_chunk(1).value(), compressed);
}

TEST_F(CheckedChunks, OfThatTimeAreForgottenByTheNextSession) {
  write_as_spdk(0, noise(kTestChunk, 9));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.volume->info().checksums, Checksums::reset);
  ASSERT_TRUE(host.write_chunk(5, raw));
  EXPECT_EQ(host.volume->info().checksums, Checksums::kept);
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 9));
  host.power_cut();
  EXPECT_EQ(checksum_of(0), kNoChecksum);
  EXPECT_EQ(checksum_of(1), kNoChecksum);
  EXPECT_EQ(checksum_of(5), chunk_checksum(raw));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.volume->info().checksums, Checksums::kept);
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 9));
}

// A map file that says that the session has begun says that its checksums can be believed: whatever of the
// beginning a power cut leaves, what the other program wrote is not called corrupt.
TEST(CheckedVolume, ForgetsChecksumsBeforeItSaysThatASessionBegan) {
  uint64_t begun = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    bool ended = false;
    for (uint64_t steps = 0; !ended; ++steps) {
      CheckedVolumeOnDisk volume(MemoryKind::mapped_file, seed);
      VolumeOnDisk& host = volume.host;
      volume.write_as_spdk(0, noise(kTestChunk, 9));
      ASSERT_TRUE(host.open());
      const Request& write = host.submit(VolumeIoKind::write, 5 * kTestChunk, noise(kTestChunk, 3));
      for (uint64_t step = 0; step < steps && host.machine->scheduler.step(); ++step) {
      }
      ended = write.ended.has_value();
      host.power_cut(VolumeOnDisk::Cut::keeps_anything);
      ASSERT_TRUE(host.open());
      begun += host.volume->info().was_closed ? 0U : 1U;
      const Result<Bytes> read = host.read_chunk(0);
      ASSERT_TRUE(read.has_value()) << "after " << steps << " steps: " << describe(read.error());
      EXPECT_EQ(*read, noise(kTestChunk, 9));
    }
  }
  EXPECT_GT(begun, 0U) << "no cut left a session that had begun";
}

TEST_F(CheckedChunks, AreKeptOverSessionsThatWereClosedOrNot) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(host.open());
    EXPECT_EQ(host.volume->info().checksums, Checksums::kept) << i;
    ASSERT_TRUE(host.write_chunk(7, noise(kTestChunk, 3)));
    if (i != 1) {
      ASSERT_TRUE(host.close());
    }
    host.power_cut();
  }
  flip_device_byte(host, byte_of_chunk(0));
  ASSERT_TRUE(host.open());
  expect_corrupt(0);
}

TEST(UncheckedChunks, ReturnWhatIsThere) {
  VolumeOnDisk host;
  host.create_and_open();
  EXPECT_EQ(host.volume->info().checksums, Checksums::none);
  Bytes raw = noise(kTestChunk, 1);
  ASSERT_TRUE(host.write_chunk(0, raw));
  ASSERT_TRUE(host.close());
  EXPECT_EQ(host.map_word(layout_of(host).chunk_map_offset(map_of_chunk(host, 0))), 0xFFFFFFFF'00004000U);
  flip_device_byte(host, unit_of_chunk(host, 0) * kTestUnit + 77);
  ASSERT_TRUE(host.open());
  raw[77] ^= std::byte{0x40};
  EXPECT_EQ(host.read_chunk(0).value(), raw);
}

}  // namespace
}  // namespace holdfast
