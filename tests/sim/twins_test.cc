// SPDX-License-Identifier: BSD-3-Clause
// An oracle that finds nothing proves nothing, unless it finds what is there. So each has twins.
#include "sim/twins.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "invariants/invariants.hh"
#include "invariants/names.hh"
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

std::vector<TwinPair> pairs_of(std::string_view invariant) {
  std::vector<TwinPair> pairs;
  for (const auto& family : {twins_by_barriers(), twins_by_faults(), twins_by_hand(), twins_by_programs()}) {
    std::ranges::copy_if(family, std::back_inserter(pairs),
                         [invariant](const TwinPair& pair) { return pair.invariant == invariant; });
  }
  return pairs;
}

TEST(Invariants, all_have_twins) {
  for (const std::string_view name : invariant_names()) EXPECT_EQ(pairs_of(name).size(), 1U) << name;
}

TEST(Invariants, have_names_of_their_own) {
  std::vector<std::string_view> names = invariant_names();
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Invariants, that_can_be_expected_are_those_of_the_checkers_and_of_faults) {
  std::set<std::string_view> checked(std::begin(kFaultContracts), std::end(kFaultContracts));
  for (const auto& checker : checkers_of_stores()) checked.insert(checker.name);
  for (const auto& checker : checkers_of_volumes()) checked.insert(checker.name);
  const std::vector<std::string_view> names = expectable_invariant_names();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()), checked);
}

class Twins : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    const std::vector<TwinPair> pairs = pairs_of(GetParam());
    ASSERT_FALSE(pairs.empty()) << "add a good and a bad twin to one of the files twins_by_*.cc";
    twins_ = pairs.front();
  }

  TwinPair twins_;
};

TEST_P(Twins, TheGoodOneHolds) { EXPECT_EQ(twins_.good(), Findings{}); }

TEST_P(Twins, TheBadOneIsFound) { EXPECT_EQ(twins_.bad(), Findings{std::string(GetParam())}); }

constexpr auto name_of_invariant = [](const auto& info) { return std::string(info.param); };
INSTANTIATE_TEST_SUITE_P(Invariants, Twins, testing::ValuesIn(invariant_names()), name_of_invariant);

}  // namespace
}  // namespace holdfast::sim
