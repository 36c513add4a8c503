// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/rig.hh"

namespace holdfast::simdisk {
namespace {

using Images = std::set<Image>;

constexpr DeviceGeometry kSmall{.block_count = 4, .fua = true};
constexpr DeviceGeometry kSectors{.block_size = 4096, .atomic_write_size = 512, .block_count = 2};

struct FaultyRig : Rig {
  explicit FaultyRig(std::vector<Fault> faults, const DeviceGeometry& geometry = kSmall)
      : Rig(geometry), plan(std::move(faults)) {
    disk.strike_with(plan);
  }
  std::errc read(uint64_t block) { return complete(submit(prepare(IoKind::read, block, 1))); }
  std::errc try_write(uint64_t block, uint8_t fill, uint64_t count = 1) {
    return complete(submit_write(block, fill, count));
  }

  FaultPlan plan;
};

Fault fault_of(FaultKind kind) {
  Fault fault;
  fault.kind = kind;
  return fault;
}

TEST(Fault, StrikesFromTheNthRequestOnThatItSelectsAndNoOther) {
  Fault fault = fault_of(FaultKind::transient_error);
  fault.where.kind = IoKind::write;
  fault.where.first_byte = 4096;
  fault.nth = 2;
  fault.count = 2;
  FaultyRig rig({fault});
  EXPECT_EQ(rig.try_write(0, 1), std::errc{});
  EXPECT_EQ(rig.try_write(1, 1), std::errc{});
  EXPECT_FALSE(rig.plan.every_fault_struck());
  EXPECT_EQ(rig.try_write(1, 2), std::errc::io_error);
  EXPECT_EQ(rig.read(1), std::errc{});
  EXPECT_EQ(rig.try_write(2, 3), std::errc::io_error);
  EXPECT_EQ(rig.try_write(3, 4), std::errc{});
  EXPECT_TRUE(rig.plan.every_fault_struck());
  EXPECT_EQ(rig.read_all(), (Image{1, 1, 0, 4}));
}

TEST(Fault, EachKindOfFailureHasItsError) {
  const std::pair<FaultKind, std::errc> kErrors[] = {
      {FaultKind::persistent_error, std::errc::io_error},
      {FaultKind::timeout, std::errc::timed_out},
      {FaultKind::queue_full, std::errc::resource_unavailable_try_again},
      {FaultKind::out_of_space, std::errc::no_space_on_device},
      {FaultKind::hot_removal, std::errc::no_such_device}};
  for (const auto& [kind, error] : kErrors) {
    FaultyRig rig({fault_of(kind)});
    EXPECT_EQ(rig.try_write(0, 1), error);
    EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0}}));
  }
}

TEST(Fault, ARequestThatFailsHasDoneWhatTheFaultSaysInWholeUnits) {
  Fault fault = fault_of(FaultKind::short_completion);
  for (const auto& [done, image] :
       {std::pair{Fault::Done::half, Image{7, 7, 7, 7}}, std::pair{Fault::Done::everything, Image(8, 7)}}) {
    fault.done = done;
    FaultyRig rig({fault}, kSectors);
    EXPECT_EQ(rig.try_write(0, 7), std::errc::io_error);
    Image whole = image;
    whole.resize(16, 0);
    EXPECT_EQ(rig.read_all(), whole);
  }
}

TEST(Fault, AFlushThatFailsMakesNothingDurableUnlessItIsDone) {
  for (const auto done : {Fault::Done::nothing, Fault::Done::everything}) {
    Fault fault = fault_of(FaultKind::transient_error);
    fault.where.kind = IoKind::flush;
    fault.done = done;
    FaultyRig rig({fault});
    rig.write(0, 1);
    EXPECT_EQ(rig.complete(rig.submit_flush()), std::errc::io_error);
    EXPECT_EQ(rig.after_a_cut().size(), done == Fault::Done::nothing ? 2U : 1U);
  }
}

TEST(Fault, ARemovedDeviceFailsWhateverIsInFlightAndWhateverComes) {
  Fault fault = fault_of(FaultKind::hot_removal);
  fault.where.kind = IoKind::read;
  FaultyRig rig({fault});
  Request& in_flight = rig.submit_write(1, 5);
  EXPECT_EQ(rig.read(0), std::errc::no_such_device);
  EXPECT_EQ(rig.complete(in_flight), std::errc::no_such_device);
  EXPECT_EQ(rig.complete(rig.submit_flush()), std::errc::no_such_device);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0}, {0, 5, 0, 0}}));
}

TEST(Fault, AStuckRequestNeverEndsAndMayHaveReachedMedia) {
  FaultyRig rig({fault_of(FaultKind::stuck)});
  const Request& stuck = rig.submit_write(0, 1);
  EXPECT_FALSE(rig.scheduler.step());
  EXPECT_FALSE(stuck.status.has_value());
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0}, {1, 0, 0, 0}}));
}

TEST(Fault, ALateWriteLiesOverWhatWasWrittenAfterItFailed) {
  FaultyRig rig({fault_of(FaultKind::late_completion)});
  EXPECT_EQ(rig.try_write(0, 1), std::errc::timed_out);
  EXPECT_EQ(rig.after_a_cut(), (Images{{0, 0, 0, 0}}));
  EXPECT_FALSE(rig.scheduler.step());
  rig.write(0, 2);
  while (rig.scheduler.step()) continue;
  EXPECT_EQ(rig.read_all(), (Image{1, 0, 0, 0}));
}

