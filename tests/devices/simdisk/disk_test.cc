// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/disk.hh"

#include <gtest/gtest.h>

#include "devices/simdisk/rig.hh"

namespace holdfast::simdisk {
namespace {

using Images = std::set<Image>;

constexpr DeviceGeometry kSmall{.block_count = 2};

DeviceGeometry with_fua(DeviceGeometry geometry) {
  geometry.fua = true;
  return geometry;
}

// Blocks of 512 bytes in atomic units of 4096.
constexpr DeviceGeometry kSectors{.block_size = 512, .atomic_write_size = 4096, .block_count = 8};

TEST(Disk, NeverCompletesInsideSubmit) {
  Rig rig(kSmall);
  Request& write = rig.submit_write(0, 1);
  Request& read = rig.submit(rig.prepare(IoKind::read, 1, 1));
  Request& flush = rig.submit_flush();
  Request& wrong = rig.submit(rig.prepare(IoKind::read, 2, 1));
  for (const Request* request : {&write, &read, &flush, &wrong}) EXPECT_FALSE(request->status.has_value());
  while (rig.scheduler.step()) continue;
  for (const Request* request : {&write, &read, &flush, &wrong}) EXPECT_TRUE(request->status.has_value());
}

TEST(Disk, AWriteMayBeLostOrNotFromItsSubmissionOn) {
  Rig rig(kSmall);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}}));
  Request& write = rig.submit_write(0, 1);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
  rig.complete(write);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
}

TEST(Disk, AFlushCoversWhatCompletedBeforeItWasSubmitted) {
  Rig rig(kSmall);
  rig.write(0, 1);
  Request& flush = rig.submit_flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
  rig.complete(flush);
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

TEST(Disk, AFlushDoesNotCoverAWriteInFlightWhenItWasSubmitted) {
  Rig rig(kSmall);
  Request& write = rig.submit_write(0, 1);
  Request& flush = rig.submit_flush();
  rig.complete(write);
  rig.complete(flush);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
}

TEST(Disk, MadeDurableItKeepsWhatCompletedAndNothingElse) {
  Rig rig(kSmall);
  rig.write(0, 1);
  Request& in_flight = rig.submit_write(1, 2);
  rig.disk.make_durable();
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}, {1, 2}}));
  EXPECT_FALSE(in_flight.status.has_value());
}

TEST(Disk, IsMadeDurableEvenIfItIgnoresEveryFlush) {
  Rig rig(kSmall);
  rig.disk.ignore({Barrier::none});
  rig.write(0, 1);
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
  rig.disk.make_durable();
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

TEST(Disk, AFlushOnOneChannelCoversAWriteOnAnother) {
  Rig rig(kSmall);
  rig.write(0, 1);
  rig.channel = std::move(rig.disk.open_channel(rig.scheduler.add_executor()).value());
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

TEST(Disk, AWriteWithFuaIsDurableWhenItCompletes) {
  Rig rig(with_fua(kSmall));
  Request& write = rig.submit_fua(0, 1);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
  rig.complete(write);
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

TEST(Disk, AWriteWithFuaMakesNoOtherWriteDurable) {
  Rig rig(with_fua(kSmall));
  rig.write(0, 1);
  rig.write_fua(1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 2}, {1, 2}}));
}

TEST(Disk, FuaIsRefusedByADeviceThatDoesNotOfferIt) {
  Rig rig(kSmall);
  rig.write_fua(0, 1);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}}));
}

TEST(Disk, WithoutAVolatileCacheAWriteIsDurableWhenItCompletes) {
  Rig rig({.block_count = 2, .volatile_cache = false});
  Request& first = rig.submit_write(0, 1);
  rig.submit_write(1, 2);
  rig.complete(first);
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}, {1, 2}}));
}

TEST(Disk, AFlushOfAnIgnoredBarrierChangesNothing) {
  Rig rig(kSmall);
  rig.disk.ignore({Barrier::B1});
  rig.write(0, 1);
  EXPECT_EQ(rig.disk.ignored_requests(), 0U);
  rig.flush(Barrier::B1);
  EXPECT_EQ(rig.disk.ignored_requests(), 1U);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
  rig.flush(Barrier::B2);
  EXPECT_EQ(rig.disk.ignored_requests(), 1U);
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

TEST(Disk, FuaIsNotHonouredForAnIgnoredBarrier) {
  Rig rig(with_fua(kSmall));
  rig.disk.ignore({Barrier::B2});
  Request& write = rig.prepare(IoKind::write, 0, 1, 1);
  write.fua = true;
  write.purpose.barrier = Barrier::B2;
  rig.complete(rig.submit(write));
  EXPECT_EQ(rig.disk.ignored_requests(), 1U);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
}

TEST(Disk, AnOlderCachedWriteNeverReappearsUnderANewerDurableOne) {
  Rig rig(with_fua(kSmall));
  rig.write(0, 1);
  rig.write_fua(0, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{2, 0}}));
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{2, 0}}));
  EXPECT_EQ(rig.read_all(), (Image{2, 0}));
}

