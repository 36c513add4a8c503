// SPDX-License-Identifier: BSD-3-Clause
// What a request does: where it is cut, in which order, side by side with what, and what it asks of the
// device.
#include <deque>

#include "holdfast/aligned_buffer.hh"
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

struct VolumeRequests : testing::Test {
  VolumeRequests() { host.create_and_open(); }
  void expect_all_ended(const std::deque<Request*>& requests) {
    for (const Request* request : requests) {
      ASSERT_TRUE(request->ended);
      EXPECT_TRUE(*request->ended) << describe(request->ended->error());
    }
  }
  Result<> perform(VolumeIo& io) { return host.run(host.volume->perform(io)); }

  VolumeOnDisk host{disk_that_discards()};
};

TEST_F(VolumeRequests, OverAWholeChunkReadNothing) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  host.watch = {};
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 2)));
  EXPECT_EQ(host.watch.reads, 0U);
  EXPECT_EQ(host.watch.writes, 1U) << "neighbouring units are one request";
  EXPECT_EQ(host.watch.blocks_written, 4U);
  EXPECT_EQ(host.watch.flushes, 1U);
}

TEST_F(VolumeRequests, OverAPartReadTheRestOnce) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  host.watch = {};
  ASSERT_TRUE(host.write(4096, Bytes(4096)));
  EXPECT_EQ(host.watch.reads, 1U);
  host.watch = {};
  ASSERT_TRUE(host.write(kTestChunk + 4096, Bytes(4096)));
  EXPECT_EQ(host.watch.reads, 0U) << "nothing was there";
}

TEST_F(VolumeRequests, ToChunksThatWereNeverWrittenReadZeroesFromNowhere) {
  host.watch = {};
  EXPECT_TRUE(all_zero(host.read(0, host.volume->info().size).value()));
  EXPECT_EQ(host.watch.reads, 0U);
}

TEST_F(VolumeRequests, AreCutAtChunks) {
  const Bytes bytes = joined(noise(8192, 1), joined(text(2 * kTestChunk, 2), noise(4096, 3)));
  ASSERT_TRUE(host.write(8192, bytes));
  EXPECT_EQ(host.volume->info().mapped_chunks, 4U);
  EXPECT_EQ(host.read(8192, bytes.size()).value(), bytes);
  EXPECT_TRUE(all_zero(host.read(0, 8192).value()));
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.read(8192, bytes.size()).value(), bytes);
}

TEST_F(VolumeRequests, TakeMemoryAtAnyAddressInAnyPieces) {
  const Bytes bytes = joined(noise(kTestChunk, 4), joined(text(kTestChunk, 5), noise(kTestChunk, 6)));
  Bytes memory(bytes.size() + 400);
  std::vector<iovec> buffers;
  std::size_t done = 0;
  for (std::size_t piece = 0; done < bytes.size(); ++piece) {
    const std::size_t length = std::min<std::size_t>(1 + piece * 97, bytes.size() - done);
    std::byte* at = memory.data() + 3 + done + piece;  // a gap between each two
    std::copy_n(bytes.data() + done, length, at);
    buffers.push_back({at, length});
    if (piece % 5 == 0) buffers.push_back({nullptr, 0});
    done += length;
  }
  ASSERT_LT(buffers.back().iov_len, memory.size());
  VolumeIo io;
  io.kind = VolumeIoKind::write;
  io.offset = 4096;
  io.length = bytes.size();
  io.buffers = buffers;
  ASSERT_TRUE(perform(io));
  EXPECT_EQ(host.read(4096, bytes.size()).value(), bytes);
  const Bytes gaps_before = memory;
  for (const iovec& buffer : buffers)
    if (buffer.iov_len > 0) std::memset(buffer.iov_base, 0, buffer.iov_len);
  io.kind = VolumeIoKind::read;
  ASSERT_TRUE(perform(io));
  EXPECT_EQ(memory, gaps_before);
}

