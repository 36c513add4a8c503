// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "devices/simdisk/rig.hh"
#include "holdfast/simdisk/combinations.hh"
#include "holdfast/simdisk/memory_maps.hh"

namespace holdfast::simdisk {

using Words = std::vector<uint64_t>;
inline constexpr uint64_t kPoisoned = 0xDEAD;  // in the place of a word that cannot be loaded

// The whole words of a map.
inline Words words_of(const PersistentMemory& map) {
  Words words;
  for (uint64_t offset = 0; offset + 8 <= map.geometry().size; offset += 8) {
    words.push_back(map.load_u64(offset).value_or(kPoisoned));
  }
  return words;
}

// What a program finds in a folder: each map's words.
using Found = std::map<std::string, Words>;

inline Found found_in(MapStore& maps) {
  Found found;
  const std::vector<std::string> names = maps.names().value();
  for (const std::string& name : names) found[name] = words_of(**maps.open(name));
  return found;
}

// What is durable, as the program finds it that runs after a power cut.
inline Found found_after_power_comes_on(MemoryFolder& folder) {
  Dictated choices;
  Scheduler scheduler(choices);
  Digest digest;
  SimulatedMaps maps(MemoryKind::persistent_memory,
                     {folder, scheduler, scheduler.add_executor(), digest, nullptr});
  return found_in(maps);
}

// The maps of a folder in a world where only the test decides.
class MemoryRig {
 public:
  explicit MemoryRig(MemoryKind kind = MemoryKind::persistent_memory, MemoryObserver* observer = nullptr)
      : maps(kind, {folder, scheduler, home, digest, observer}) {}
  MemoryRig(const MemoryRig&) = delete;
  MemoryRig& operator=(const MemoryRig&) = delete;
  ~MemoryRig() { scheduler.power_off(); }

  // A map of zeroes whose name is durable.
  std::unique_ptr<PersistentMemory> make(std::string_view name, uint64_t size) {
    auto map = std::move(maps.create(name, size).value());
    EXPECT_TRUE(sync_directory());
    return map;
  }
  std::unique_ptr<PersistentMemory> open(std::string_view name) { return std::move(maps.open(name).value()); }

  Result<> sync_directory() { return run(maps.sync_directory()); }
  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    scheduler.run_until([&task] { return task.done(); });
    return task.take_result();
  }
  Result<PmDurable> persist(PersistentMemory& map, PmWritten written, Barrier barrier = Barrier::none) {
    return run(map.persist(written, {.step = Step::none, .barrier = barrier}));
  }
  void store_durably(PersistentMemory& map, uint64_t word, uint64_t value) {
    ASSERT_TRUE(persist(map, map.store_u64(word * 8, value)));
  }

  // Has a look at the folder as every power cut at this moment may leave it.
  template <class Look>
  void visit_cuts(Look look) {
    const CrashSet set = maps.crash_set();
    CombinationCursor cursor(set, UINT64_MAX, choices);
    std::span<const uint32_t> selection;
    while (cursor.next(selection)) {
      const MemoryFolder::Mark mark = folder.mark();
      set.apply(selection);
      look();
      folder.rollback(mark);
    }
  }
  std::set<Found> after_a_cut() {
    std::set<Found> found;
    visit_cuts([&] { found.insert(found_after_power_comes_on(folder)); });
    return found;
  }
  // The same of one map, which is there in every case.
  std::set<Words> after_a_cut(const std::string& name) {
    std::set<Words> found;
    visit_cuts([&] { found.insert(found_after_power_comes_on(folder).at(name)); });
    return found;
  }

  MemoryFolder folder;
  Dictated choices;
  Scheduler scheduler{choices};
  Executor& home = scheduler.add_executor();
  Digest digest;
  SimulatedMaps maps;
};

// Stores that the test persists, if at all, by their place.
inline void put(PersistentMemory& map, uint64_t offset, uint64_t value) {
  (void)map.store_u64(offset, value);
}
inline void put(PersistentMemory& map, uint64_t offset, const std::vector<std::byte>& bytes) {
  (void)map.store(offset, bytes);
}

// Words that are zero but for these.
inline Words words(std::size_t count, const std::map<std::size_t, uint64_t>& values = {}) {
  Words words(count);
  for (const auto& [word, value] : values) words[word] = value;
  return words;
}

inline std::vector<std::byte> filled(std::size_t count, uint8_t fill) {
  return std::vector<std::byte>(count, std::byte{fill});
}

}  // namespace holdfast::simdisk