TEST(Disk, ADurableWriteOverPartOfACachedOneIsThereWhateverBecomesOfThat) {
  Rig rig(with_fua(kSectors));
  rig.write(0, 1, 3);
  rig.write_fua(1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 2, 0, 0, 0, 0, 0, 0}, {1, 2, 1, 0, 0, 0, 0, 0}}));
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 2, 1, 0, 0, 0, 0, 0}}));
}

// Nothing is open here: the cached write would put there what is there already.
TEST(Disk, ADurableWriteOverACachedOneThatChangesNothingIsThere) {
  Rig rig(with_fua(kSectors));
  rig.write(0, 0, 3);
  rig.write_fua(1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 2, 0, 0, 0, 0, 0, 0}}));
}

TEST(Disk, WritesToOneBlockComeBackAsAnyOfThem) {
  Rig rig(kSmall);
  rig.write(0, 1);
  rig.write(0, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}, {2, 0}}));
}

TEST(Disk, RequestsInOneUnitAreLostIndependently) {
  Rig rig({.block_size = 512, .atomic_write_size = 4096, .block_count = 8});
  rig.write(0, 1);
  rig.write(1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0, 0, 0, 0, 0},
                                       {1, 0, 0, 0, 0, 0, 0, 0},
                                       {0, 2, 0, 0, 0, 0, 0, 0},
                                       {1, 2, 0, 0, 0, 0, 0, 0}}));
}

TEST(Disk, AWriteOfOneUnitNeverTears) {
  Rig rig(kSectors);
  rig.submit_write(0, 1, 8);
  EXPECT_EQ(rig.after_a_cut(), (Images{Image(8, 0), Image(8, 1)}));
}

TEST(Disk, AWriteOfTwoUnitsTearsBetweenThem) {
  Rig rig(kSmall);
  rig.submit_write(0, 1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
}

// An atomic unit is aligned: a write across its boundary is two pieces however short it is.
TEST(Disk, AShortWriteTearsWhereItCrossesAUnit) {
  Rig rig({.block_size = 512, .atomic_write_size = 1024, .block_count = 4});
  rig.submit_write(1, 1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 1, 1, 0}}));
}

TEST(Disk, UnitsOf16KibAreOldOrNewAsAWhole) {
  Rig rig({.atomic_write_size = 16384, .block_count = 8});
  rig.submit_write(2, 1, 6);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0, 0, 0, 0, 0},
                                       {0, 0, 1, 1, 0, 0, 0, 0},
                                       {0, 0, 0, 0, 1, 1, 1, 1},
                                       {0, 0, 1, 1, 1, 1, 1, 1}}));
}

TEST(Disk, MayEndInTheMiddleOfAUnit) {
  Rig rig({.atomic_write_size = 16384, .block_count = 5});
  rig.write(4, 1);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0, 0}, {0, 0, 0, 0, 1}}));
}

TEST(Disk, SectorsOf512BytesTearApart) {
  Rig rig({.block_size = 512, .atomic_write_size = 512, .block_count = 2});
  rig.submit_write(0, 1, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
}

// Blocks that tear in the middle: two units each, and so an image has two numbers for each.
constexpr DeviceGeometry kHalves{.block_size = 1024, .atomic_write_size = 512, .block_count = 2};

TEST(Disk, ABlockTearsWhereItsUnitsAreSmaller) {
  Rig rig(kHalves);
  Request& write = rig.submit_write(1, 1);
  const Images torn = {{0, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {0, 0, 1, 1}};
  EXPECT_EQ(rig.after_a_cut(), torn);
  EXPECT_EQ(rig.read_all(), (Image{0, 0, 0, 0}));
  rig.complete(write);
  EXPECT_EQ(rig.after_a_cut(), torn);
  EXPECT_EQ(rig.read_all(), (Image{0, 0, 1, 1}));
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 1, 1}}));
}

TEST(Disk, ABlockOf4096BytesTearsIntoEightSectors) {
  Rig rig({.block_size = 4096, .atomic_write_size = 512, .block_count = 1});
  rig.write(0, 1);
  Images expected;
  for (unsigned arrived = 0; arrived < 256; ++arrived) {
    Image image;
    for (unsigned sector = 0; sector < 8; ++sector) image.push_back(arrived >> sector & 1U);
    expected.insert(image);
  }
  EXPECT_EQ(rig.after_a_cut(), expected);
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{Image(8, 1)}));
}

