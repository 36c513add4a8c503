// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "holdfast/sim/explain.hh"
#include "holdfast/sim/runner.hh"
#include "holdfast/sim/shrink.hh"
#include "holdfast/sim/verify.hh"
#include "sim/case_by_number.hh"
#include "sim/failures.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

constexpr std::string_view kBlobs = R"("setup": [{"store.format": {}}, {"store.open": {}},
    {"blob.create": {"name": "a", "clusters": 1}}, {"blob.create": {"name": "b", "clusters": 1}}],)";
constexpr std::string_view kOnce = R"("crash": {"nested": 0},)";
constexpr std::string_view kThree =
    R"({"parallel": [{"blob.create": {"name": "c"}}, {"blob.delete": {"blob": "b"}},
    {"io.write": {"blob": "a", "length": "4KiB"}}], "orders": "every"})";
constexpr std::string_view kOnChannels = R"({"parallel": [
    {"io.write": {"blob": "a", "length": "4KiB", "channel": 1}},
    {"io.write": {"blob": "a", "offset": "4KiB", "length": "4KiB", "channel": 2}}], "orders": "every"})";

std::string race(std::string_view steps, std::string_view members = kOnce) {
  return scenario_text(std::string(kSmall) + std::string(members) + std::string(kBlobs), steps);
}

TEST(Races, play_a_case_in_the_one_order_of_the_seed_unless_every_one_is_asked_for) {
  std::string one(kThree);
  one.replace(one.find("every"), 5, "one");
  const ScenarioResult result = run_case(parse_well(race(one)), 0, {});
  EXPECT_EQ(result.orders, 1U);
  EXPECT_TRUE(result.every_order);
}

TEST(Races, play_every_order_and_reach_states_that_one_order_does_not) {
  std::string one(kThree);
  one.replace(one.find("every"), 5, "one");
  const ScenarioResult some = run_case(parse_well(race(one)), 0, {});
  const ScenarioResult all = run_case(parse_well(race(kThree)), 0, {});
  EXPECT_EQ(all.verdict, Verdict::pass) << all.note;
  EXPECT_TRUE(all.every_order);
  EXPECT_GT(all.orders, 10U);
  EXPECT_GT(all.crash_points, some.crash_points);
  EXPECT_EQ(all.crash_points_exact, all.crash_points);
}

TEST(Races, are_the_same_for_every_seed) {
  const Scenario scenario = parse_well(race(kThree));
  const ScenarioResult one = run_case(scenario, 0, {.seed = 1});
  const ScenarioResult other = run_case(scenario, 0, {.seed = 2});
  EXPECT_EQ(one.orders, other.orders);
  EXPECT_EQ(one.outcomes, other.outcomes);
}

TEST(Races, leave_out_orders_of_independent_things_and_find_the_same) {
  const Scenario scenario = parse_well(race(kOnChannels, R"("crash": {"nested": 0, "orders": 10000},)"));
  const ScenarioResult pruned = run_case(scenario, 0, {.search = Search::lazy});
  const ScenarioResult whole = run_case(scenario, 0, {.search = Search::plain});
  EXPECT_TRUE(pruned.every_order);
  EXPECT_TRUE(whole.every_order);
  EXPECT_LT(pruned.orders, whole.orders);
  EXPECT_EQ(pruned.outcomes, whole.outcomes);
}

TEST(Races, draw_orders_where_there_are_more_than_the_budget_and_say_so) {
  const Scenario scenario = parse_well(race(kThree, R"("crash": {"nested": 0, "orders": 5},)"));
  const ScenarioResult result = run_case(scenario, 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_EQ(result.orders, 10U) << "as many drawn as in turn";
  EXPECT_FALSE(result.every_order);
  EXPECT_NE(run_case(scenario, 0, {.seed = 1}).digest, result.digest);
}

TEST(Races, in_turn_exactly_as_many_as_the_budget_are_every_one) {
  const uint64_t all = run_case(parse_well(race(kThree)), 0, {}).orders;
  const std::string budget = R"("crash": {"nested": 0, "orders": )" + std::to_string(all) + "},";
  const ScenarioResult result = run_case(parse_well(race(kThree, budget)), 0, {});
  EXPECT_EQ(result.orders, all);
  EXPECT_TRUE(result.every_order);
}

TEST(Races, after_a_cut_are_played_in_one_order) {
  const std::string members = R"("crash": {"nested": 1},
    "after": [{"parallel": [{"blob.create": {"name": "x"}}, {"blob.create": {"name": "y"}}],
               "orders": "every"}],)";
  const ScenarioResult result = run_case(parse_well(race(R"({"blob.sync": {"blob": "a"}})", members)), 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.note;
  EXPECT_EQ(result.orders, 1U);
}

constexpr std::string_view kLosesInARace = R"({
  "scenario": "loses-in-a-race",
  "purpose": "A flush that does not hold, beside a write that has nothing to do with it.",
  "device": {"size": "1MiB", "fua": false},
  "store": {"cluster_size": "16KiB", "metadata_pages": 8},
  "crash": {"nested": 0},
  "setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a", "clusters": 1}}],
  "steps": [{"parallel": [
    {"io.write": {"blob": "a", "length": "4KiB", "channel": 1}},
    {"io.flush": {"blob": "a"}},
    {"blob.create": {"name": "b"}}], "orders": "every"},
    {"io.flush": {"blob": "a"}}],
  "disks": [
    {"name": "honest", "expect": "pass"},
    {"name": "lossy", "ignores": ["D1"], "expect": {"violations": ["D1"]}}
  ]
})";

TEST(Races, name_in_a_token_the_order_that_led_to_a_state) {
  const Failure failure = first_failure(kLosesInARace, "lossy");
  const Scenario scenario = parse_well(std::string(kLosesInARace));
  const auto report = replay(scenario, failure.token);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->matched) << report->text;
}

TEST(Races, are_shrunk_to_steps_one_after_the_other_where_these_fail_too) {
  const Failure failure = first_failure(kLosesInARace, "lossy");
  const auto shrunk = shrink(kLosesInARace, "x.json", failure.token);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error();
  EXPECT_EQ(shrunk->scenario.find("parallel"), std::string::npos) << shrunk->scenario;
  EXPECT_EQ(shrunk->violation.invariant, "D1");
}

TEST(Races, are_explained_in_the_order_in_which_they_failed) {
  const Failure failure = first_failure(kLosesInARace, "lossy");
  const auto explanation = explain(kLosesInARace, "x.json", failure.token);
  ASSERT_TRUE(explanation.has_value()) << explanation.error();
  EXPECT_EQ(explanation->invariant, "D1");
  ASSERT_TRUE(explanation->missing.has_value()) << explanation->text;
}

TEST(Races, reach_their_states_again_in_any_process) {
  const Scenario scenario = parse_well(race(kThree));
  const Case which = cases_of(scenario).front();
  const StateDigests explored = explore_states(which, 0, 50);
  EXPECT_EQ(explored.size(), 50U);
  EXPECT_EQ(visit_states(which, explored), explored);
}

}  // namespace
}  // namespace holdfast::sim
