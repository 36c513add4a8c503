// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

using Outcomes = std::set<Words>;

constexpr uint64_t kLines = 128;  // two lines: words 0 to 7 and 8 to 15
constexpr std::size_t kWords = kLines / 8;
constexpr uint64_t kPages = 8192;

TEST(Memory, AStoreIsSeenAtOnceAndMayBeLostUntilItIsPersisted) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords)}));
  const PmWritten written = map->store_u64(8, 7);
  EXPECT_EQ(words_of(*map), words(kWords, {{1, 7}}));
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords), words(kWords, {{1, 7}})}));
  ASSERT_TRUE(rig.persist(*map, written));
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords, {{1, 7}})}));
}

TEST(Memory, MadeDurableItKeepsEveryStoreAndEveryName) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  const auto fresh = std::move(rig.maps.create("fresh", kLines).value());
  put(*map, 0, 1);
  put(*map, 64, 2);
  put(*fresh, 8, 3);
  rig.maps.make_durable();
  const Found expected = {{"map", words(kWords, {{0, 1}, {8, 2}})}, {"fresh", words(kWords, {{1, 3}})}};
  EXPECT_EQ(rig.after_a_cut(), std::set<Found>{expected});
}

TEST(Memory, OfALineAPrefixOfItsStoresArrives) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 16, 1);
  put(*map, 0, 2);
  put(*map, 16, 3);
  EXPECT_EQ(rig.after_a_cut("map"),
            (Outcomes{words(kWords), words(kWords, {{2, 1}}), words(kWords, {{2, 1}, {0, 2}}),
                      words(kWords, {{2, 3}, {0, 2}})}));
}

TEST(Memory, LinesArriveIndependently) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 0, 1);
  put(*map, 64, 2);
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords), words(kWords, {{0, 1}}), words(kWords, {{8, 2}}),
                                              words(kWords, {{0, 1}, {8, 2}})}));
}

TEST(Memory, AStoreTearsBetweenItsWordsAndNotInsideThem) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 8, filled(16, 0x11));
  constexpr uint64_t kFilled = 0x1111111111111111;
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords), words(kWords, {{1, kFilled}}),
                                              words(kWords, {{1, kFilled}, {2, kFilled}})}));
}

// Byte 5 to byte 11: three bytes of one word, and four of the next.
TEST(Memory, AStoreOfPartsOfWordsTearsWhereAWordEnds) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 5, filled(7, 0x11));
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords), words(kWords, {{0, 0x1111110000000000}}),
                                              words(kWords, {{0, 0x1111110000000000}, {1, 0x11111111}})}));
}

TEST(Memory, StoresThatLeaveTheSameBytesAreOneOutcome) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 0, 0);
  EXPECT_TRUE(rig.maps.crash_set().units.empty());
  put(*map, 0, 1);
  put(*map, 0, 0);
  EXPECT_EQ(rig.maps.crash_set().combinations(), 2U);
}

TEST(Memory, OfALineThatIsStoredToManyTimesEveryPrefixIsListed) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  for (uint64_t value = 1; value <= 5000; ++value) put(*map, 0, value);
  EXPECT_TRUE(rig.maps.crash_set().complete);
  EXPECT_EQ(rig.maps.crash_set().combinations(), 5001U);
}

TEST(Memory, APersistCoversTheStrangersOfItsLines) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 56, 1);
  put(*map, 64, 2);
  ASSERT_TRUE(rig.persist(*map, map->store_u64(0, 3)));
  EXPECT_EQ(rig.after_a_cut("map"),
            (Outcomes{words(kWords, {{0, 3}, {7, 1}}), words(kWords, {{0, 3}, {7, 1}, {8, 2}})}));
}

TEST(Memory, APersistOfPartsOfTwoLinesCoversBoth) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 0, 1);
  put(*map, 120, 2);
  ASSERT_TRUE(rig.persist(*map, map->store(60, filled(8, 0))));
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords, {{0, 1}, {15, 2}})}));
}

TEST(Memory, APersistOfNothingCoversNothing) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 0, 1);
  ASSERT_TRUE(rig.persist(*map, {4, 0}));
  EXPECT_EQ(rig.after_a_cut("map").size(), 2U);
}

