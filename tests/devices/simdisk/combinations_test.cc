// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/combinations.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "devices/simdisk/undecided.hh"

namespace holdfast::simdisk {
namespace {

using Selection = std::vector<uint32_t>;

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

RC_GTEST_PROP(CombinationCursor, VisitsAllInWhichNoMoreUnitsArriveThanItsBound, (uint64_t seed)) {
  const auto candidates = *rc::gen::container<std::vector<uint32_t>>(*rc::gen::inRange<std::size_t>(3, 8),
                                                                     rc::gen::inRange<uint32_t>(2, 4));
  const CrashSet set = set_of(candidates);
  SeededChoices choices(seed);
  CombinationCursor some(set, *rc::gen::inRange<uint64_t>(1, set.combinations()), choices);
  const auto visited = distinct(visit(some));
  CombinationCursor all(set, UINT64_MAX, choices);
  for (const Selection& selection : visit(all)) {
    const auto arrived = selection.size() - static_cast<std::size_t>(std::ranges::count(selection, 0U));
    if (arrived <= some.bound()) RC_ASSERT(visited.contains(selection));
  }
}

TEST(CombinationCursor, IsBoundByWhatItsBudgetHasRoomFor) {
  const CrashSet set = set_of(std::vector<uint32_t>(12, 2));
  SeededChoices choices(1);
  const auto bound_with = [&](uint64_t budget) {
    CombinationCursor cursor(set, budget, choices);
    visit(cursor);
    return cursor.bound();
  };
  EXPECT_EQ(bound_with(30), 0U) << "26 are named, and 12 do not fit behind them";
  EXPECT_EQ(bound_with(100), 2U);
  EXPECT_EQ(bound_with(400), 3U);
}

TEST(CombinationCursor, IsBoundByNothingWhereUnitsHaveMoreCandidatesThanAreListed) {
  CrashSet set = set_of(std::vector<uint32_t>(12, 2));
  set.complete = false;
  SeededChoices choices(1);
  CombinationCursor cursor(set, 400, choices);
  visit(cursor);
  EXPECT_EQ(cursor.bound(), 0U);
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

}  // namespace
}  // namespace holdfast::simdisk
