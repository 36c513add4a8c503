// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/shrink.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "holdfast/sim/runner.hh"
#include "sim/case_by_number.hh"
#include "sim/failures.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

using Json = nlohmann::json;

// A lost flush that matters to one blob, among much that has nothing to do with it.
constexpr std::string_view kBuried = R"({
  "scenario": "buried",
  "purpose": "A failure among noise.",
  "device": {"size": "2MiB", "fua": true},
  "store": {"cluster_size": "16KiB", "metadata_pages": 16},
  "crash": {"states_per_point": 64},
  "setup": [
    {"store.format": {}},
    {"store.open": {}},
    {"blob.create": {"name": "noise", "clusters": 4, "xattrs": {"k": "v"}}},
    {"blob.create": {"name": "a", "clusters": 3}}
  ],
  "steps": [
    {"parallel": [
      {"io.write": {"blob": "noise", "length": "32KiB"}},
      {"io.write": {"blob": "a", "offset": "8KiB", "length": "24KiB"}},
      {"blob.create": {"name": "more", "clusters": 1, "thin": true}}
    ]},
    {"io.read": {"blob": "noise", "length": "8KiB"}},
    {"blob.set_xattr": {"blob": "noise", "name": "k", "value": "w"}},
    {"io.flush": {"blob": "a"}},
    {"blob.sync": {"blob": "noise"}},
    {"blob.delete": {"blob": "more"}}
  ],
  "disks": [
    {"name": "honest", "expect": "pass"},
    {"name": "lossy", "ignores": ["D1"], "expect": {"violations": ["D1"]}},
    {"name": "other", "ignores": ["B2"], "expect": {"violations": ["B2"]}}
  ]
})";

TEST(Shrink, leaves_of_a_failure_among_noise_what_it_needs) {
  const Failure failure = first_failure(kBuried, "lossy");
  const auto shrunk = shrink(kBuried, "buried.json", failure.token);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error();
  EXPECT_GE(shrunk->before.steps, 12U);
  EXPECT_LE(shrunk->after.steps, 5U) << shrunk->scenario;
  EXPECT_EQ(shrunk->after.cuts, 1U);
  EXPECT_EQ(shrunk->after.pieces, 1U);
  EXPECT_EQ(shrunk->violation.invariant, "D1");
  EXPECT_FALSE(shrunk->at_budget);
  EXPECT_EQ(parse_well(shrunk->scenario).setup.size(), 3U) << "one blob is enough\n" << shrunk->scenario;
}

TEST(Shrink, gives_a_scenario_that_fails_by_itself_and_its_token) {
  const auto shrunk = shrink(kBuried, "buried.json", first_failure(kBuried, "lossy").token);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error();
  const Scenario small = parse_well(shrunk->scenario);
  EXPECT_EQ(small.name, "buried-shrunk");
  EXPECT_EQ(names_of_cases(small),
            (std::vector<std::string>{"buried-shrunk[honest,fua]", "buried-shrunk[lossy,fua]"}));
  EXPECT_EQ(run_case(small, 0, {}).verdict, Verdict::pass);
  EXPECT_EQ(run_case(small, 1, {}).verdict, Verdict::expected_fail);
  EXPECT_EQ(shrunk->verdict, Verdict::expected_fail);
  const auto again = replay(small, shrunk->violation.token);
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_TRUE(again->matched);
  EXPECT_NE(again->text.find(shrunk->violation.words), std::string::npos) << again->text;
}

// The session after the first cut loses what it writes; the cut before it is not needed.
TEST(Shrink, makes_one_cut_of_two_where_one_is_enough) {
  const auto shrunk =
      shrink(kFailsAfterTwoCuts, "two.json", first_failure(kFailsAfterTwoCuts, "lossy").token);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error();
  EXPECT_EQ(shrunk->before.cuts, 2U);
  EXPECT_EQ(shrunk->after.cuts, 1U);
  EXPECT_EQ(shrunk->after.steps, 4U) << shrunk->scenario;
  EXPECT_EQ(shrunk->verdict, Verdict::expected_fail);
}

// Only data rot unnoticed, and only those of one of the two blobs are read in vain.
constexpr std::string_view kRots = R"({
  "scenario": "rots",
  "purpose": "A fault that strikes each write in turn.",
  "device": {"size": "2MiB", "fua": true},
  "store": {"cluster_size": "16KiB", "metadata_pages": 16},
  "setup": [{"store.format": {}}, {"store.open": {}},
            {"blob.create": {"name": "noise", "clusters": 1}}, {"blob.create": {"name": "a", "clusters": 1}}],
  "steps": [
    {"io.write": {"blob": "noise", "length": "4KiB"}},
    {"blob.set_xattr": {"blob": "noise", "name": "k", "value": "w"}},
    {"blob.sync": {"blob": "noise"}},
    {"io.write": {"blob": "a", "length": "4KiB"}},
    {"io.flush": {"blob": "a"}}
  ],
  "disks": [
    {"name": "honest", "expect": "pass"},
    {"name": "rots", "expect": {"violations": ["F1"]},
     "faults": [{"kind": "rot", "op": "write", "step": "user data", "each": true, "contract": "detectable"}]}
  ]
})";