TEST_F(VolumeRequests, FillThePieceOfMemoryThatIsTheirsAlone) {
  for (const Bytes& bytes : {noise(kTestChunk, 1), text(kTestChunk, 1), Bytes(kTestChunk)}) {
    if (!all_zero(bytes)) {
      ASSERT_TRUE(host.write_chunk(0, bytes));
    }
    if (all_zero(bytes)) {
      ASSERT_TRUE(host.unmap_chunk(0));
    }
    for (const std::size_t shift : {std::size_t{0}, std::size_t{1}, std::size_t{4096}}) {
      AlignedBuffer memory(kTestChunk + 8192);
      std::ranges::fill(memory.bytes(), std::byte{0xEE});
      ASSERT_TRUE(host.perform(VolumeIoKind::read, 0, memory.bytes().subspan(shift, kTestChunk), kTestChunk));
      EXPECT_TRUE(std::ranges::equal(memory.bytes().subspan(shift, kTestChunk), bytes));
      const std::ptrdiff_t untouched = std::ranges::count(memory.bytes(), std::byte{0xEE});
      EXPECT_EQ(untouched, std::ranges::count(bytes, std::byte{0xEE}) + 8192);
    }
  }
}

TEST_F(VolumeRequests, OutsideOrOfPartsOfBlocksAreRefused) {
  const uint64_t size = host.volume->info().size;
  Bytes memory(8192);
  struct Bad {
    uint64_t offset;
    uint64_t length;
    Errc code;
  };
  for (const Bad& bad : {Bad{size, 4096, Errc::out_of_range}, Bad{size - 4096, 8192, Errc::out_of_range},
                         Bad{~uint64_t{0} - 4095, 8192, Errc::out_of_range},
                         Bad{512, 4096, Errc::invalid_argument}, Bad{0, 4000, Errc::invalid_argument}}) {
    for (const VolumeIoKind kind : {VolumeIoKind::read, VolumeIoKind::write, VolumeIoKind::unmap}) {
      const std::span<std::byte> buffer = std::span(memory).first(bad.length);
      EXPECT_EQ(error_of(host.perform(kind, bad.offset, buffer, bad.length)), bad.code) << bad.offset;
    }
  }
  for (const VolumeIoKind kind : {VolumeIoKind::read, VolumeIoKind::write}) {
    EXPECT_EQ(error_of(host.perform(kind, 0, memory, 4096)), Errc::invalid_argument);
    EXPECT_EQ(error_of(host.perform(kind, 0, std::span(memory).first(4095), 4096)), Errc::invalid_argument);
  }
  EXPECT_EQ(host.volume->info().mapped_chunks, 0U);
  ASSERT_TRUE(host.write(size - 8192, memory));
}

TEST_F(VolumeRequests, OfNoLengthDoNothing) {
  host.watch = {};
  for (const VolumeIoKind kind : {VolumeIoKind::read, VolumeIoKind::write, VolumeIoKind::unmap}) {
    EXPECT_TRUE(host.perform(kind, 4096, {}, 0));
    EXPECT_TRUE(host.perform(kind, host.volume->info().size, {}, 0));
  }
  EXPECT_EQ(host.watch.reads + host.watch.writes + host.watch.discards + host.watch.flushes, 0U);
}

TEST_F(VolumeRequests, ToReadOnlyVolumesChangeNothing) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.close_and_open(read_only()));
  const Bytes map = host.map_bytes();
  host.watch = {};
  EXPECT_TRUE(host.volume->info().read_only);
  EXPECT_EQ(error_of(host.write_chunk(0, noise(kTestChunk, 2))), Errc::read_only);
  EXPECT_EQ(error_of(host.unmap_chunk(0)), Errc::read_only);
  EXPECT_TRUE(host.flush());
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
  ASSERT_TRUE(host.close());
  EXPECT_EQ(host.watch.writes + host.watch.discards, 0U);
  EXPECT_EQ(host.map_bytes(), map);
}