TEST(Memory, AMappedFilePersistsWholePages) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kPages);
  put(*map, 4088, 1);
  put(*map, 4096, 2);
  ASSERT_TRUE(rig.persist(*map, map->store_u64(0, 3)));
  EXPECT_EQ(rig.after_a_cut("map"),
            (Outcomes{words(1024, {{0, 3}, {511, 1}}), words(1024, {{0, 3}, {511, 1}, {512, 2}})}));
}

TEST(Memory, InAMappedFileTooTheLinesOfOnePageArriveIndependently) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kLines);
  put(*map, 0, 1);
  put(*map, 64, 2);
  EXPECT_EQ(rig.after_a_cut("map").size(), 4U);
}

TEST(Memory, GeometryTellsTheLeastThatArrivesAloneAndWhatAPersistCovers) {
  MemoryRig memory;
  MemoryRig file(MemoryKind::mapped_file);
  EXPECT_EQ(memory.make("map", 100)->geometry().size, 100U);
  EXPECT_EQ(memory.open("map")->geometry().line_size, 64U);
  EXPECT_EQ(memory.open("map")->geometry().persist_unit, 64U);
  EXPECT_EQ(file.make("map", 100)->geometry().line_size, 64U);
  EXPECT_EQ(file.open("map")->geometry().persist_unit, 4096U);
}

TEST(Memory, APersistIsReadyAtOnceInPersistentMemoryAlone) {
  MemoryRig memory;
  MemoryRig file(MemoryKind::mapped_file);
  const auto line = memory.make("map", kLines);
  const auto page = file.make("map", kLines);
  Task<PmDurable> at_once = line->persist(line->store_u64(0, 1), {});
  Task<PmDurable> later = page->persist(page->store_u64(0, 1), {});
  at_once.start();
  later.start();
  EXPECT_TRUE(at_once.done());
  EXPECT_FALSE(later.done());
  EXPECT_EQ(file.after_a_cut("map").size(), 2U);
  file.scheduler.step();
  EXPECT_TRUE(later.done());
  EXPECT_EQ(file.after_a_cut("map").size(), 1U);
}

TEST(Memory, WhatIsStoredAfterTheCallOfAPersistIsNotCovered) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    MemoryRig rig(kind);
    const auto map = rig.make("map", kLines);
    Task<PmDurable> persist = map->persist(map->store_u64(0, 1), {});
    put(*map, 0, 2);
    EXPECT_TRUE(rig.run(std::move(persist)));
    EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords, {{0, 1}}), words(kWords, {{0, 2}})}));
  }
}

TEST(Memory, WhatIsStoredWhileAPersistIsUnderWayIsNotCovered) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kLines);
  Task<PmDurable> persist = map->persist(map->store_u64(0, 1), {});
  persist.start();
  put(*map, 8, 2);
  rig.scheduler.step();
  EXPECT_TRUE(persist.done());
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords, {{0, 1}}), words(kWords, {{0, 1}, {1, 2}})}));
}

TEST(Memory, PersistsOfAMappedFileCompleteInAnyOrder) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kPages);
  Task<PmDurable> first = map->persist(map->store_u64(0, 1), {});
  first.start();
  Task<PmDurable> second = map->persist(map->store_u64(4096, 2), {});
  second.start();
  rig.choices.next = 1;
  rig.scheduler.step();
  EXPECT_FALSE(first.done());
  EXPECT_TRUE(second.done());
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(1024, {{512, 2}}), words(1024, {{0, 1}, {512, 2}})}));
}

TEST(Memory, APersistThatNobodyAwaitsAnyMoreIsCarriedOut) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kLines);
  {
    Task<PmDurable> abandoned = map->persist(map->store_u64(0, 1), {});
    abandoned.start();
  }
  EXPECT_TRUE(rig.scheduler.step());
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords, {{0, 1}})}));
}

TEST(Memory, APersistThatWaitsWhenPowerGoesIsNeverCarriedOut) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kLines);
  Task<PmDurable> persist = map->persist(map->store_u64(0, 1), {});
  persist.start();
  rig.scheduler.power_off();
  EXPECT_FALSE(rig.scheduler.step());
  EXPECT_FALSE(persist.done());
  EXPECT_EQ(rig.after_a_cut("map").size(), 2U);
}

