// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

using Outcomes = std::set<Found>;

// A map of one word with this value in it, durable but for its name.
void create(MemoryRig& rig, std::string_view name, uint64_t value) {
  const auto map = std::move(rig.maps.create(name, 8).value());
  rig.store_durably(*map, 0, value);
}

TEST(MemoryDirectory, ACreatedNameMayBeLostUntilTheDirectoryIsSynchronised) {
  MemoryRig rig;
  create(rig, "a", 1);
  EXPECT_EQ(found_in(rig.maps), (Found{{"a", {1}}}));
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{}, {{"a", {1}}}}));
  ASSERT_TRUE(rig.sync_directory());
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{{"a", {1}}}}));
}

TEST(MemoryDirectory, SynchronisingTakesAStepOfItsOwn) {
  MemoryRig rig;
  create(rig, "a", 1);
  Task<> sync = rig.maps.sync_directory();
  sync.start();
  EXPECT_FALSE(sync.done());
  EXPECT_EQ(rig.after_a_cut().size(), 2U);
  rig.scheduler.step();
  EXPECT_TRUE(sync.done());
  EXPECT_EQ(rig.after_a_cut().size(), 1U);
}

TEST(MemoryDirectory, WhatIsDoneAfterTheCallIsNotCovered) {
  MemoryRig rig;
  create(rig, "a", 1);
  Task<> sync = rig.maps.sync_directory();
  create(rig, "b", 2);
  sync.start();
  create(rig, "c", 3);
  rig.scheduler.step();
  EXPECT_TRUE(sync.done());
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{{"a", {1}}},
                                         {{"a", {1}}, {"b", {2}}},
                                         {{"a", {1}}, {"c", {3}}},
                                         {{"a", {1}}, {"b", {2}}, {"c", {3}}}}));
}

TEST(MemoryDirectory, ARemovedNameMayComeBackWithItsContent) {
  MemoryRig rig;
  create(rig, "a", 1);
  ASSERT_TRUE(rig.sync_directory());
  ASSERT_TRUE(rig.maps.remove("a"));
  EXPECT_EQ(found_in(rig.maps), Found{});
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{}, {{"a", {1}}}}));
}

TEST(MemoryDirectory, ARenameOverAnotherMapLeavesTheOldOneOrTheNewOne) {
  MemoryRig rig;
  create(rig, "map", 1);
  create(rig, "new", 2);
  ASSERT_TRUE(rig.sync_directory());
  ASSERT_TRUE(rig.maps.rename("new", "map"));
  EXPECT_EQ(found_in(rig.maps), (Found{{"map", {2}}}));
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{{"map", {1}}, {"new", {2}}}, {{"map", {2}}}}));
}

TEST(MemoryDirectory, OfSeveralOperationsAnySubsetArrives) {
  MemoryRig rig;
  create(rig, "a", 1);
  ASSERT_TRUE(rig.sync_directory());
  create(rig, "b", 2);
  ASSERT_TRUE(rig.maps.remove("a"));
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{}, {{"a", {1}}}, {{"b", {2}}}, {{"a", {1}}, {"b", {2}}}}));
}

// The rename moves the file of the second creation; the first one's is not touched by it.
TEST(MemoryDirectory, AnOperationDoesNothingToAnotherFileOfItsName) {
  MemoryRig rig;
  create(rig, "a", 1);
  ASSERT_TRUE(rig.sync_directory());
  ASSERT_TRUE(rig.maps.remove("a"));
  create(rig, "a", 2);
  ASSERT_TRUE(rig.maps.rename("a", "b"));
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{}, {{"a", {1}}}, {{"a", {2}}}, {{"b", {2}}}}));
}

TEST(MemoryDirectory, DirectoriesThatAreTheSameAreOneOutcome) {
  MemoryRig rig;
  create(rig, "a", 1);
  ASSERT_TRUE(rig.sync_directory());
  ASSERT_TRUE(rig.maps.rename("a", "b"));
  ASSERT_TRUE(rig.maps.rename("b", "a"));
  EXPECT_EQ(rig.maps.crash_set().combinations(), 2U);
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{{"a", {1}}}, {{"b", {1}}}}));
}

TEST(MemoryDirectory, OutcomesOfEqualNamesAreEqualMedia) {
  MemoryRig rig;
  create(rig, "a", 1);
  ASSERT_TRUE(rig.sync_directory());
  const Hash128 one_name = rig.folder.directory_media().image_hash();
  create(rig, "b", 2);
  ASSERT_TRUE(rig.sync_directory());
  ASSERT_TRUE(rig.maps.remove("b"));
  bool lost = false;
  rig.visit_cuts([&] { lost = lost || rig.folder.directory_media().image_hash() == one_name; });
  EXPECT_TRUE(lost);
}

TEST(MemoryDirectory, SaysWhenThereAreMoreOutcomesThanItLists) {
  MemoryRig rig;
  for (int i = 0; i < 8; ++i) create(rig, "map" + std::to_string(i), 1);
  EXPECT_TRUE(rig.maps.crash_set().complete);
  EXPECT_EQ(rig.maps.crash_set().combinations(), 256U);
  create(rig, "map8", 1);
  EXPECT_FALSE(rig.maps.crash_set().complete);
  EXPECT_EQ(rig.maps.crash_set().combinations(), 256U);
  ASSERT_TRUE(rig.sync_directory());
  EXPECT_TRUE(rig.maps.crash_set().complete);
  EXPECT_EQ(rig.after_a_cut().size(), 1U);
}

