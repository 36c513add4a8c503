// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/nvme/mapped_memory.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "devices/nvme/scratch.hh"

namespace holdfast::nvme {
namespace {

constexpr uint64_t kSize = 65536;

class MappedMemory : public testing::Test {
 protected:
  const Scratch scratch_;
  const std::unique_ptr<Loop> loop_ = Loop::open().value();
  const std::unique_ptr<MapFolder> maps_ = MapFolder::open(scratch_.path(""), *loop_).value();
};

bool is_persistent() { return std::getenv("PMEM_IS_PMEM_FORCE") != nullptr; }

TEST_F(MappedMemory, GeometryTellsPersistentMemoryFromPageCache) {
  const auto map = maps_->create("map", kSize).value();
  EXPECT_EQ(map->geometry().persist_unit, is_persistent() ? 64u : 4096u);
  EXPECT_EQ(map->geometry().line_size, is_persistent() ? 64u : 512u);
}

TEST_F(MappedMemory, PersistIsReadyAtOnceOnPersistentMemoryAlone) {
  const auto map = maps_->create("map", kSize).value();
  Task<PmDurable> task = map->persist(map->store_u64(8, 1), {});
  task.start();
  EXPECT_EQ(task.done(), is_persistent());
  loop_->run_until([&] { return task.done(); });
  EXPECT_TRUE(task.take_result());
}

TEST_F(MappedMemory, ANewMapIsAllocated) {
  const auto map = maps_->create("map", kSize).value();
  struct stat status{};
  ASSERT_EQ(::stat(scratch_.path("map").c_str(), &status), 0);
  EXPECT_GE(static_cast<uint64_t>(status.st_blocks) * 512, kSize);
}

TEST_F(MappedMemory, ASparseMapIsAllocatedWhenItIsOpened) {
  std::ofstream(scratch_.path("map")).put('\x5a');
  std::filesystem::resize_file(scratch_.path("map"), kSize);
  const auto map = maps_->open("map").value();
  struct stat status{};
  ASSERT_EQ(::stat(scratch_.path("map").c_str(), &status), 0);
  EXPECT_GE(static_cast<uint64_t>(status.st_blocks) * 512, kSize);
  EXPECT_EQ(map->load_u64(0).value(), 0x5au);
}

TEST_F(MappedMemory, ACreationThatWasCutShortIsCorrupt) {
  std::ofstream(scratch_.path("map")).flush();
  EXPECT_EQ(maps_->open("map").error().code, Errc::corrupt);
}

TEST_F(MappedMemory, WhatIsNotAFileIsRefused) {
  std::filesystem::create_directory(scratch_.path("folder"));
  ASSERT_EQ(::mkfifo(scratch_.path("fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", scratch_.path("link"));
  for (const char* name : {"folder", "fifo", "link"}) EXPECT_FALSE(maps_->open(name)) << name;
}

TEST_F(MappedMemory, StoresReachTheFile) {
  auto map = maps_->create("map", kSize).value();
  ASSERT_TRUE(loop_->run(map->persist(map->store_u64(8, 0x2a), {})));
  map.reset();
  std::ifstream file(scratch_.path("map"));
  file.seekg(8);
  EXPECT_EQ(file.get(), 0x2a);
}

// Dropping what waits for the disk is a power cut to the engine: the
// kernel's answer must find nobody, and no freed frame.
TEST_F(MappedMemory, AnAbandonedPersistHarmsNobody) {
  auto map = maps_->create("map", kSize).value();
  for (int turns = 0; turns < 3; ++turns) {
    Task<PmDurable> task = map->persist(map->store_u64(8, 1), {});
    task.start();
    for (int turn = 0; turn < turns; ++turn) loop_->run_once(Loop::Wait::no);
  }
  Task<> directory = maps_->sync_directory();
  directory.start();
  map.reset();
  loop_->run_until([&] { return directory.done(); });
  EXPECT_TRUE(directory.take_result());
}

// Maps that no volume names are found by listing the folder: it must show files, and nothing else.
TEST_F(MappedMemory, NamesAreThoseOfFilesInAscendingOrder) {
  EXPECT_EQ(maps_->names().value(), std::vector<std::string>());
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(maps_->create(name, kSize)) << name;
  std::filesystem::create_directory(scratch_.path("folder"));
  std::ofstream(scratch_.path("folder/inner")).flush();
  ASSERT_EQ(::mkfifo(scratch_.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(maps_->names().value(), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(maps_->rename("c", "A"));
  ASSERT_TRUE(maps_->remove("b"));
  EXPECT_EQ(maps_->names().value(), (std::vector<std::string>{"A", "a"}));
}

TEST_F(MappedMemory, NamesOfACreationThatWasCutShortAreListed) {
  std::ofstream(scratch_.path("map")).flush();
  EXPECT_EQ(maps_->names().value(), std::vector<std::string>{"map"});
}

TEST_F(MappedMemory, NamesOfAFolderThatIsGoneAreAnError) {
  std::filesystem::remove_all(scratch_.path(""));
  EXPECT_EQ(maps_->names().error().code, Errc::not_found);
}

TEST(MapFolder, AMissingFolderIsNotFound) {
  const auto loop = Loop::open().value();
  EXPECT_EQ(MapFolder::open("/no/such/folder", *loop).error().code, Errc::not_found);
}

}  // namespace
}  // namespace holdfast::nvme