TEST(Disk, EachUnitOfABlockComesBackAsAnyOfItsWrites) {
  Rig rig(kHalves);
  rig.write(0, 1);
  rig.write(0, 2);
  Images expected;
  for (int first = 0; first <= 2; ++first) {
    for (int second = 0; second <= 2; ++second) expected.insert({first, second, 0, 0});
  }
  EXPECT_EQ(rig.after_a_cut(), expected);
}

TEST(Disk, ATornBlockNeverReappearsUnderADurableOne) {
  Rig rig(with_fua(kHalves));
  rig.write(0, 1, 2);
  rig.write_fua(0, 2);
  EXPECT_EQ(rig.after_a_cut(), (Images{{2, 2, 0, 0}, {2, 2, 1, 0}, {2, 2, 0, 1}, {2, 2, 1, 1}}));
  EXPECT_EQ(rig.read_all(), (Image{2, 2, 1, 1}));
}

TEST(Disk, WhenItsProgramDiesEveryUnitOfABlockLands) {
  Rig rig(with_fua(kHalves));
  rig.submit_write(0, 1);
  rig.submit_fua(1, 2);
  rig.scheduler.program_dies();
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 2, 2}, {1, 0, 2, 2}, {0, 1, 2, 2}, {1, 1, 2, 2}}));
}

TEST(DiskDeathTest, StopsAtUnitsThatNoDeviceHas) {
  for (const uint32_t size : {0U, 256U, 768U, 1536U}) {
    EXPECT_DEATH(Rig({.block_size = 512, .atomic_write_size = size, .block_count = 6}), "atomic_write_size");
  }
}

TEST(Disk, ReadsSeeCompletedWritesBeforeTheyAreDurable) {
  Rig rig(kSmall);
  Request& write = rig.submit_write(1, 7);
  EXPECT_EQ(rig.read_all(), (Image{0, 0}));
  rig.complete(write);
  EXPECT_EQ(rig.read_all(), (Image{0, 7}));
}

TEST(Disk, ReadsIntoSeveralBuffersSeeOneRange) {
  Rig rig(kSmall);
  rig.write(0, 1);
  rig.write(1, 2);
  Request& read = rig.prepare(IoKind::read, 0, 2);
  const iovec halves[] = {{.iov_base = read.data.bytes().data() + 4096, .iov_len = 4096},
                          {.iov_base = read.data.bytes().data(), .iov_len = 4096}};
  read.buffers = halves;
  EXPECT_EQ(rig.complete(rig.submit(read)), std::errc{});
  EXPECT_EQ(read.data.bytes()[0], std::byte{2});
  EXPECT_EQ(read.data.bytes()[4096], std::byte{1});
}

TEST(Disk, ZeroesAreWrittenLikeData) {
  Rig rig(kSmall);
  rig.write(0, 1, 2);
  rig.flush();
  rig.complete(rig.submit(rig.prepare(IoKind::write_zeroes, 1, 1)));
  EXPECT_EQ(rig.read_all(), (Image{1, 0}));
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}, {1, 1}}));
}

TEST(Disk, ADiscardThatReadsZeroIsUndecidedLikeAWrite) {
  Rig rig({.block_count = 2, .discard = true, .discard_reads_zero = true});
  rig.write(0, 1, 2);
  rig.flush();
  rig.complete(rig.submit(rig.prepare(IoKind::discard, 1, 1)));
  EXPECT_EQ(rig.read_all(), (Image{1, 0}));
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}, {1, 1}}));
  rig.flush();
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

TEST(Disk, ADiscardThatPromisesNoZeroesChangesNothing) {
  Rig rig({.block_count = 1, .discard = true});
  rig.write(0, 1);
  rig.flush();
  EXPECT_EQ(rig.complete(rig.submit(rig.prepare(IoKind::discard, 0, 1))), std::errc{});
  EXPECT_EQ(rig.read_all(), (Image{1}));
  EXPECT_EQ(rig.after_a_cut(), (Images{{1}}));
}

TEST(Disk, ADiscardThatTheDeviceDoesNotCarryOutChangesNothing) {
  Rig rig({.block_count = 1, .discard = false, .discard_reads_zero = true});
  rig.write(0, 1);
  rig.flush();
  EXPECT_EQ(rig.complete(rig.submit(rig.prepare(IoKind::discard, 0, 1))), std::errc{});
  EXPECT_EQ(rig.read_all(), (Image{1}));
}

TEST(Disk, BlocksOutsideAreAnInvalidArgumentAndChangeNothing) {
  Rig rig(kSmall);
  for (const IoKind kind : {IoKind::read, IoKind::write}) {
    EXPECT_EQ(rig.complete(rig.submit(rig.prepare(kind, 2, 1, 9))), std::errc::invalid_argument);
    EXPECT_EQ(rig.complete(rig.submit(rig.prepare(kind, 1, 2, 9))), std::errc::invalid_argument);
    EXPECT_EQ(rig.complete(rig.submit(rig.prepare(kind, 0, 0, 9))), std::errc::invalid_argument);
  }
  for (const IoKind kind : {IoKind::write_zeroes, IoKind::discard}) {
    EXPECT_EQ(rig.complete(rig.submit(rig.prepare(kind, 1, UINT64_MAX))), std::errc::invalid_argument);
    EXPECT_EQ(rig.complete(rig.submit(rig.prepare(kind, UINT64_MAX, 1))), std::errc::invalid_argument);
  }
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}}));
}

