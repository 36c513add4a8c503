// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

constexpr DeviceGeometry kOneBlock{.block_count = 1};

// A disk and persistent memory in one machine.
class Machine : public testing::TestWithParam<MemoryKind> {
 protected:
  CrashSet crash_set() const {
    CrashSet set = rig_.disk.crash_set();
    set.append(maps_.crash_set());
    return set;
  }

  // What a power cut leaves: what fills the block, and the map's one word.
  using State = std::pair<int, uint64_t>;
  std::set<State> after_a_cut() {
    std::set<State> states;
    const CrashSet set = crash_set();
    CombinationCursor cursor(set, UINT64_MAX, rig_.choices);
    std::span<const uint32_t> selection;
    while (cursor.next(selection)) {
      const Media::Mark disk_mark = rig_.media.mark();
      const MemoryFolder::Mark memory_mark = folder_.mark();
      set.apply(selection);
      states.emplace(image_of(rig_.media, kOneBlock).front(),
                     found_after_power_comes_on(folder_).at("map")[0]);
      folder_.rollback(memory_mark);
      rig_.media.rollback(disk_mark);
    }
    return states;
  }

  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    rig_.scheduler.run_until([&task] { return task.done(); });
    return task.take_result();
  }

  Rig rig_{kOneBlock};
  MemoryFolder folder_;
  SimulatedMaps maps_{GetParam(), {folder_, rig_.scheduler, rig_.home, rig_.digest, nullptr}};
  std::unique_ptr<PersistentMemory> map_ = [this] {
    auto map = std::move(maps_.create("map", 8).value());
    EXPECT_TRUE(run(maps_.sync_directory()));
    return map;
  }();
};

TEST_P(Machine, LosesEachOfItsMediaForItself) {
  rig_.write(0, 1);
  put(*map_, 0, 2);
  EXPECT_EQ(after_a_cut(), (std::set<State>{{0, 0}, {1, 0}, {0, 2}, {1, 2}}));
}

TEST_P(Machine, KeepsTheOrderThatFlushAndPersistMake) {
  rig_.write(0, 1);
  rig_.flush();
  put(*map_, 0, 2);
  EXPECT_EQ(after_a_cut(), (std::set<State>{{1, 0}, {1, 2}}));
  EXPECT_TRUE(run(map_->persist({0, 8}, {})));
  rig_.write(0, 3);
  EXPECT_EQ(after_a_cut(), (std::set<State>{{1, 2}, {3, 2}}));
}

// The mistake that only a joint cut shows: the map names data that is not there yet.
TEST_P(Machine, ShowsAMapThatOutrunsItsData) {
  rig_.write(0, 1);
  EXPECT_TRUE(run(map_->persist(map_->store_u64(0, 2), {})));
  EXPECT_TRUE(after_a_cut().contains({0, 2}));
}

TEST_P(Machine, IsUsedByOneProgramThatDiesAsAWhole) {
  rig_.submit_write(0, 1);
  rig_.submit_flush();
  put(*map_, 0, 2);
  Task<> sync = maps_.sync_directory();
  sync.start();
  rig_.scheduler.program_dies();
  EXPECT_FALSE(rig_.scheduler.step());
  EXPECT_EQ(map_->load_u64(0).value(), 2U);
  EXPECT_EQ(after_a_cut(), (std::set<State>{{0, 0}, {1, 0}, {0, 2}, {1, 2}}));
}

INSTANTIATE_TEST_SUITE_P(Memory, Machine,
                         testing::Values(MemoryKind::persistent_memory, MemoryKind::mapped_file),
                         [](const testing::TestParamInfo<MemoryKind>& kind) {
                           return kind.param == MemoryKind::mapped_file ? "MappedFile" : "PersistentMemory";
                         });

}  // namespace
}  // namespace holdfast::simdisk
