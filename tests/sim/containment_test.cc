// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "holdfast-sim/verifier.hh"
#include "holdfast-sim/workers.hh"
#include "holdfast/sim/runner.hh"
#include "sim/fuse.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

const std::string kHere = R"("device": {"size": "2176KiB", "fua": true},
    "volume": {"chunk_size": "16KiB", "memory": "persistent"}, "crash": {"nested": 0},
    "setup": [{"volume.create": {}}, {"volume.open": {}}, {"volume.write": {"length": "16KiB"}}],)";
const std::string kSecond = R"({"volume.write": {"length": "16KiB"}}, {"volume.close": {}})";

class AnEngineThatDies : public testing::Test {
 protected:
  void TearDown() override { fuse() = {}; }

  std::vector<ScenarioResult> run(unsigned jobs = 1) const {
    const auto results = tools::run_in_workers(tools::jobs_of({victim_, bystander_}, 0, 1), {}, jobs);
    EXPECT_TRUE(results.has_value()) << results.error();
    return results.value_or(std::vector<ScenarioResult>(2));
  }
  static void expect_same(const ScenarioResult& a, const ScenarioResult& b) {
    EXPECT_EQ(a.digest, b.digest);
    EXPECT_EQ(a.states_checked, b.states_checked);
    EXPECT_EQ(a.crash_points, b.crash_points);
    EXPECT_EQ(a.verdict, b.verdict);
  }
  // The only finding, which replay comes to again.
  void expect_one_death(const ScenarioResult& result, const std::string& words) const {
    EXPECT_EQ(result.verdict, Verdict::fail);
    ASSERT_EQ(result.violations.size(), 1U) << result.note;
    const Violation& violation = result.violations[0];
    EXPECT_EQ(violation.invariant, "no_abort");
    EXPECT_NE(violation.words.find(words), std::string::npos) << violation.words;
    const auto again = tools::replay_in_worker(victim_, violation.token);
    ASSERT_TRUE(again.has_value()) << again.error();
    EXPECT_TRUE(again->matched);
    EXPECT_NE(again->text.find("no_abort: " + violation.words), std::string::npos) << again->text;
  }

  const Scenario victim_ = parse_well(scenario_text(kHere, kSecond));
  const Scenario bystander_ = parse_well(
      R"({"scenario": "bystander", "purpose": "p", "device": {"size": "1MiB", "fua": true},
          "store": {"metadata_pages": 8}, "steps": [{"store.format": {}}]})");
};

constexpr const char* kPromise = "broken promise: how != Dies::by_an_assertion";

TEST_F(AnEngineThatDies, in_some_crash_states_is_a_finding_and_all_other_states_are_checked) {
  const std::vector<ScenarioResult> healthy = run();
  ASSERT_EQ(healthy[0].verdict, Verdict::pass) << healthy[0].note;
  fuse().when_it_decompresses = Dies::by_an_assertion;
  const std::vector<ScenarioResult> results = run();
  expect_one_death(results[0], kPromise);
  EXPECT_EQ(results[0].crash_points, healthy[0].crash_points);
  EXPECT_GT(results[0].states_checked, 0U) << "those in which the second write is not there";
  EXPECT_LT(results[0].states_checked, healthy[0].states_checked);
  expect_same(results[1], healthy[1]);
}

TEST_F(AnEngineThatDies, by_a_signal_is_a_finding_as_well) {
  fuse().when_it_decompresses = Dies::by_a_signal;
  expect_one_death(run()[0], "signal 10");
}

TEST_F(AnEngineThatDies, in_the_first_session_is_a_finding_after_what_could_be_checked) {
  fuse().when_it_compresses = Dies::by_an_assertion;
  const ScenarioResult result = run()[0];
  expect_one_death(result, kPromise);
  EXPECT_EQ(std::count(result.violations[0].token.begin(), result.violations[0].token.end(), '-'), 4)
      << "no cut: " << result.violations[0].token;
  EXPECT_GT(result.states_checked, 0U);
}

TEST_F(AnEngineThatDies, is_no_mismatch_unless_it_behaves_differently_elsewhere) {
  const tools::Verification healthy = tools::verify({victim_, bystander_}, 100, 2);
  EXPECT_GE(healthy.runs, 100U);
  EXPECT_EQ(healthy.mismatches, std::vector<std::string>{});
  fuse().differs_elsewhere = true;
  const tools::Verification different = tools::verify({victim_, bystander_}, 100, 2);
  ASSERT_EQ(different.mismatches.size(), 1U);
  EXPECT_NE(different.mismatches[0].find(": event "), std::string::npos) << different.mismatches[0];
  EXPECT_NE(different.mismatches[0].find("when it is visited again"), std::string::npos);
  EXPECT_NE(different.mismatches[0].find("hf2-"), std::string::npos);
}

TEST_F(AnEngineThatDies, gives_the_same_report_for_every_number_of_processes) {
  fuse().when_it_decompresses = Dies::by_an_assertion;
  const std::vector<ScenarioResult> alone = run(1);
  const std::vector<ScenarioResult> together = run(2);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    expect_same(alone[i], together[i]);
    ASSERT_EQ(alone[i].violations.size(), together[i].violations.size());
  }
  EXPECT_EQ(alone[0].violations.at(0).token, together[0].violations.at(0).token);
}

}  // namespace
}  // namespace holdfast::sim
