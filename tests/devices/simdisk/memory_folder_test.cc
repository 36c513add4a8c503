// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/memory_folder.hh"

#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

// A file of this name that holds one byte many times.
void add(MemoryFolder& folder, const std::string& name, uint8_t fill, uint64_t size = 5000) {
  folder.restore(name, filled(size, fill));
}

TEST(MemoryFolder, KeepsItsDirectory) {
  MemoryFolder folder;
  EXPECT_EQ(folder.directory(), Directory{});
  const Directory names = {{"one", 0}, {"two", 300}, {std::string(255, 'x'), 7}};
  folder.set_directory(names, 1);
  EXPECT_EQ(folder.directory(), names);
}

TEST(MemoryFolder, HasEqualMediaForEqualDirectories) {
  MemoryFolder folder;
  folder.set_directory({{"a", 0}}, 1);
  const Hash128 before = folder.directory_media().image_hash();
  folder.set_directory({{"a", 0}, {"b", 1}}, 2);
  folder.set_directory({{"a", 0}}, 3);
  EXPECT_EQ(folder.directory_media().image_hash(), before);
}

TEST(MemoryFolder, RollsBackContentsNamesPoisonAndFiles) {
  MemoryFolder folder;
  add(folder, "a", 1);
  const Hash128 before = folder.image_hash();
  const MemoryFolder::Mark mark = folder.mark();
  folder.find("a")->content().write(100, filled(10, 9), 5);
  add(folder, "b", 2);
  const MemoryFolder::Mark inner = folder.mark();
  folder.find("b")->poison_lines(0, 1);
  folder.lose("a");
  EXPECT_EQ(folder.find("a"), nullptr);
  folder.rollback(inner);
  EXPECT_FALSE(folder.find("b")->has_poison());
  EXPECT_EQ(folder.read("a")[100], std::byte{9});
  folder.rollback(mark);
  EXPECT_EQ(folder.find("b"), nullptr);
  EXPECT_EQ(folder.read("a"), filled(5000, 1));
  EXPECT_EQ(folder.image_hash(), before);
  add(folder, "c", 3);
  EXPECT_EQ(folder.directory().at("c"), 1U);  // the number of "b" is free again
}

TEST(MemoryFolder, HashesToWhatAProgramFinds) {
  MemoryFolder folder;
  MemoryFolder same;
  std::set<Hash128> hashes = {folder.image_hash()};
  const auto is_new = [&] { return hashes.insert(folder.image_hash()).second; };
  add(folder, "a", 1);
  EXPECT_TRUE(is_new());
  add(same, "a", 1);
  EXPECT_EQ(folder.image_hash(), same.image_hash());
  folder.find("a")->content().write(4999, filled(1, 2), 1);
  EXPECT_TRUE(is_new());
  folder.find("a")->poison_lines(0, 1);
  EXPECT_TRUE(is_new());
  folder.set_directory({{"b", 0}}, 1);
  EXPECT_TRUE(is_new());
  folder.lose("b");
  folder.add_file(64);  // nobody finds it
  EXPECT_FALSE(is_new());
}

TEST(MemoryFolder, TellsTwoFilesOfOneContentApartByTheirSizes) {
  MemoryFolder longer;
  MemoryFolder shorter;
  add(longer, "a", 0, 200);
  add(shorter, "a", 0, 100);
  EXPECT_NE(longer.image_hash(), shorter.image_hash());
}

// What is undecided belongs to a file, so a name that leads to another file of the same content is not the
// same.
TEST(MemoryFolder, TellsFilesOfOneContentApart) {
  MemoryFolder folder;
  for (const char* name : {"a", "b"}) add(folder, name, 1);
  const Hash128 before = folder.image_hash();
  folder.set_directory({{"a", 1}, {"b", 0}}, 1);
  EXPECT_NE(folder.image_hash(), before);
}

TEST(MemoryFolder, GivesAFileAnOlderContentBack) {
  MemoryFolder folder;
  add(folder, "a", 1);
  const std::vector<std::byte> old = folder.read("a");
  folder.find("a")->content().write(0, filled(5000, 2), 1);
  folder.find("a")->poison_lines(0, 64);
  folder.restore("a", old);
  EXPECT_EQ(folder.read("a"), filled(5000, 1));
  EXPECT_FALSE(folder.find("a")->has_poison());
}

// Or their undecided units would be taken for each other's.
TEST(MemoryFolder, NumbersItsMediaFromTheOneItIsGiven) {
  MemoryFolder folder(10);
  std::set<uint64_t> numbers = {folder.directory_media().number()};
  for (const FileNumber number : {folder.add_file(64), folder.add_file(64)}) {
    numbers.insert(folder.file(number).content().number());
    numbers.insert(folder.file(number).poison().number());
  }
  EXPECT_EQ(numbers, (std::set<uint64_t>{10, 11, 12, 13, 14}));
}

}  // namespace
}  // namespace holdfast::simdisk
