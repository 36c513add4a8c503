// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/explain.hh"

#include <gtest/gtest.h>

#include <algorithm>

#include "holdfast/sim/shrink.hh"
#include "sim/case_by_number.hh"
#include "sim/failures.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

constexpr std::string_view kChainBeforeRoot = R"({
  "scenario": "chain-before-root",
  "purpose": "A chain that never arrives.",
  "device": {"size": "1MiB", "fua": true},
  "store": {"cluster_size": "16KiB", "metadata_pages": 8},
  "crash": {"nested": 0},
  "setup": [{"store.format": {}}, {"store.open": {}}],
  "steps": [{"blob.create": {"name": "a", "xattrs": {"x": {"bytes": 3000}, "y": {"bytes": 3000}}}}],
  "disks": [
    {"name": "honest", "expect": "pass"},
    {"name": "lossy", "ignores": ["B1"], "expect": {"violations": ["B1"]}}
  ]
})";

Explanation explained(std::string_view text, std::string_view disk) {
  const auto shrunk = shrink(text, "x.json", first_failure(text, disk).token);
  EXPECT_TRUE(shrunk.has_value()) << shrunk.error();
  auto explanation = explain(shrunk->scenario, "x.json", shrunk->violation.token);
  EXPECT_TRUE(explanation.has_value()) << explanation.error();
  return std::move(*explanation);
}

bool names(const Explanation& explanation, Barrier barrier) {
  return explanation.missing &&
         std::ranges::any_of(explanation.missing->claims, [barrier](const MissingBarrier::Claim& claim) {
           return claim.barrier == barrier && claim.ignored;
         });
}

TEST(Explain, says_what_arrived_and_what_did_not_and_whose_it_is) {
  const Explanation explanation = explained(kChainBeforeRoot, "lossy");
  EXPECT_EQ(explanation.invariant, "B1");
  ASSERT_EQ(explanation.cuts.size(), 1U);
  ASSERT_EQ(explanation.cuts[0].size(), 2U) << explanation.text;
  const PieceStory& root = explanation.cuts[0][0];
  const PieceStory& chain = explanation.cuts[0][1];
  EXPECT_EQ(root.fate, PieceStory::Fate::arrived);
  EXPECT_EQ(root.owner, "metadata page 0, root of blob 'a'");
  EXPECT_TRUE(root.wrote.starts_with("write root (B2) #")) << root.wrote;
  EXPECT_TRUE(root.wrote.ends_with(", in flight")) << root.wrote;
  EXPECT_EQ(chain.fate, PieceStory::Fate::lost);
  EXPECT_EQ(chain.owner, "metadata page 1, chain of blob 'a'");
  EXPECT_TRUE(chain.wrote.starts_with("write chain (B1) #")) << chain.wrote;
  EXPECT_NE(chain.wrote.find(", completed #"), std::string::npos) << chain.wrote;
}

TEST(Explain, names_the_first_wrong_field_with_what_was_expected_and_what_was_found) {
  const Explanation explanation = explained(kChainBeforeRoot, "lossy");
  ASSERT_TRUE(explanation.wrong.has_value());
  EXPECT_EQ(explanation.wrong->owner, "metadata page 1, chain of blob 'a'");
  EXPECT_EQ(explanation.wrong->field, "blob id");
  EXPECT_EQ(explanation.wrong->expected, 0x100000000U);
  EXPECT_EQ(explanation.wrong->found, 0U);
}

TEST(Explain, finds_between_what_the_barrier_is_missing) {
  const Explanation explanation = explained(kChainBeforeRoot, "lossy");
  ASSERT_TRUE(explanation.missing.has_value()) << explanation.text;
  EXPECT_TRUE(explanation.missing->from.starts_with("the end of write chain (B1) #")) << explanation.text;
  EXPECT_TRUE(explanation.missing->to.starts_with("the begin of write root (B2) #")) << explanation.text;
  EXPECT_TRUE(names(explanation, Barrier::B1)) << explanation.text;
  EXPECT_GE(explanation.missing->places_tried, 1U);
}

TEST(Explain, puts_the_cut_into_the_steps_on_one_screen) {
  const std::string text = explained(kChainBeforeRoot, "lossy").text;
  const std::size_t step = text.find("  steps  {\"blob.create\"");
  const std::size_t cut = text.find("    >>> the power is cut during this step");
  ASSERT_NE(step, std::string::npos) << text;
  ASSERT_NE(cut, std::string::npos) << text;
  EXPECT_LT(step, cut);
  EXPECT_EQ(text.find('\n', step) + 1, cut) << text;
  EXPECT_LE(std::ranges::count(text, '\n'), 30) << text;
}

