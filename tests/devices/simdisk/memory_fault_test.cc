// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

constexpr uint64_t kLines = 192;  // three lines of eight words
constexpr std::size_t kWords = kLines / 8;

using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;

Fault fault_of(FaultKind kind, uint64_t nth = 1) {
  Fault fault;
  fault.kind = kind;
  fault.nth = nth;
  return fault;
}

// A map that is zero, and what goes wrong with it.
struct FaultyMap : MemoryRig {
  explicit FaultyMap(const Fault& fault, MemoryKind kind = MemoryKind::persistent_memory)
      : MemoryRig(kind), plan({fault}) {
    maps.strike_with(plan);
  }
  Ranges hits() const {
    Ranges found;
    for (const FaultHit& hit : plan.hits_in(0)) found.emplace_back(hit.begin, hit.end);
    return found;
  }

  FaultPlan plan;
  std::unique_ptr<PersistentMemory> map = make("map", kLines);
};

TEST(MemoryFault, OfAPersistThatFailsIsFinalForItsMap) {
  FaultyMap rig(fault_of(FaultKind::memory_persist_error, 2));
  rig.store_durably(*rig.map, 0, 1);
  EXPECT_EQ(rig.persist(*rig.map, rig.map->store_u64(8, 2)).error().code, Errc::device_failed);
  EXPECT_EQ(rig.persist(*rig.map, rig.map->store_u64(16, 3)).error().code, Errc::device_failed);
  EXPECT_EQ(rig.after_a_cut("map"), (std::set<Words>{words(kWords, {{0, 1}}), words(kWords, {{0, 1}, {1, 2}}),
                                                     words(kWords, {{0, 1}, {1, 2}, {2, 3}})}));
  EXPECT_EQ(rig.hits(), Ranges{}) << "it was told";
}

TEST(MemoryFault, OfAPersistThatLiesMakesNothingDurableAndNamesWhatItShouldHave) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    FaultyMap rig(fault_of(FaultKind::memory_lying_persist), kind);
    put(*rig.map, 0, 7);
    EXPECT_TRUE(rig.persist(*rig.map, rig.map->store_u64(64, 1)));
    EXPECT_EQ(rig.after_a_cut("map"),
              (std::set<Words>{words(kWords), words(kWords, {{0, 7}}), words(kWords, {{8, 1}}),
                               words(kWords, {{0, 7}, {8, 1}})}));
    EXPECT_EQ(rig.hits(), (Ranges{{64, 72}}));
  }
}

TEST(MemoryFault, OfAPersistThatLiesIsOverWithTheNextOne) {
  FaultyMap rig(fault_of(FaultKind::memory_lying_persist));
  rig.store_durably(*rig.map, 8, 1);
  rig.store_durably(*rig.map, 9, 2);
  EXPECT_EQ(rig.after_a_cut("map"), (std::set<Words>{words(kWords, {{8, 1}, {9, 2}})}));
}

TEST(MemoryFault, OfPersistsStrikesTheBarrierThatItSelects) {
  Fault fault = fault_of(FaultKind::memory_persist_error);
  fault.where.barrier = Barrier::C3;
  FaultyMap rig(fault);
  EXPECT_TRUE(rig.persist(*rig.map, rig.map->store_u64(0, 1), Barrier::C2));
  EXPECT_FALSE(rig.persist(*rig.map, rig.map->store_u64(0, 2), Barrier::C3));
}

TEST(MemoryFault, OfPoisonIsFoundByALoadAndStaysUntilItsLineIsStoredAsAWhole) {
  Fault fault = fault_of(FaultKind::memory_poison);
  fault.where.first_byte = 64;
  fault.where.end_byte = 128;
  FaultyMap rig(fault);
  rig.store_durably(*rig.map, 9, 5);
  EXPECT_EQ(rig.map->load_u64(0).value(), 0U);
  EXPECT_FALSE(rig.plan.every_fault_struck());
  EXPECT_EQ(rig.map->load_u64(72).error().code, Errc::device_failed);
  EXPECT_EQ(rig.map->load_u64(64).error().code, Errc::device_failed) << "all of the line";
  EXPECT_EQ(rig.map->load_u64(128).value(), 0U);
  EXPECT_EQ(rig.hits(), (Ranges{{64, 128}}));
  put(*rig.map, 64, filled(64, 0));
  EXPECT_EQ(rig.map->load_u64(72).value(), 0U);
}

TEST(MemoryFault, OfRotTurnsOneBitOnMediaForGood) {
  Fault fault = fault_of(FaultKind::memory_rot);
  fault.at = 0;
  FaultyMap rig(fault);
  rig.store_durably(*rig.map, 1, 6);
  EXPECT_EQ(rig.map->load_u64(8).value(), 7U);
  EXPECT_EQ(rig.map->load_u64(8).value(), 7U);
  EXPECT_EQ(rig.after_a_cut("map"), (std::set<Words>{words(kWords, {{1, 7}})}));
  EXPECT_EQ(rig.hits(), (Ranges{{8, 9}}));
}

TEST(MemoryFault, OfRotIsOfMediaAndNotOfWhatWasStoredOverThem) {
  FaultyMap rig(fault_of(FaultKind::memory_rot));
  put(*rig.map, 8, 6);
  EXPECT_EQ(rig.map->load_u64(8).value(), 6U);
  EXPECT_EQ(rig.plan.struck(), 1U);
}

TEST(MemoryFault, StrikesNoRequestOfADisk) {
  for (const FaultKind kind : {FaultKind::memory_persist_error, FaultKind::memory_lying_persist,
                               FaultKind::memory_poison, FaultKind::memory_rot}) {
    EXPECT_TRUE(is_of_memory(kind));
    for (const IoKind request : {IoKind::read, IoKind::write, IoKind::flush}) {
      IoRequest io;
      io.kind = request;
      EXPECT_FALSE(can_strike(kind, io));
    }
  }
  EXPECT_FALSE(is_of_memory(FaultKind::rot));
}

}  // namespace
}  // namespace holdfast::simdisk