TEST(Shrink, strikes_with_a_fault_the_one_request_that_matters) {
  const std::vector<ScenarioResult> results = run_all(parse_well(std::string(kRots)));
  ASSERT_EQ(results.back().name, "rots[rots,fua,2]");
  ASSERT_FALSE(results.back().violations.empty());
  const auto shrunk = shrink(kRots, "rots.json", results.back().violations.front().token);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error();
  EXPECT_EQ(shrunk->violation.invariant, "F1");
  EXPECT_LE(shrunk->after.steps, 5U) << shrunk->scenario;
  EXPECT_EQ(shrunk->verdict, Verdict::expected_fail);
  const Json fault = Json::parse(shrunk->scenario)["disks"][1]["faults"][0];
  EXPECT_EQ(fault["contract"], "detectable") << "what is promised is no detail";
  EXPECT_FALSE(fault.contains("each"));
  const auto again = replay(parse_well(shrunk->scenario), shrunk->violation.token);
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_TRUE(again->matched);
}

TEST(Shrink, does_the_same_every_time) {
  const Failure failure = first_failure(kBuried, "other");
  const auto once = shrink(kBuried, "buried.json", failure.token);
  const auto again = shrink(kBuried, "buried.json", failure.token);
  ASSERT_TRUE(once && again);
  EXPECT_EQ(once->scenario, again->scenario);
  EXPECT_EQ(once->violation.token, again->violation.token);
  EXPECT_EQ(once->runs, again->runs);
}

TEST(Shrink, of_what_is_smallest_already_changes_nothing) {
  const auto once = shrink(kBuried, "buried.json", first_failure(kBuried, "lossy").token);
  ASSERT_TRUE(once.has_value());
  const auto again = shrink(once->scenario, "small.json", once->violation.token);
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->after.steps, once->after.steps);
  EXPECT_EQ(Json::parse(again->scenario)["steps"], Json::parse(once->scenario)["steps"]);
  EXPECT_EQ(Json::parse(again->scenario)["setup"], Json::parse(once->scenario)["setup"]);
}

TEST(Shrink, stops_at_its_budget_and_says_so) {
  const Failure failure = first_failure(kBuried, "lossy");
  const auto shrunk = shrink(kBuried, "buried.json", failure.token, {.runs = 5});
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error();
  EXPECT_TRUE(shrunk->at_budget);
  EXPECT_EQ(shrunk->runs, 5U);
  EXPECT_TRUE(replay(parse_well(shrunk->scenario), shrunk->violation.token)->matched);
}

TEST(Shrink, refuses_what_names_no_failure_of_this_scenario_and_this_build) {
  const Failure failure = first_failure(kBuried, "lossy");
  EXPECT_NE(shrink(kBuried, "f", "rubbish").error().find("this is not a token"), std::string::npos);
  EXPECT_NE(shrink(std::string(kBuried) + "\n", "f", failure.token).error().find("it was changed"),
            std::string::npos);
  EXPECT_NE(shrink("{", "f", failure.token).error().find("f:1:"), std::string::npos);
  const auto cut_at = [&failure](const std::string& moment) {
    std::size_t end = 0;  // of what stands before the cuts: mark, build, scenario, case and seed
    for (int part = 0; part < 5; ++part) end = failure.token.find('-', end) + 1;
    return failure.token.substr(0, end) + moment + ".";
  };
  const std::string nowhere = cut_at("999999");
  EXPECT_NE(shrink(kBuried, "f", nowhere).error().find("leads nowhere"), std::string::npos);
  EXPECT_FALSE(shrink(kBuried, "f", cut_at("1")).has_value());
}

// Every tooth of the library is a failure that is known to be true.
TEST(Shrink, makes_every_tooth_as_small_as_a_person_can_follow) {
  std::vector<std::size_t> steps;
  std::vector<std::size_t> pieces;
  for (const Failure& failure : failures_of_the_teeth()) {
    const auto shrunk = shrink(failure.text, failure.name, failure.token);
    ASSERT_TRUE(shrunk.has_value()) << failure.name << ": " << shrunk.error();
    EXPECT_EQ(shrunk->violation.invariant, failure.invariant) << failure.name;
    EXPECT_EQ(shrunk->verdict, Verdict::expected_fail) << failure.name;
    EXPECT_LE(shrunk->after.steps, shrunk->before.steps) << failure.name;
    EXPECT_LE(shrunk->after.pieces, shrunk->before.pieces) << failure.name;
    steps.push_back(shrunk->after.steps);
    pieces.push_back(shrunk->after.pieces);
  }
  ASSERT_GE(steps.size(), 25U);
  std::ranges::sort(steps);
  std::ranges::sort(pieces);
  EXPECT_LE(steps[steps.size() / 2], 6U);
  EXPECT_LE(pieces[pieces.size() / 2], 2U);
  RecordProperty("median_steps", static_cast<int>(steps[steps.size() / 2]));
  RecordProperty("median_pieces", static_cast<int>(pieces[pieces.size() / 2]));
}

}  // namespace
}  // namespace holdfast::sim