TEST_F(VolumeRequests, ToOneChunkAreDoneInTheirOrder) {
  std::deque<Request*> requests;
  for (uint64_t i = 0; i < 40; ++i) {
    const uint64_t at = i % 4 * 4096;
    requests.push_back(&host.submit(VolumeIoKind::write, at, noise(4096, i)));
    requests.push_back(&host.submit(VolumeIoKind::read, at, Bytes(4096)));
  }
  host.run_out();
  expect_all_ended(requests);
  for (uint64_t i = 0; i < 40; ++i) EXPECT_EQ(requests[2 * i + 1]->data, noise(4096, i)) << i;
  for (std::size_t i = 1; i < requests.size(); ++i)
    EXPECT_LT(requests[i - 1]->ended_as, requests[i]->ended_as);
}

TEST_F(VolumeRequests, ToDifferentChunksAreDoneSideBySide) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  host.watch = {};
  std::deque<Request*> requests;
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    requests.push_back(&host.submit(VolumeIoKind::write, chunk * kTestChunk, noise(kTestChunk, chunk)));
  for (uint64_t i = 0; i < kTestChunks; ++i) ASSERT_TRUE(host.machine->scheduler.step());
  while (host.watch.writes < kTestChunks) ASSERT_TRUE(host.machine->scheduler.step());
  EXPECT_GE(host.watch.most_in_flight, kTestChunks / 2);
  host.run_out();
  expect_all_ended(requests);
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
    EXPECT_EQ(host.read_chunk(chunk).value(), noise(kTestChunk, chunk));
}

// A large request takes slot after slot; the flush beside it ends too.
TEST_F(VolumeRequests, LargerThanTheQueueIsDeepGoOn) {
  ASSERT_TRUE(host.close_and_open(of_depth(2)));
  EXPECT_EQ(host.volume->info().queue_depth, 2U);
  const Bytes all = noise(kTestChunks * kTestChunk, 3);
  const std::deque<Request*> requests = {
      &host.submit(VolumeIoKind::write, 0, all), &host.submit(VolumeIoKind::flush, 0, {}),
      &host.submit(VolumeIoKind::read, 0, Bytes(all.size())), &host.submit(VolumeIoKind::unmap, 0, {})};
  host.run_out();
  expect_all_ended(requests);
  EXPECT_EQ(requests[2]->data, all);
}

TEST_F(VolumeRequests, AreNotDoneInsideSubmit) {
  const Request& nothing = host.submit(VolumeIoKind::read, 0, {});
  const Request& outside = host.submit(VolumeIoKind::read, host.volume->info().size, Bytes(4096));
  EXPECT_FALSE(nothing.ended || outside.ended);
  host.run_out();
  EXPECT_TRUE(nothing.ended && outside.ended);
}

TEST_F(VolumeRequests, InProgressKeepTheVolumeFromBeingClosed) {
  Request& write = host.submit(VolumeIoKind::write, 0, noise(kTestChunk, 1));
  EXPECT_EQ(error_of(host.close()), Errc::busy);
  host.run_out();
  EXPECT_TRUE(write.ended && *write.ended);
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
}

TEST_F(VolumeRequests, OfAQueueOfNoDepthAreRefused) {
  EXPECT_EQ(error_of(host.open(of_depth(0))), Errc::invalid_argument);
}

// The peer keeps 128 spare chunks for 256 requests, and only asserts.
TEST(FullVolume, TakesFarMoreRequestsThanItHasSpareSpace) {
  for (const uint32_t unit : {512U, 4096U, 16384U}) {
    VolumeOnDisk host(disk_of_chunks(150, kTestChunk, 512));
    VolumeOptions options = small_volume();
    options.unit_size = unit;
    host.create_and_open(options, of_depth(1000));
    EXPECT_EQ(host.volume->info().queue_depth, 127U);
    for (uint64_t round = 0; round < 3; ++round) {
      std::deque<Request*> requests;
      for (uint64_t i = 0; i < 450; ++i)
        requests.push_back(
            &host.submit(VolumeIoKind::write, i % 150 * kTestChunk, noise(kTestChunk, round * 450 + i)));
      host.run_out();
      for (const Request* request : requests) ASSERT_TRUE(request->ended && *request->ended);
    }
    EXPECT_EQ(host.volume->info().allocated_units, 150 * (kTestChunk / unit));
    ASSERT_TRUE(host.close_and_open());
    for (uint64_t i = 0; i < 150; ++i)
      ASSERT_EQ(host.read_chunk(i).value(), noise(kTestChunk, 1200 + i)) << i;
  }
}