TEST(Memory, APersistOfAnIgnoredBarrierMakesNothingDurable) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    MemoryRig rig(kind);
    const auto map = rig.make("map", kLines);
    rig.maps.ignore({Barrier::B1});
    EXPECT_TRUE(rig.persist(*map, map->store_u64(0, 1), Barrier::B1));
    EXPECT_EQ(rig.maps.ignored_requests(), 1U);
    EXPECT_EQ(rig.after_a_cut("map").size(), 2U);
    EXPECT_TRUE(rig.persist(*map, map->store_u64(8, 2), Barrier::B2));
    EXPECT_EQ(rig.maps.ignored_requests(), 1U);
    EXPECT_EQ(rig.after_a_cut("map").size(), 1U);
  }
}

TEST(Memory, AFailedPersistIsFinalForItsMapAndLeavesStoresUndecided) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    MemoryRig rig(kind);
    const auto map = rig.make("map", kLines);
    const auto other = rig.make("other", kLines);
    rig.store_durably(*map, 0, 1);
    rig.maps.fail_persist(2);
    rig.store_durably(*map, 1, 2);
    EXPECT_EQ(rig.persist(*map, map->store_u64(16, 3)).error().code, Errc::device_failed);
    EXPECT_EQ(rig.persist(*map, map->store_u64(24, 4)).error().code, Errc::device_failed);
    EXPECT_EQ(rig.after_a_cut("map"),
              (Outcomes{words(kWords, {{0, 1}, {1, 2}}), words(kWords, {{0, 1}, {1, 2}, {2, 3}}),
                        words(kWords, {{0, 1}, {1, 2}, {2, 3}, {3, 4}})}));
    EXPECT_TRUE(rig.persist(*other, other->store_u64(0, 5)));
  }
}

TEST(Memory, WhenItsProgramDiesStoresStayAndMayStillBeLost) {
  MemoryRig rig;
  auto map = rig.make("map", kLines);
  put(*map, 0, 1);
  rig.scheduler.program_dies();
  map.reset();
  EXPECT_EQ(words_of(*rig.open("map")), words(kWords, {{0, 1}}));
  EXPECT_EQ(rig.after_a_cut("map").size(), 2U);
  map = rig.open("map");
  ASSERT_TRUE(rig.persist(*map, {0, 8}));
  EXPECT_EQ(rig.after_a_cut("map"), (Outcomes{words(kWords, {{0, 1}})}));
}

TEST(Memory, WhenItsProgramDiesPersistsInFlightDoNothingAndNobodyIsTold) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", kLines);
  Task<PmDurable> persist = map->persist(map->store_u64(0, 1), {});
  persist.start();
  rig.scheduler.program_dies();
  EXPECT_FALSE(rig.scheduler.step());
  EXPECT_FALSE(persist.done());
  EXPECT_EQ(rig.after_a_cut("map").size(), 2U);
}

TEST(Memory, AMapThatIsClosedKeepsWhatWasStored) {
  MemoryRig rig;
  put(*rig.make("map", kLines), 0, 1);
  EXPECT_EQ(words_of(*rig.open("map")), words(kWords, {{0, 1}}));
  EXPECT_EQ(rig.after_a_cut("map").size(), 2U);
}

TEST(Memory, AMapOfAnySizeEndsWithAShorterLine) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", 4096 + 70);
  put(*map, 4096 + 62, filled(8, 0x11));
  EXPECT_EQ(rig.maps.crash_set().combinations(), 4U);  // two bytes of one line, and the last six
  ASSERT_TRUE(rig.persist(*map, {4096, 70}));
  std::vector<std::byte> found(8);
  rig.folder.find("map")->content().read(4096 + 62, found);
  EXPECT_EQ(found, filled(8, 0x11));
}

// As a program's objects do that are destroyed after the power cut.
TEST(Memory, AMapThatOutlivesItsFolderGoesQuietlyAndFreesItsName) {
  MemoryFolder folder;
  for (int time = 0; time < 2; ++time) {
    Dictated choices;
    Scheduler scheduler(choices);
    Digest digest;
    auto maps = std::make_unique<SimulatedMaps>(
        MemoryKind::persistent_memory,
        SimulatedMaps::Wiring{folder, scheduler, scheduler.add_executor(), digest, nullptr});
    auto map = maps->create("map", kLines);
    EXPECT_TRUE(map);
    maps.reset();
  }
}

TEST(MemoryDeathTest, StopsAtAStoreOutside) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  EXPECT_DEATH((void)map->store(kLines - 1, filled(2, 0)), "contains");
  EXPECT_DEATH((void)map->store_u64(4, 0), "offset");
}

}  // namespace
}  // namespace holdfast::simdisk
