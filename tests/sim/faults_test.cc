// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <algorithm>

#include "holdfast/sim/runner.hh"
#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

constexpr std::string_view kCreateAndWrite = R"({"blob.create": {"name": "b", "clusters": 1}},
    {"io.write": {"blob": "a", "length": "4KiB"}}, {"io.flush": {"blob": "a"}},
    {"io.read": {"blob": "a", "length": "4KiB"}, "may_fail": true})";

// A store with a blob, and a disk that has the faults.
Scenario with_faults(std::string_view faults, std::string_view expect = "\"pass\"",
                     std::string_view steps = kCreateAndWrite) {
  return parse_well(scenario_text(
      std::string(kSmall) + R"("crash": {"nested": 0}, "setup": [{"store.format": {}}, {"store.open": {}},
        {"blob.create": {"name": "a", "clusters": 1}}],
        "disks": [{"name": "honest", "expect": "pass"}, {"name": "x", "faults": [)" +
          std::string(faults) + R"(], "expect": )" + std::string(expect) + "}],",
      steps));
}
ScenarioResult run_faulty(const Scenario& scenario) { return run_case(scenario, 1, {}); }

TEST(Faults, that_never_struck_have_put_nothing_to_the_test) {
  const ScenarioResult result = run_faulty(with_faults(R"({"kind": "lost_write", "step": "erase root"})"));
  EXPECT_EQ(result.verdict, Verdict::vacuous);
  EXPECT_EQ(result.note, "no request came that the fault could strike");
}

TEST(Faults, that_strike_each_request_are_a_case_for_each) {
  const Scenario scenario =
      with_faults(R"({"kind": "rot", "op": "write", "step": "write root", "each": true})", R"("pass")",
                  R"({"blob.create": {"name": "b"}},
        {"blob.create": {"name": "c"}})");
  EXPECT_EQ(names_of_cases(scenario),
            (std::vector<std::string>{"s[honest,fua]", "s[x,fua,1]", "s[x,fua,2]"}));
}

TEST(Faults, a_step_may_fail_only_where_it_says_so_and_once_a_fault_has_struck) {
  const std::string fault = R"({"kind": "transient_error", "op": "flush", "barrier": "D1"})";
  const ScenarioResult told = run_faulty(with_faults(fault));
  EXPECT_EQ(told.verdict, Verdict::fail);
  EXPECT_NE(told.note.find("a step failed"), std::string::npos) << told.note;
  const Scenario too_early = with_faults(fault, R"("pass")", R"({"io.write": {"blob": "a", "length": "4KiB"}},
        {"io.read": {"blob": "a", "length": "4KiB"}, "expect": "corrupt", "may_fail": true},
        {"io.flush": {"blob": "a"}, "may_fail": true})");
  const ScenarioResult never = run_faulty(too_early);
  EXPECT_NE(never.note.find("expected to fail"), std::string::npos) << never.note;
}

TEST(Faults, of_the_power_class_must_lose_nothing) {
  const ScenarioResult lost =
      run_faulty(with_faults(R"({"kind": "lost_write", "step": "write root", "contract": "power"})"));
  EXPECT_EQ(lost.verdict, Verdict::fail);
  ASSERT_EQ(lost.violations.size(), 1U);
  EXPECT_EQ(lost.violations[0].invariant, "B2");
}

TEST(Faults, of_the_byzantine_class_may_lose_what_they_hit) {
  const ScenarioResult lost = run_faulty(with_faults(R"({"kind": "lost_write", "step": "write root"})"));
  EXPECT_EQ(lost.verdict, Verdict::pass) << lost.note;
  EXPECT_GT(lost.states_checked, 0U);
}

TEST(Faults, a_read_that_returns_what_was_never_there_fails_its_step) {
  const ScenarioResult rotten = run_faulty(with_faults(
      R"({"kind": "rot", "step": "user data", "op": "read"})", R"("pass")", R"({"io.write": {"blob": "a",
        "length": "4KiB", "fua": true}}, {"io.read": {"blob": "a", "length": "4KiB"}})"));
  EXPECT_EQ(rotten.verdict, Verdict::fail);
  EXPECT_NE(rotten.note.find("never held"), std::string::npos) << rotten.note;
}

TEST(Faults, a_step_that_is_stuck_ends_with_the_power) {
  const ScenarioResult stuck = run_faulty(with_faults(R"({"kind": "stuck", "step": "write root"})"));
  EXPECT_EQ(stuck.verdict, Verdict::pass) << stuck.note;
  EXPECT_GT(stuck.states_checked, 0U);
}

TEST(Faults, lead_to_a_token_that_replays_their_case) {
  const Scenario scenario =
      with_faults(R"({"kind": "lost_write", "step": "write root", "contract": "power", "each": true})");
  const ScenarioResult lost = run_faulty(scenario);
  ASSERT_EQ(lost.violations.size(), 1U);
  const auto report = replay(scenario, lost.violations[0].token);
  ASSERT_TRUE(report) << report.error();
  EXPECT_TRUE(report->matched);
}

}  // namespace
}  // namespace holdfast::sim