// Blocks of the volume may be smaller than those of the device.
TEST(SmallLogicalBlocks, AreReadAndWrittenAlone) {
  VolumeOnDisk host;
  VolumeOptions options = small_volume();
  options.logical_block_size = 512;
  host.create_and_open(options);
  EXPECT_EQ(host.volume->info().logical_block_size, 512U);
  Bytes expected(kTestChunk);
  for (uint64_t block = 1; block < 32; block += 3) {
    const Bytes bytes = noise(512, block);
    ASSERT_TRUE(host.write(block * 512, bytes));
    std::ranges::copy(bytes, expected.begin() + static_cast<std::ptrdiff_t>(block * 512));
  }
  EXPECT_EQ(host.read_chunk(0).value(), expected);
  EXPECT_EQ(error_of(host.write(256, Bytes(512))), Errc::invalid_argument);
}

TEST_F(VolumeRequests, UnmapOfAWholeChunkDiscardsItsUnits) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.write_chunk(1, text(kTestChunk, 1)));
  EXPECT_EQ(host.volume->info().allocated_units, 5U);
  host.watch = {};
  ASSERT_TRUE(host.unmap(0, 2 * kTestChunk));
  EXPECT_EQ(host.watch.blocks_discarded, 5U);
  EXPECT_EQ(host.watch.writes, 0U);
  EXPECT_EQ(host.volume->info().allocated_units, 0U);
  EXPECT_EQ(host.volume->info().mapped_chunks, 0U);
  EXPECT_TRUE(all_zero(host.read(0, 2 * kTestChunk).value()));
  host.watch = {};
  ASSERT_TRUE(host.unmap(0, host.volume->info().size));
  EXPECT_EQ(host.watch.discards + host.watch.flushes, 0U) << "nothing was there";
}

TEST_F(VolumeRequests, UnmapOfAPartWritesZeroesWhereSomethingIs) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  host.watch = {};
  ASSERT_TRUE(host.unmap(4096, kTestChunk));  // the end of one chunk, and the begin of the next
  Bytes expected = noise(kTestChunk, 1);
  std::fill(expected.begin() + 4096, expected.end(), std::byte{0});
  EXPECT_EQ(host.read_chunk(0).value(), expected);
  EXPECT_EQ(host.volume->info().mapped_chunks, 1U);
  EXPECT_EQ(host.watch.discards, 0U);
}

TEST_F(VolumeRequests, UnmapDoesNotDependOnTheDiscard) {
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  host.machine->device.fail_every(IoKind::discard);
  ASSERT_TRUE(host.unmap_chunk(0));
  host.machine->device.heal();
  EXPECT_EQ(host.volume->info().allocated_units, 0U);
  EXPECT_FALSE(host.volume->info().read_only);
}

TEST_F(VolumeRequests, CountWhatCompressionSaves) {
  EXPECT_EQ(host.volume->info().mapped_chunks, 0U);
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.write_chunk(1, text(kTestChunk, 1)));
  ASSERT_TRUE(host.write_chunk(2, joined(noise(kTestChunk / 2, 1), Bytes(kTestChunk / 2))));
  for (const bool reopens : {false, true}) {
    if (reopens) {
      ASSERT_TRUE(host.close_and_open());
    }
    const Volume::Info info = host.volume->info();
    EXPECT_EQ(info.mapped_chunks, 3U);
    EXPECT_EQ(info.allocated_units, 4U + 1 + 3);
  }
  ASSERT_TRUE(host.write_chunk(0, text(kTestChunk, 2)));
  EXPECT_EQ(host.volume->info().allocated_units, 1U + 1 + 3);
  EXPECT_EQ(host.volume->info().mapped_chunks, 3U);
}

}  // namespace
}  // namespace holdfast