TEST(MemoryDirectory, WhenItsProgramDiesNamesStayAndMayStillBeLost) {
  MemoryRig rig;
  create(rig, "a", 1);
  Task<> sync = rig.maps.sync_directory();
  sync.start();
  rig.scheduler.program_dies();
  EXPECT_FALSE(rig.scheduler.step());
  EXPECT_FALSE(sync.done());
  EXPECT_EQ(found_in(rig.maps), (Found{{"a", {1}}}));
  EXPECT_EQ(rig.after_a_cut().size(), 2U);
}

TEST(MemoryDirectory, WhatIsStoredIntoAFileWithoutANameIsNoOutcome) {
  MemoryRig rig;
  const auto map = rig.make("a", 8);
  put(*map, 0, 1);
  ASSERT_TRUE(rig.maps.remove("a"));
  EXPECT_EQ(rig.after_a_cut(), (Outcomes{{}, {{"a", {0}}}, {{"a", {1}}}}));
  ASSERT_TRUE(rig.sync_directory());
  EXPECT_TRUE(rig.maps.crash_set().units.empty());
  EXPECT_EQ(map->load_u64(0).value(), 1U);
}

// Or a search would take the second moment for the first one again.
TEST(MemoryDirectory, ACrashSetHashesToTheContentUnderTheNamesThatMayCome) {
  MemoryRig rig;
  const auto map = std::move(rig.maps.create("a", 8).value());
  const Hash128 before = rig.maps.crash_set().hash();
  const Hash128 image = rig.folder.image_hash();
  rig.store_durably(*map, 0, 1);
  EXPECT_EQ(rig.folder.image_hash(), image);
  EXPECT_NE(rig.maps.crash_set().hash(), before);
}

TEST(MemoryDirectory, AnOpenMapKeepsItsClaimUnderAnotherName) {
  MemoryRig rig;
  auto map = rig.make("a", 8);
  ASSERT_TRUE(rig.maps.rename("a", "b"));
  EXPECT_EQ(rig.maps.open("b").error().code, Errc::busy);
  map.reset();
  EXPECT_TRUE(rig.maps.open("b"));
}

TEST(MemoryDirectory, HasNoSpaceForMoreOrLargerFilesThanAFolderHolds) {
  MemoryRig rig;
  EXPECT_EQ(rig.maps.create("large", kMapBytesMost + 1).error().code, Errc::no_space);
  for (std::size_t i = 0; i < kMapFilesMost; ++i) {
    std::string name = std::to_string(i);
    name.resize(kMapNameMost, 'x');
    ASSERT_TRUE(rig.maps.create(name, 8));
  }
  EXPECT_EQ(rig.maps.create("more", 8).error().code, Errc::no_space);
  ASSERT_TRUE(rig.sync_directory());
  EXPECT_EQ(rig.folder.directory().size(), kMapFilesMost);
}

TEST(MemoryDirectory, NamesTheNewestOperationThatArrived) {
  MemoryRig rig;
  create(rig, "a", 1);
  create(rig, "b", 2);
  const EventNumber newest = rig.scheduler.last_event();
  ASSERT_TRUE(rig.sync_directory());
  const EventNumber written = rig.folder.directory_media().written_at_byte(0);
  EXPECT_GT(written, 0U);
  EXPECT_LE(written, newest);
}

// Nobody asks for it, and nobody is told.
TEST(MemoryDirectory, AFileThatIsLostIsGoneAtOnceAndForGood) {
  MemoryRig rig;
  (void)rig.make("a", 8);
  rig.store_durably(*rig.open("a"), 0, 1);
  put(*rig.open("a"), 0, 2);
  rig.maps.lose("a");
  EXPECT_EQ(found_in(rig.maps), Found{});
  EXPECT_EQ(rig.after_a_cut(), Outcomes{{}});
  EXPECT_EQ(rig.maps.open("a").error().code, Errc::not_found);
}

TEST(MemoryDirectory, AFileThatIsRestoredHoldsTheseBytesAtOnceAndNothingThatWasStoredBefore) {
  MemoryRig rig;
  (void)rig.make("a", 8);
  put(*rig.open("a"), 0, 7);
  rig.maps.poison("a", 0, 1);
  rig.maps.restore("a", filled(16, 1));
  const Found restored = {{"a", {0x0101010101010101, 0x0101010101010101}}};
  EXPECT_EQ(found_in(rig.maps), restored);
  EXPECT_EQ(rig.after_a_cut(), Outcomes{restored});
  rig.maps.restore("b", filled(8, 0));
  EXPECT_EQ(found_in(rig.maps).at("b"), Words{0});
}

TEST(MemoryDirectory, WhatHappensToAFileIsPartOfTheDigest) {
  std::set<std::string> digests;
  const auto digest_after = [&digests](const auto& act) {
    MemoryRig rig;
    (void)rig.make("a", 128);
    act(rig.maps);
    EXPECT_TRUE(digests.insert(rig.digest.hex()).second);
  };
  digest_after([](SimulatedMaps&) {});
  digest_after([](SimulatedMaps& maps) { maps.lose("a"); });
  digest_after([](SimulatedMaps& maps) { maps.restore("a", filled(128, 1)); });
  digest_after([](SimulatedMaps& maps) { maps.restore("a", filled(128, 2)); });
  digest_after([](SimulatedMaps& maps) { maps.poison("a", 0, 1); });
  digest_after([](SimulatedMaps& maps) { maps.poison("a", 64, 1); });
}

}  // namespace
}  // namespace holdfast::simdisk