TEST(Fault, ALostWriteIsToldToBeDoneAndIsNowhere) {
  FaultyRig rig({fault_of(FaultKind::lost_write)});
  EXPECT_EQ(rig.try_write(0, 1), std::errc{});
  EXPECT_EQ(rig.read_all(), (Image{0, 0, 0, 0}));
}

TEST(Fault, AMisdirectedWriteIsAtAnotherPlace) {
  FaultyRig rig({fault_of(FaultKind::misdirected_write)});
  EXPECT_EQ(rig.try_write(3, 1), std::errc{});
  EXPECT_EQ(rig.read_all(), (Image{0, 0, 1, 0}));
  ASSERT_EQ(rig.plan.hits().size(), 2U);
  EXPECT_EQ(rig.plan.hits()[1].begin, 2U * 4096);
}

TEST(Fault, AMisdirectedWriteWithoutRoomIsLost) {
  Fault fault = fault_of(FaultKind::misdirected_write);
  fault.distance = ~uint64_t{0};
  FaultyRig rig({fault});
  EXPECT_EQ(rig.try_write(1, 1), std::errc{});
  EXPECT_EQ(rig.read_all(), (Image{0, 0, 0, 0}));
}

TEST(Fault, ATornWriteHasItsFirstHalfInWhateverUnits) {
  FaultyRig rig({fault_of(FaultKind::torn_write)});
  EXPECT_EQ(rig.try_write(0, 1), std::errc{});
  std::byte bytes[2];
  rig.flush();
  rig.media.read(2047, bytes);
  EXPECT_EQ(bytes[0], std::byte{1});
  EXPECT_EQ(bytes[1], std::byte{0});
}

TEST(Fault, AStaleReadShowsWhatWasThereBeforeTheLastWrite) {
  Fault fault = fault_of(FaultKind::stale_read);
  FaultyRig rig({fault});
  EXPECT_EQ(rig.read(0), std::errc{});
  EXPECT_FALSE(rig.plan.every_fault_struck());  // nothing was there before
  rig.write(0, 1);
  rig.write(0, 2);
  EXPECT_EQ(rig.read_all(), (Image{1, 0, 0, 0}));
  EXPECT_EQ(rig.read_all(), (Image{2, 0, 0, 0}));
}

TEST(Fault, RotChangesOneBitOfWhatIsWrittenOrRead) {
  Fault fault = fault_of(FaultKind::rot);
  fault.at = 5;
  fault.count = 2;
  FaultyRig rig({fault});
  rig.write_fua(0, 2);
  EXPECT_EQ(rig.read(1), std::errc{});
  rig.flush();
  for (const uint64_t block : {0U, 1U}) {
    std::byte bytes[2];
    rig.media.read(block * 4096 + 5, bytes);
    EXPECT_EQ(bytes[0] ^ bytes[1], std::byte{1});
  }
}

TEST(Fault, ALatentErrorLastsUntilTheSectorIsRewrittenDurably) {
  Fault fault = fault_of(FaultKind::latent_error);
  fault.at = 600;
  FaultyRig rig({fault});
  EXPECT_EQ(rig.read(0), std::errc::io_error);
  EXPECT_EQ(rig.read(0), std::errc::io_error);
  EXPECT_EQ(rig.read(1), std::errc{});
  rig.write(0, 1);
  EXPECT_EQ(rig.read(0), std::errc{});  // from the cache
  std::byte bad{};
  rig.unreadable.read(1, std::span(&bad, 1));
  EXPECT_EQ(bad, std::byte{1});
  rig.flush();
  rig.unreadable.read(1, std::span(&bad, 1));
  EXPECT_EQ(bad, std::byte{0});
}

TEST(Fault, ALyingFlushMakesNothingDurableAndIsToldToBeDone) {
  Fault fault = fault_of(FaultKind::lying_flush);
  fault.count = 2;
  FaultyRig rig({fault});
  rig.write(0, 1);
  rig.flush();
  rig.write_fua(1, 2);
  EXPECT_EQ(rig.after_a_cut().size(), 4U);
}

TEST(Fault, AnUndefinedDiscardLeavesWhatNobodyWrote) {
  DeviceGeometry geometry = kSmall;
  geometry.discard = true;
  FaultyRig rig({fault_of(FaultKind::undefined_discard)}, geometry);
  rig.write_fua(0, 1);
  rig.flush();
  rig.complete(rig.submit(rig.prepare(IoKind::discard, 0, 1)));
  EXPECT_EQ(rig.read_all(), (Image{kMixed, 0, 0, 0}));
  EXPECT_EQ(rig.after_a_cut(), (Images{{1, 0, 0, 0}, {kMixed, 0, 0, 0}}));
}

TEST(Discard, MayLeaveAnythingOnADiskThatPromisesNothing) {
  DeviceGeometry geometry = kSmall;
  geometry.discard = true;
  Rig rig(geometry);
  rig.disk.discard_leaves_anything();
  rig.write(0, 1);
  rig.complete(rig.submit(rig.prepare(IoKind::discard, 0, 1)));
  EXPECT_EQ(rig.read_all(), (Image{kMixed, 0, 0, 0}));
}

}  // namespace
}  // namespace holdfast::simdisk
