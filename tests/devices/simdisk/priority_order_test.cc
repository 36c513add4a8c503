// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/priority_order.hh"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::simdisk {
namespace {

// Runs threads, each of which does so many things, and says who did what came next.
std::string run(PriorityOrder& order, std::vector<std::size_t> things) {
  std::string ran;
  while (true) {
    std::vector<Option> options;
    for (std::size_t thread = 0; thread < things.size(); ++thread) {
      if (things[thread] > 0) options.push_back({thread, thread});
    }
    if (options.empty()) return ran;
    const std::size_t thread = options[order.next(options).value()].executor;
    --things[thread];
    ran += static_cast<char>('a' + thread);
  }
}

std::size_t switches(const std::string& ran) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < ran.size(); ++i) count += ran[i] != ran[i - 1] ? 1U : 0U;
  return count;
}

TEST(PriorityOrder, LetsWhoIsFirstGoOnAsLongAsItCan) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    PriorityOrder order(seed, 12, 0);
    orders.insert(run(order, {4, 4, 4}));
  }
  EXPECT_EQ(orders, (std::set<std::string>{"aaaabbbbcccc", "aaaaccccbbbb", "bbbbaaaacccc", "bbbbccccaaaa",
                                           "ccccaaaabbbb", "ccccbbbbaaaa"}));
}

TEST(PriorityOrder, SwitchesOnceMoreForEachFall) {
  std::map<std::size_t, int> counts;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    PriorityOrder order(seed, 8, 1);
    ++counts[switches(run(order, {4, 4}))];
  }
  EXPECT_EQ(counts.size(), 2U) << "at the place where one ends, or once more before";
  EXPECT_GT(counts[1], 0);
  EXPECT_GT(counts[2], 0);
}

TEST(PriorityOrder, IsTheSameForTheSameSeed) {
  PriorityOrder one(7, 12, 2);
  PriorityOrder same(7, 12, 2);
  EXPECT_EQ(run(one, {4, 4, 4}), run(same, {4, 4, 4}));
}

}  // namespace
}  // namespace holdfast::simdisk
