// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

constexpr uint64_t kLines = 192;  // three lines of eight words
constexpr std::size_t kWords = kLines / 8;
constexpr uint64_t kOnes = 0x0101010101010101;

// A map whose second line holds these words, or cannot be loaded.
Words second_line(const Words& line) {
  Words all(kWords);
  std::ranges::copy(line, all.begin() + 8);
  return all;
}
const Words kUnreadable(8, kPoisoned);
const Words kOverwritten(8, kOnes);

// A map with a poisoned second line.
class Poisoned : public testing::Test {
 protected:
  Poisoned() { rig_.maps.poison("map", 100, 1); }

  MemoryRig rig_;
  std::unique_ptr<PersistentMemory> map_ = rig_.make("map", kLines);
};

TEST_F(Poisoned, LinesCannotBeLoadedAndTheErrorSaysWhere) {
  std::vector<std::byte> bytes(64);
  const Result<> loaded = map_->load(40, bytes);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::device_failed);
  EXPECT_EQ(loaded.error().object, ObjectKind::device);
  EXPECT_EQ(loaded.error().byte, 64U);
  EXPECT_EQ(map_->load_u64(120).error().byte, 120U);
}

TEST_F(Poisoned, NeighboursAreNotTouched) {
  std::vector<std::byte> bytes(64);
  EXPECT_TRUE(map_->load(0, bytes));
  EXPECT_TRUE(map_->load(128, bytes));
  EXPECT_EQ(words_of(*map_), second_line(kUnreadable));
}

TEST_F(Poisoned, LinesStayPoisonedUntilOneStoreCoversThemWhole) {
  put(*map_, 65, filled(63, 1));
  put(*map_, 64, filled(63, 1));
  EXPECT_EQ(words_of(*map_), second_line(kUnreadable));
  put(*map_, 64, filled(64, 1));
  EXPECT_EQ(words_of(*map_), second_line(kOverwritten));
}

TEST_F(Poisoned, LinesThatWereOverwrittenAreAfterACutPoisonedOrWhole) {
  put(*map_, 64, filled(64, 1));
  EXPECT_EQ(rig_.after_a_cut("map"), (std::set<Words>{second_line(kUnreadable), second_line(kOverwritten)}));
}

TEST_F(Poisoned, LinesThatWereOverwrittenAndStoredToAreAfterACutPoisonedOrAnyPrefix) {
  put(*map_, 64, filled(64, 1));
  put(*map_, 64, 5);
  put(*map_, 72, 6);
  Words one = kOverwritten;
  one[0] = 5;
  Words two = one;
  two[1] = 6;
  EXPECT_EQ(rig_.after_a_cut("map"), (std::set<Words>{second_line(kUnreadable), second_line(kOverwritten),
                                                      second_line(one), second_line(two)}));
}

TEST_F(Poisoned, LinesThatWereOverwrittenAreWellOnceThatIsPersisted) {
  ASSERT_TRUE(rig_.persist(*map_, map_->store(64, filled(64, 1))));
  EXPECT_EQ(rig_.after_a_cut("map"), (std::set<Words>{second_line(kOverwritten)}));
}

TEST_F(Poisoned, LinesThatAreOverwrittenAfterTheCallOfAPersistAreNotCovered) {
  Task<PmDurable> persist = map_->persist({64, 64}, {});
  put(*map_, 64, filled(64, 1));
  EXPECT_TRUE(rig_.run(std::move(persist)));
  EXPECT_EQ(rig_.after_a_cut("map").size(), 2U);
}

TEST_F(Poisoned, LinesMayBePoisonedAgain) {
  put(*map_, 64, filled(64, 1));
  rig_.maps.poison("map", 64, 64);
  EXPECT_EQ(rig_.after_a_cut("map"), (std::set<Words>{second_line(kUnreadable)}));
}

TEST_F(Poisoned, LinesStayPoisonedOverAPowerCut) {
  EXPECT_EQ(rig_.after_a_cut("map"), (std::set<Words>{second_line(kUnreadable)}));
}

TEST(Poison, TakesWhatWasStoredBefore) {
  MemoryRig rig;
  const auto map = rig.make("map", kLines);
  put(*map, 64, 1);
  rig.maps.poison("map", 64, 1);
  EXPECT_TRUE(rig.maps.crash_set().units.empty());
  EXPECT_EQ(words_of(*map), second_line(kUnreadable));
}

TEST(Poison, TouchesEveryLineOfItsRangeAndTheShorterLast) {
  MemoryRig rig;
  const auto map = rig.make("map", 72);
  rig.maps.poison("map", 63, 2);
  EXPECT_EQ(words_of(*map), Words(9, kPoisoned));
  put(*map, 64, filled(8, 1));
  EXPECT_EQ(map->load_u64(64).value(), kOnes);
}

TEST(Poison, OfAFolderAtRestIsFoundWhenPowerComesOn) {
  MemoryRig rig;
  (void)rig.make("map", kLines);
  const Hash128 before = rig.folder.image_hash();
  rig.folder.find("map")->poison_lines(64, 64);
  EXPECT_EQ(found_after_power_comes_on(rig.folder).at("map"), second_line(kUnreadable));
  EXPECT_NE(rig.folder.image_hash(), before);
}

}  // namespace
}  // namespace holdfast::simdisk