TEST(Explain, names_the_fault_and_what_it_struck) {
  const std::string text = R"({
    "scenario": "rots", "purpose": "p", "device": {"size": "1MiB", "fua": true},
    "store": {"cluster_size": "16KiB", "metadata_pages": 8}, "crash": {"nested": 0},
    "setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a", "clusters": 1}},
              {"blob.create": {"name": "b", "clusters": 1}}],
    "steps": [{"io.write": {"blob": "b", "length": 4096}},
              {"io.write": {"blob": "a", "offset": 8192, "length": 4096}}, {"io.flush": {"blob": "a"}}],
    "disks": [{"name": "honest", "expect": "pass"},
              {"name": "rots", "expect": {"violations": ["F1"]},
               "faults": [{"kind": "rot", "step": "user data", "nth": 2, "contract": "detectable"}]}]})";
  const ScenarioResult result = run_all(parse_well(text)).at(1);
  ASSERT_FALSE(result.violations.empty());
  const auto explanation = explain(text, "x.json", result.violations.front().token);
  ASSERT_TRUE(explanation.has_value()) << explanation.error();
  ASSERT_EQ(explanation->faults.size(), 1U);
  EXPECT_EQ(explanation->faults[0].kind, "rot");
  EXPECT_EQ(explanation->faults[0].struck, "user data (none)");
  EXPECT_EQ(explanation->faults[0].owner, "block 2 of blob 'a'");
  EXPECT_FALSE(explanation->wrong.has_value()) << "a piece of another blob that is missing is not the cause";
  EXPECT_NE(explanation->text.find("rot                  user data (none) of block 2 of blob 'a'"),
            std::string::npos)
      << explanation->text;
}

TEST(Explain, tells_of_every_cut_where_there_are_two) {
  const Failure failure = first_failure(kFailsAfterTwoCuts, "lossy");
  const auto explanation = explain(kFailsAfterTwoCuts, "x.json", failure.token);
  ASSERT_TRUE(explanation.has_value()) << explanation.error();
  EXPECT_EQ(explanation->cuts.size(), 2U);
  EXPECT_NE(explanation->text.find(">>> cut 1: the power"), std::string::npos) << explanation->text;
  EXPECT_NE(explanation->text.find(">>> cut 2: the power"), std::string::npos) << explanation->text;
  EXPECT_TRUE(names(*explanation, Barrier::D1)) << explanation->text;
  EXPECT_EQ(explanation->wrong->owner, "block 0 of blob 'z'");
}

TEST(Explain, refuses_what_names_no_failure_of_this_scenario) {
  const Failure failure = first_failure(kChainBeforeRoot, "lossy");
  EXPECT_NE(explain(kChainBeforeRoot, "f", "rubbish").error().find("this is not a token"), std::string::npos);
  EXPECT_NE(explain(std::string(kChainBeforeRoot) + " ", "f", failure.token).error().find("it was changed"),
            std::string::npos);
  const std::string before = failure.token.substr(0, failure.token.rfind('-'));
  EXPECT_NE(explain(kChainBeforeRoot, "f", before + "-999999.").error().find("leads nowhere"),
            std::string::npos);
  EXPECT_NE(explain(kChainBeforeRoot, "f", before + "-1.0").error().find("every invariant holds"),
            std::string::npos);
}

// A disk that ignores a barrier has lost one edge, and it is known which.
TEST(Explain, names_the_ignored_barrier_of_every_tooth_before_and_after_it_is_shrunk) {
  std::size_t failures = 0;
  for (const Failure& failure : failures_of_the_teeth()) {
    ++failures;
    const auto whole = explain(failure.text, failure.name, failure.token);
    ASSERT_TRUE(whole.has_value()) << failure.name << ": " << whole.error();
    EXPECT_TRUE(names(*whole, failure.ignored)) << failure.name << '\n' << whole->text;
    EXPECT_TRUE(whole->wrong.has_value()) << failure.name;
    const auto shrunk = shrink(failure.text, failure.name, failure.token);
    ASSERT_TRUE(shrunk.has_value()) << failure.name;
    const auto small = explain(shrunk->scenario, failure.name, shrunk->violation.token);
    ASSERT_TRUE(small.has_value()) << failure.name << ": " << small.error();
    EXPECT_TRUE(names(*small, failure.ignored)) << failure.name << '\n' << small->text;
    EXPECT_NE(small->missing->to, "the power cut") << failure.name << '\n' << small->text;
  }
  EXPECT_GE(failures, 25U);
}

}  // namespace
}  // namespace holdfast::sim
