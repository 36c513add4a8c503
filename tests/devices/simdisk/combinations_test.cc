// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/combinations.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "devices/simdisk/undecided.hh"

namespace holdfast::simdisk {
namespace {

using Selection = std::vector<uint32_t>;
constexpr uint64_t kUnit = 512;  // of set_of()

std::vector<Selection> visit(CombinationCursor& cursor) {
  std::vector<Selection> visited;
  std::span<const uint32_t> selection;
  while (cursor.next(selection)) visited.emplace_back(selection.begin(), selection.end());
  return visited;
}

std::set<Selection> distinct(const std::vector<Selection>& visited) {
  return {visited.begin(), visited.end()};
}

RC_GTEST_PROP(CombinationCursor, VisitsAllCombinationsOnceWhereTheBudgetAllows, ()) {
  const auto candidates =
      *rc::gen::resize(6, rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(2, 5)));
  const CrashSet set = set_of(candidates);
  ReplayedChoices none({});
  CombinationCursor cursor(set, set.combinations(), none);
  RC_ASSERT(cursor.exhaustive());
  const auto visited = visit(cursor);
  RC_ASSERT(visited.size() == set.combinations());
  RC_ASSERT(distinct(visited).size() == visited.size());
  for (const Selection& selection : visited) {
    for (std::size_t i = 0; i < candidates.size(); ++i) RC_ASSERT(selection[i] < candidates[i]);
  }
  RC_ASSERT(!none.diverged());  // nothing was drawn
}

RC_GTEST_PROP(CombinationCursor, VisitsAsManyDifferentOnesAsItsBudgetBeyondIt, (uint64_t seed)) {
  const auto candidates = *rc::gen::resize(
      6, rc::gen::nonEmpty(rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(2, 5))));
  const CrashSet set = set_of(candidates);
  const auto budget = *rc::gen::inRange<uint64_t>(0, std::min<uint64_t>(set.combinations(), 200));
  SeededChoices choices(seed);
  CombinationCursor cursor(set, budget, choices);
  RC_ASSERT(!cursor.exhaustive());
  const auto visited = visit(cursor);
  RC_ASSERT(visited.size() == budget);
  RC_ASSERT(distinct(visited).size() == budget);
  for (const Selection& selection : visited) {
    for (std::size_t i = 0; i < candidates.size(); ++i) RC_ASSERT(selection[i] < candidates[i]);
  }
}

TEST(CombinationCursor, BeginsWithNothingEverythingEachAloneAndEachMissing) {
  const CrashSet set = set_of({2, 3, 4});
  SeededChoices choices(1);
  CombinationCursor cursor(set, 20, choices);
  std::vector<Selection> visited = visit(cursor);
  ASSERT_EQ(visited.size(), 20U);
  visited.resize(8);
  EXPECT_EQ(visited,
            (std::vector<Selection>{
                {0, 0, 0}, {1, 2, 3}, {1, 0, 0}, {0, 2, 0}, {0, 0, 3}, {0, 2, 3}, {1, 0, 3}, {1, 2, 0}}));
}

// With two units "alone" and "missing" are the same; a state that is visited twice is a state less.
TEST(CombinationCursor, NamesNoSelectionTwiceWhereUnitsAreFew) {
  SeededChoices choices(1);
  const CrashSet two = set_of({3, 3});
  CombinationCursor of_two(two, 8, choices);
  EXPECT_EQ(distinct(visit(of_two)).size(), 8U);
  const CrashSet one = set_of({7});
  CombinationCursor of_one(one, 6, choices);
  EXPECT_EQ(distinct(visit(of_one)).size(), 6U);
}

TEST(CombinationCursor, EndsWhenAnIncompleteSetHasNoMoreCombinations) {
  CrashSet set = set_of({3, 2});
  set.complete = false;
  SeededChoices choices(1);
  CombinationCursor cursor(set, 1000, choices);
  EXPECT_FALSE(cursor.exhaustive());
  const auto visited = visit(cursor);
  EXPECT_EQ(visited.size(), 6U);
  EXPECT_EQ(distinct(visited).size(), 6U);
}

TEST(CombinationCursor, DrawsOthersFromOtherSeeds) {
  const CrashSet set = set_of(std::vector<uint32_t>(20, 2));
  const auto drawn = [&set](uint64_t seed) {
    SeededChoices choices(seed);
    CombinationCursor cursor(set, 60, choices);
    return visit(cursor);
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

// Takes pages whose first byte is odd for the same.
class OddsAreEqual final : public PageReader {
 public:
  bool reads(const Media&, uint64_t page) const override { return page == 0; }
  Hash128 seen_as(uint64_t, std::span<const std::byte, kMediaPage> content) const override {
    return (static_cast<uint8_t>(content[0]) & 1) == 1 ? Hash128{} : hash_bytes(content);
  }
};

RC_GTEST_PROP(CombinationCursor, VisitsOnePageOfEachThatAReaderTellsApartAndOfEachAge, ()) {
  const auto candidates = *rc::gen::container<std::vector<uint32_t>>(*rc::gen::inRange<std::size_t>(2, 6),
                                                                     rc::gen::inRange<uint32_t>(2, 5));
  Media media(2 * kMediaPage);
  const CrashSet set = set_of(candidates, media);
  const OddsAreEqual reader;
  ReplayedChoices none({});
  const auto seen = [&](const Selection& selection) {
    const Media::Mark mark = media.mark();
    set.apply(selection);
    std::array<std::byte, kMediaPage> content;
    media.read(0, content);
    EventNumber newest = media.written_at(0);
    media.rollback(mark);
    return std::pair(reader.seen_as(0, content), newest);
  };
  CombinationCursor all(set, UINT64_MAX, none);
  std::set<std::pair<Hash128, EventNumber>> expected;
  for (const Selection& selection : visit(all)) expected.insert(seen(selection));

  CombinationCursor different(set, UINT64_MAX, none, &reader);
  const std::vector<Selection> visited = visit(different);
  RC_ASSERT(different.exhaustive());
  RC_ASSERT(visited.front() == Selection(candidates.size()));
  std::set<std::pair<Hash128, EventNumber>> found;
  for (const Selection& selection : visited) found.insert(seen(selection));
  RC_ASSERT(found == expected);
  RC_ASSERT(visited.size() == expected.size());
}

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
  for (const Selection& selection : visit(cursor)) {
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

}  // namespace
}  // namespace holdfast::simdisk
