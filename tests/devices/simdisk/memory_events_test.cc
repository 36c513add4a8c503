// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

class Events final : public MemoryObserver {
 public:
  std::vector<std::string> seen;
  std::vector<EventNumber> numbers;
  std::vector<uint64_t> open_at_submission;  // how many outcomes a power cut had
  const SimulatedMaps* maps = nullptr;

  void stored(EventNumber event, const MapRange& range, std::span<const std::byte>) override {
    add(event, "store", range);
  }
  void persist_submitted(EventNumber event, const MapRange& range, Purpose purpose) override {
    add(event, "persist", range);
    seen.back() += name_of(purpose.barrier);
    open_at_submission.push_back(maps->crash_set().combinations());
  }
  void persist_completed(EventNumber event, const MapRange& range, Purpose, const Result<>& result) override {
    add(event, result ? "durable" : "failed", range);
  }

 private:
  void add(EventNumber event, std::string what, const MapRange& range) {
    numbers.push_back(event);
    seen.push_back(std::move(what) + ' ' + std::string(range.map) + ' ' + std::to_string(range.offset) + '+' +
                   std::to_string(range.length) + ' ');
  }
};

using Seen = std::vector<std::string>;

TEST(MemoryEvents, AreToldInTheirOrderWithRisingNumbers) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    Events events;
    MemoryRig rig(kind, &events);
    events.maps = &rig.maps;
    const auto map = rig.make("map", 128);
    put(*map, 60, filled(8, 1));
    ASSERT_TRUE(rig.persist(*map, {60, 8}, Barrier::B1));
    ASSERT_TRUE(rig.maps.rename("map", "new"));
    rig.maps.fail_persist(1);
    EXPECT_FALSE(rig.persist(*map, map->store_u64(0, 1), Barrier::none));
    EXPECT_EQ(events.seen, (Seen{"store map 60+8 ", "persist map 60+8 B1", "durable map 60+8 ",
                                 "store new 0+8 ", "persist new 0+8 none", "failed new 0+8 "}));
    EXPECT_TRUE(std::ranges::is_sorted(events.numbers, std::ranges::less_equal{}));
  }
}

// No step of the scheduler lies between the stores and what makes them durable, so this is where a search
// sees them undecided.
TEST(MemoryEvents, APersistIsToldBeforeAnythingOfItIsDurable) {
  Events events;
  MemoryRig rig(MemoryKind::persistent_memory, &events);
  events.maps = &rig.maps;
  const auto map = rig.make("map", 128);
  put(*map, 0, 1);
  put(*map, 8, 2);
  ASSERT_TRUE(rig.persist(*map, {0, 16}));
  EXPECT_EQ(events.open_at_submission, (std::vector<uint64_t>{3}));
  EXPECT_EQ(rig.maps.crash_set().combinations(), 1U);
}

TEST(MemoryEvents, MediaNameTheNewestStoreOfEachSector) {
  for (const MemoryKind kind : {MemoryKind::persistent_memory, MemoryKind::mapped_file}) {
    MemoryRig rig(kind);
    const auto map = rig.make("map", 8192);
    const Media& content = rig.folder.find("map")->content();
    put(*map, 512, 1);
    const EventNumber first = rig.scheduler.last_event();
    PmWritten both = map->store_u64(576, 2);
    const EventNumber second = rig.scheduler.last_event();
    both.merge(map->store_u64(1024, 3));
    const EventNumber third = rig.scheduler.last_event();
    std::set<EventNumber> in_the_sector;
    rig.visit_cuts([&] { in_the_sector.insert(content.written_at_byte(512)); });
    EXPECT_EQ(in_the_sector, (std::set<EventNumber>{0, first, second}));
    both.merge({512, 8});
    ASSERT_TRUE(rig.persist(*map, both));
    EXPECT_EQ(content.written_at_byte(512), second);
    EXPECT_EQ(content.written_at_byte(1024), third);
    EXPECT_EQ(content.written_at_byte(0), 0U);
    EXPECT_EQ(content.written_at_byte(1536), 0U);
  }
}

// What a program did, by its digest.
template <class Program>
Hash128 digest_of(Program program) {
  MemoryRig rig(MemoryKind::mapped_file);
  const auto map = rig.make("map", 128);
  program(rig, *map);
  return rig.digest.value();
}

TEST(MemoryEvents, AreInTheDigest) {
  const auto nothing = [](MemoryRig&, PersistentMemory&) {};
  const auto store = [](MemoryRig&, PersistentMemory& map) { put(map, 0, 1); };
  const auto other_value = [](MemoryRig&, PersistentMemory& map) { put(map, 0, 2); };
  const auto elsewhere = [](MemoryRig&, PersistentMemory& map) { put(map, 8, 1); };
  const auto persist = [](MemoryRig& rig, PersistentMemory& map) {
    put(map, 0, 1);
    EXPECT_TRUE(rig.persist(map, {0, 8}));
  };
  const auto purpose = [](MemoryRig& rig, PersistentMemory& map) {
    put(map, 0, 1);
    EXPECT_TRUE(rig.persist(map, {0, 8}, Barrier::B1));
  };
  const auto rename = [](MemoryRig& rig, PersistentMemory&) { EXPECT_TRUE(rig.maps.rename("map", "a")); };
  const auto remove = [](MemoryRig& rig, PersistentMemory&) { EXPECT_TRUE(rig.maps.remove("map")); };
  const auto sync = [](MemoryRig& rig, PersistentMemory&) { EXPECT_TRUE(rig.sync_directory()); };
  EXPECT_EQ(digest_of(persist), digest_of(persist));
  const std::set<Hash128> different = {digest_of(nothing),   digest_of(store),   digest_of(other_value),
                                       digest_of(elsewhere), digest_of(persist), digest_of(purpose),
                                       digest_of(rename),    digest_of(remove),  digest_of(sync)};
  EXPECT_EQ(different.size(), 9U);
}

}  // namespace
}  // namespace holdfast::simdisk
