// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/lazy_cursor.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "devices/simdisk/undecided.hh"
#include "holdfast/simdisk/combinations.hh"

namespace holdfast::simdisk {
namespace {

constexpr uint64_t kUnit = 512;  // of set_of()

// A program that looks at units of `media` and ends with what it made of them.
using Program = std::function<uint64_t(const Media&)>;

uint64_t look(const Media& media, uint64_t unit) {
  std::byte byte;
  media.read(unit * kUnit, {&byte, 1});
  return static_cast<uint64_t>(byte);
}

std::vector<uint64_t> run_lazily(const CrashSet& set, Media& media, const Program& program) {
  std::vector<uint64_t> results;
  LazyCursor cursor(set);
  std::span<const uint32_t> selection;
  while (cursor.next(selection)) {
    const Media::Mark mark = media.mark();
    set.apply(selection);
    results.push_back(program(media));
    media.rollback(mark);
  }
  return results;
}

std::set<uint64_t> run_on_all(const CrashSet& set, Media& media, const Program& program) {
  std::set<uint64_t> results;
  ReplayedChoices none({});
  CombinationCursor cursor(set, UINT64_MAX, none);
  std::span<const uint32_t> selection;
  while (cursor.next(selection)) {
    const Media::Mark mark = media.mark();
    set.apply(selection);
    results.insert(program(media));
    media.rollback(mark);
  }
  return results;
}

TEST(LazyCursor, VisitsOnceWhatNobodyLooksAt) {
  Media media(kMediaPage);
  const CrashSet set = set_of({2, 3, 4}, media);
  EXPECT_EQ(run_lazily(set, media, [](const Media&) { return 7; }), (std::vector<uint64_t>{7}));
}

TEST(LazyCursor, DecidesAUnitWhereTheProgramComesToLookAtIt) {
  Media media(kMediaPage);
  const CrashSet set = set_of({2, 3, 4}, media);
  const Program program = [](const Media& disk) {
    const uint64_t first = look(disk, 0);
    return first == 0 ? 100 : 200 + look(disk, 1);
  };
  EXPECT_EQ(run_lazily(set, media, program), (std::vector<uint64_t>{100, 200, 201, 202}));
}

TEST(LazyCursor, TakesALookAtTheAgeForALook) {
  Media media(kMediaPage);
  const CrashSet set = set_of({2}, media);
  EXPECT_EQ(run_lazily(set, media, [](const Media& disk) { return disk.written_at_byte(0); }).size(), 2U);
  EXPECT_EQ(run_lazily(set, media, [](const Media& disk) { return disk.written_at(0); }).size(), 2U);
  EXPECT_EQ(run_lazily(set, media, [](const Media& disk) { return disk.page_hash(0).low; }).size(), 2U);
}

RC_GTEST_PROP(LazyCursor, FindsWhatEveryCombinationFinds, (uint64_t seed)) {
  const auto candidates = *rc::gen::container<std::vector<uint32_t>>(*rc::gen::inRange<std::size_t>(1, 6),
                                                                     rc::gen::inRange<uint32_t>(2, 5));
  Media media(kMediaPage);
  const CrashSet set = set_of(candidates, media);
  // Where it looks next depends on what it has seen.
  const Program program = [seed, &candidates](const Media& disk) {
    uint64_t seen = seed;
    for (uint64_t step = 0; step < 8; ++step) {
      const uint64_t unit = (seen >> 7) % candidates.size();
      seen = (seen ^ look(disk, unit)) * 6364136223846793005U + step;
      if ((seen >> 40) % 4 == 0) break;
    }
    return seen;
  };
  const std::vector<uint64_t> lazily = run_lazily(set, media, program);
  const std::set<uint64_t> expected = run_on_all(set, media, program);
  RC_ASSERT(std::set<uint64_t>(lazily.begin(), lazily.end()) == expected);
  RC_ASSERT(lazily.size() <= set.combinations());
}

// What a state holds is looked at by whoever searches the states behind it.
TEST(LazyCursor, CountsWhatAnInnerSearchLooksAt) {
  Media media(kMediaPage);
  const CrashSet outer = set_of({2, 2}, media);
  CrashSet inner = set_of({2}, media);
  inner.units.front().byte = 2 * kUnit;
  const Program behind = [](const Media& disk) { return look(disk, 2) == 0 ? 0 : look(disk, 1); };
  const Program program = [&](const Media&) {
    uint64_t sum = 0;
    for (const uint64_t result : run_lazily(inner, media, behind)) sum += 1 + result;
    return sum;
  };
  EXPECT_EQ(run_lazily(outer, media, program), (std::vector<uint64_t>{2, 3}));
}

// Takes pages whose first byte is odd for the same.
class OddsAreEqual final : public PageReader {
 public:
  bool reads(const Media&, uint64_t page) const override { return page == 0; }
  Hash128 seen_as(uint64_t, std::span<const std::byte, kMediaPage> content) const override {
    return (static_cast<uint8_t>(content[0]) & 1) == 1 ? Hash128{} : hash_bytes(content);
  }
};

RC_GTEST_PROP(LazyCursor, VisitsOnePageOfEachThatAReaderTellsApartAndOfEachAge, ()) {
  const auto candidates = *rc::gen::container<std::vector<uint32_t>>(*rc::gen::inRange<std::size_t>(2, 6),
                                                                     rc::gen::inRange<uint32_t>(2, 5));
  Media media(2 * kMediaPage);
  const CrashSet set = set_of(candidates, media);
  const OddsAreEqual reader;
  using Seen = std::pair<Hash128, EventNumber>;
  std::set<Seen> expected;
  std::set<Seen> found;
  const auto look_into = [&](std::set<Seen>& all, std::span<const uint32_t> selection) {
    const Media::Mark mark = media.mark();
    set.apply(selection);
    std::array<std::byte, kMediaPage> content;
    media.read(0, content);
    all.emplace(reader.seen_as(0, content), media.written_at(0));
    media.rollback(mark);
  };
  ReplayedChoices none({});
  CombinationCursor all(set, UINT64_MAX, none);
  std::span<const uint32_t> selection;
  while (all.next(selection)) look_into(expected, selection);

  LazyCursor different(set, &reader);
  std::size_t visited = 0;
  for (; different.next(selection); ++visited) {
    if (visited == 0) RC_ASSERT(std::ranges::count(selection, 0U) == std::ssize(candidates));
    look_into(found, selection);
  }
  RC_ASSERT(found == expected);
  RC_ASSERT(visited == expected.size());
}

}  // namespace
}  // namespace holdfast::simdisk