TEST(Disk, BuffersThatDoNotFitTheRequestAreAnInvalidArgument) {
  Rig rig(kSmall);
  Request& misaligned = rig.prepare(IoKind::read, 0, 2);
  misaligned.buffer.iov_base = misaligned.data.bytes().data() + 512;
  misaligned.buffer.iov_len = 4096;
  misaligned.block_count = 1;
  EXPECT_EQ(rig.complete(rig.submit(misaligned)), std::errc::invalid_argument);

  Request& too_short = rig.prepare(IoKind::write, 0, 1, 9);
  too_short.block_count = 2;
  EXPECT_EQ(rig.complete(rig.submit(too_short)), std::errc::invalid_argument);

  Request& ragged = rig.prepare(IoKind::write, 0, 2, 9);
  const iovec parts[] = {{.iov_base = ragged.data.bytes().data(), .iov_len = 2048},
                         {.iov_base = ragged.data.bytes().data() + 4096, .iov_len = 2048}};
  ragged.buffers = parts;
  ragged.block_count = 1;
  EXPECT_EQ(rig.complete(rig.submit(ragged)), std::errc::invalid_argument);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}}));
}

TEST(DiskDeathTest, StopsAtMetadataRequestsThatOverlap) {
  Rig rig(kSmall);
  Request& root = rig.prepare(IoKind::write, 0, 1, 1);
  root.purpose.step = Step::write_root;
  rig.submit(root);
  EXPECT_DEATH(rig.submit_write(0, 2), "metadata");
}

// Metadata again, in the same place, by whoever was just told that the first one is done.
struct Followed : IoRequest {
  Rig* rig = nullptr;
  Request* next = nullptr;
};

TEST(Disk, ACompletedRequestIsNotInFlightWhileItsOwnerIsTold) {
  Rig rig(kSmall);
  Followed first;
  first.kind = IoKind::write_zeroes;
  first.purpose.step = Step::write_root;
  first.block_count = 1;
  first.rig = &rig;
  first.next = &rig.prepare(IoKind::write, 0, 1, 1);
  first.next->purpose.step = Step::write_root;
  first.on_complete = [](IoRequest& done, std::errc) noexcept {
    const Followed& followed = static_cast<Followed&>(done);
    followed.rig->submit(*followed.next);
  };
  rig.channel->submit(first);
  rig.scheduler.step();
  EXPECT_EQ(rig.complete(*first.next), std::errc{});
  EXPECT_EQ(rig.read_all(), (Image{1, 0}));
}

TEST(Disk, WhenItsProgramDiesWritesInFlightLandAndNobodyIsTold) {
  Rig rig(kSmall);
  Request& write = rig.submit_write(0, 1);
  rig.scheduler.program_dies();
  EXPECT_FALSE(rig.scheduler.step());
  EXPECT_FALSE(write.status.has_value());
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
}

TEST(Disk, WhenItsProgramDiesFlushesInFlightDoNothing) {
  Rig rig(kSmall);
  rig.write(0, 1);
  Request& flush = rig.submit_flush();
  rig.scheduler.program_dies();
  EXPECT_FALSE(flush.status.has_value());
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0}, {1, 0}}));
}

TEST(Disk, WhenItsProgramDiesAWriteWithFuaInFlightBecomesDurable) {
  Rig rig(with_fua(kSmall));
  rig.submit_fua(0, 1);
  rig.scheduler.program_dies();
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0}}));
}

class Events final : public DiskObserver {
 public:
  void submitted(EventNumber event, const IoRequest& request) override { add('s', event, request); }
  void completed(EventNumber event, const IoRequest& request) override { add('c', event, request); }
  std::string said;
  std::vector<EventNumber> numbers;

 private:
  void add(char what, EventNumber event, const IoRequest& request) {
    said += what;
    said += std::to_string(request.block);
    numbers.push_back(event);
  }
};

TEST(Disk, TellsItsObserverWhatHappensInTheOrderInWhichItHappens) {
  Events events;
  Rig rig(kSmall, &events);
  Request& first = rig.submit_write(0, 1);
  Request& second = rig.submit_write(1, 2);
  rig.complete(second);
  rig.complete(first);
  EXPECT_EQ(events.said, "s0s1c1c0");
  EXPECT_EQ(events.numbers, (std::vector<EventNumber>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace holdfast::simdisk
