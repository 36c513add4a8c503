// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/runner.hh"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

constexpr std::string_view kTwoDisks =
    R"("disks": [{"name": "honest", "expect": "pass"}, {"name": "lossy", "ignores": ["D1"],
        "expect": {"violations": ["D1"]}}],)";
constexpr std::string_view kOpened = R"("setup": [{"store.format": {}}, {"store.open": {}}],)";
constexpr std::string_view kWriteAndFlush = R"({"blob.create": {"name": "a", "clusters": 1}},
    {"io.write": {"blob": "a", "offset": 0, "length": "8KiB"}}, {"io.flush": {"blob": "a"}})";

std::string small(std::string_view steps, std::string_view members = "") {
  return scenario_text(std::string(kSmall) + std::string(members), steps);
}
std::string opened(std::string_view steps, std::string_view members = "") {
  return small(steps, std::string(kOpened) + std::string(members));
}

void expect_same(const ScenarioResult& a, const ScenarioResult& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.verdict, b.verdict);
  EXPECT_EQ(a.crash_points, b.crash_points);
  EXPECT_EQ(a.crash_points_exact, b.crash_points_exact);
  EXPECT_EQ(a.states_checked, b.states_checked);
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_EQ(a.note, b.note);
  ASSERT_EQ(a.violations.size(), b.violations.size());
  for (std::size_t i = 0; i < a.violations.size(); ++i) {
    EXPECT_EQ(a.violations[i].invariant, b.violations[i].invariant);
    EXPECT_EQ(a.violations[i].words, b.violations[i].words);
    EXPECT_EQ(a.violations[i].token, b.violations[i].token);
  }
}

TEST(Cases, are_the_disks_times_the_ways_of_fua) {
  const Scenario scenario =
      parse_well(scenario_text(std::string(kTwoDisks) + R"("device": {"fua": [true, false]},)"));
  EXPECT_EQ(names_of_cases(scenario), (std::vector<std::string>{"s[honest,fua]", "s[honest,no-fua]",
                                                                "s[lossy,fua]", "s[lossy,no-fua]"}));
}

TEST(Runner, gives_the_same_result_twice) {
  const Scenario scenario = parse_well(opened(kWriteAndFlush, kTwoDisks));
  for (std::size_t i = 0; i < cases_of(scenario).size(); ++i) {
    expect_same(run_case(scenario, i, {.seed = 3}), run_case(scenario, i, {.seed = 3}));
  }
}

TEST(Runner, judges_the_same_whatever_the_seed_and_not_all_seeds_do_the_same) {
  const Scenario scenario = parse_well(opened(
      R"({"blob.create": {"name": "a", "clusters": 1}}, {"blob.create": {"name": "b", "clusters": 1}},
         {"parallel": [{"io.write": {"blob": "a", "offset": 0, "length": "4KiB"}},
                       {"io.write": {"blob": "b", "offset": 0, "length": "4KiB"}},
                           {"io.flush": {"blob": "a"}}]})",
      R"("crash": {"nested": 0},)"));
  std::set<std::string> digests;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const ScenarioResult result = run_case(scenario, 0, {.seed = seed});
    EXPECT_EQ(result.verdict, Verdict::pass) << seed << ' ' << result.note;
    digests.insert(result.digest);
  }
  EXPECT_GT(digests.size(), 1U);
}

TEST(Runner, passes_on_an_honest_disk_and_says_what_it_did) {
  const ScenarioResult result = run_case(parse_well(opened(kWriteAndFlush)), 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.note;
  EXPECT_EQ(result.name, "s[honest,fua]");
  EXPECT_GT(result.crash_points, 0U);
  EXPECT_EQ(result.crash_points, result.crash_points_exact);
  EXPECT_GT(result.states_checked, result.crash_points);
  EXPECT_TRUE(result.violations.empty());
  EXPECT_TRUE(result.note.empty());
  EXPECT_FALSE(result.digest.empty());
}

TEST(Runner, a_point_with_more_states_than_allowed_is_not_exact) {
  const ScenarioResult sampled =
      run_case(parse_well(opened(kWriteAndFlush, R"("crash": {"states_per_point": 2},)")), 0, {});
  const ScenarioResult whole = run_case(parse_well(opened(kWriteAndFlush)), 0, {});
  EXPECT_LT(sampled.crash_points_exact, sampled.crash_points);
  EXPECT_EQ(whole.crash_points_exact, whole.crash_points);
  EXPECT_GT(sampled.sampled_states, 0U);
  EXPECT_GT(sampled.sampled_of, 2U);
  EXPECT_EQ(whole.sampled_of, 0U);
}

TEST(Runner, a_case_with_more_states_than_its_budget_is_inconclusive_and_its_last_point_not_exact) {
  const std::string steps = R"({"store.format": {}})";
  const ScenarioResult whole = run_case(parse_well(small(steps)), 0, {});
  const auto within = [&](uint64_t budget) {
    const std::string member = R"("crash": {"states_per_case": )" + std::to_string(budget) + "},";
    return run_case(parse_well(small(steps, member)), 0, {});
  };
  EXPECT_EQ(within(whole.states_checked).verdict, Verdict::pass);
  const ScenarioResult cut = within(whole.states_checked / 2);
  EXPECT_EQ(cut.verdict, Verdict::inconclusive);
  EXPECT_EQ(cut.note, "more states than one case may have");
  EXPECT_EQ(cut.states_checked, whole.states_checked / 2);
  EXPECT_LT(cut.crash_points_exact, cut.crash_points);
}

TEST(Runner, counts_points_and_states_by_the_media_that_a_cut_leaves_open) {
  const Scenario scenario = parse_well(
      scenario_text(std::string(kVolume) +
                        R"("crash": {"nested": 0}, "setup": [{"volume.create": {}}, {"volume.open": {}}],)",
                    R"({"volume.write": {"length": "16KiB"}}, {"volume.close": {}})"));
  const ScenarioResult result = run_case(scenario, 0, {});
  ASSERT_EQ(result.verdict, Verdict::pass) << result.note;
  EXPECT_GT(result.block.crash_points, 0U);
  EXPECT_GT(result.persistent_memory.crash_points, 0U);
  EXPECT_EQ(result.block.crash_points + result.persistent_memory.crash_points + result.both.crash_points,
            result.crash_points);
  EXPECT_EQ(result.block.crash_points_exact + result.persistent_memory.crash_points_exact +
                result.both.crash_points_exact,
            result.crash_points_exact);
  EXPECT_LE(
      result.block.states_checked + result.persistent_memory.states_checked + result.both.states_checked,
      result.states_checked);
  EXPECT_GE(result.states_enumerated, result.states_checked) << "what is the same is visited once";
  EXPECT_GT(result.simulated_ns, 0U);
  const ScenarioResult store = run_case(parse_well(opened(kWriteAndFlush)), 0, {});
  EXPECT_EQ(store.block.crash_points, store.crash_points);
}

TEST(Runner, a_scenario_that_leaves_nothing_undecided_is_vacuous) {
  const std::string blob =
      R"("setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a",
          "clusters": 1}}],)";
  const Scenario scenario =
      parse_well(small(R"({"io.read": {"blob": "a", "length": 4096}})", blob + R"("crash": {"nested": 0},)"));
  const ScenarioResult result = run_case(scenario, 0, {});
  EXPECT_EQ(result.verdict, Verdict::vacuous);
  EXPECT_EQ(result.crash_points, 0U);
  EXPECT_EQ(result.note, "no power cut of this scenario leaves anything undecided");
}

TEST(Runner, a_tooth_whose_barrier_is_never_reached_is_vacuous) {
  const Scenario scenario = parse_well(opened(R"({"blob.create": {"name": "a"}})", kTwoDisks));
  ASSERT_EQ(run_case(scenario, 0, {}).verdict, Verdict::pass);
  const ScenarioResult result = run_case(scenario, 1, {});
  EXPECT_EQ(result.verdict, Verdict::vacuous);
  EXPECT_EQ(result.note, "the disk ignores a barrier that was never reached");
}

TEST(Runner, a_violation_that_was_expected_is_an_expected_failure_and_any_other_a_failure) {
  const std::string unexpected =
      R"("disks": [{"name": "honest", "expect": "pass"}, {"name": "lossy", "ignores": ["D1"],
          "expect": "pass"}],)";
  const std::string another = R"("disks": [{"name": "honest", "expect": "pass"},
      {"name": "lossy", "ignores": ["D1"], "expect": {"violations": ["B1", "D1"]}}],)";
  EXPECT_EQ(run_case(parse_well(opened(kWriteAndFlush, kTwoDisks)), 1, {}).verdict, Verdict::expected_fail);
  EXPECT_EQ(run_case(parse_well(opened(kWriteAndFlush, unexpected)), 1, {}).verdict, Verdict::fail);
  EXPECT_EQ(run_case(parse_well(opened(kWriteAndFlush, another)), 1, {}).verdict, Verdict::fail);
}

TEST(Runner, a_step_that_fails_or_that_should_have_failed_and_did_not_is_a_failure) {
  const ScenarioResult failed =
      run_case(parse_well(small(R"({"store.format": {}}, {"store.format": {}})")), 0, {});
  EXPECT_EQ(failed.verdict, Verdict::fail);
  EXPECT_NE(failed.note.find("a step failed: already exists"), std::string::npos) << failed.note;
  const ScenarioResult succeeded =
      run_case(parse_well(small(R"({"store.format": {}, "expect": "busy"})")), 0, {});
  EXPECT_EQ(succeeded.verdict, Verdict::fail);
  EXPECT_NE(succeeded.note.find("although it was expected to fail"), std::string::npos) << succeeded.note;
  const ScenarioResult expected = run_case(
      parse_well(small(R"({"store.format": {}}, {"store.format": {}, "expect": "already_exists"})")), 0, {});
  EXPECT_EQ(expected.verdict, Verdict::pass) << expected.note;
}

TEST(Runner, a_kill_at_a_step_that_never_comes_is_told) {
  const ScenarioResult result = run_case(
      parse_well(opened(R"({"blob.create": {"name": "a"}, "kill_after": "erase root"}, {"store.open": {}})")),
      0, {});
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_EQ(result.note, "the step ended before 'erase root' completed");
}

TEST(Runner, requests_that_leave_a_blob_or_the_store_are_refused_and_change_nothing) {
  const std::string_view steps = R"({"blob.create": {"name": "a", "clusters": 1}},
      {"io.write": {"blob": "a", "offset": "16KiB", "length": "4KiB"}, "expect": "out_of_range"},
      {"io.write": {"blob": "a", "offset": "12KiB", "length": "8KiB"}, "expect": "out_of_range"},
      {"io.read": {"blob": "a", "offset": "8191PiB", "length": "4KiB"}, "expect": "out_of_range"},
      {"blob.delete": {"blob": "nobody"}, "expect": "not_found"}, {"blob.sync": {"blob": "nobody"},
          "expect": "not_found"},
      {"blob.create": {"name": "huge", "clusters": 999999999999999}, "expect": "no_space"})";
  std::string text = opened(steps, R"("crash": {"nested": 0},)");
  text.replace(text.find("8191PiB"), 7, "8191TiB");
  const ScenarioResult result = run_case(parse_well(text), 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.note;
}

TEST(Runner, steps_after_a_cut_that_cannot_be_carried_out_are_told) {
  for (const char* after : {R"({"store.close": {}, "expect": "busy"})",
                            R"({"blob.create": {"name": "b", "clusters": 1000}, "expect": "busy"})",
                            R"({"io.flush": {"blob": "a"}, "expect": "no_space"})"}) {
    const std::string member = "\"after\": [" + std::string(after) + "],";
    const ScenarioResult result =
        run_case(parse_well(opened(R"({"blob.create": {"name": "b"}})", member)), 0, {});
    EXPECT_EQ(result.verdict, Verdict::fail) << after;
    EXPECT_NE(result.note.find("a step failed"), std::string::npos) << after << ": " << result.note;
  }
}

constexpr std::string_view kForeign = R"({"store.close": {}},
    {"spdk": {"do": [{"create": {"name": "x", "clusters": 2, "thin": true}},
                     {"write": {"blob": "x", "length": "8KiB"}},
                     {"set_xattr": {"blob": "a", "name": "k", "value": "w"}},
                     {"resize": {"blob": "x", "clusters": 3}}, {"delete": {"blob": "gone"}}]}},
    {"store.open": {}}, {"io.read": {"blob": "x", "length": "16KiB"}}, {"store.close": {}})";
constexpr std::string_view kForForeign =
    R"("setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a", "clusters": 1}},
                 {"blob.create": {"name": "gone", "clusters": 1}}],
       "crash": {"nested": 0, "states_per_point": 64}, "after": [{"store.close": {}}],)";

std::string foreign_on(std::string_view device) {
  return scenario_text(R"("device": {"size": "1MiB", )" + std::string(device) +
                           R"(}, "store": {"cluster_size": "16KiB", "metadata_pages": 8}, )" +
                           std::string(kForForeign),
                       kForeign);
}

// Whatever the device makes of a program that never flushes, only what that program touched is open.
TEST(Runner, plays_a_foreign_session_on_every_device) {
  for (const char* device : {R"("fua": true)", R"("fua": false, "volatile_cache": false)",
                             R"("fua": true, "block_size": 512, "atomic_write": 512)"}) {
    const ScenarioResult result = run_case(parse_well(foreign_on(device)), 0, {});
    EXPECT_EQ(result.verdict, Verdict::pass) << device << ": " << result.note;
    EXPECT_GT(result.states_checked, result.crash_points) << device;
  }
}

TEST(Runner, a_foreign_session_that_cannot_go_on_is_told) {
  const std::string_view full = R"({"store.close": {}},
      {"spdk": {"do": [{"create": {"name": "x", "clusters": 60}},
                       {"create": {"name": "y", "clusters": 60}}]}})";
  const ScenarioResult result = run_case(parse_well(opened(full)), 0, {});
  EXPECT_NE(result.note.find("finds no free cluster"), std::string::npos) << result.note;
}

TEST(Runner, a_foreign_session_may_be_expected_to_fail) {
  const std::string_view full = R"({"store.close": {}},
      {"spdk": {"do": [{"create": {"name": "x", "clusters": 60}},
                       {"create": {"name": "y", "clusters": 60}}]},
       "expect": "no_space"}, {"store.open": {}}, {"blob.create": {"name": "b", "clusters": 1}})";
  const ScenarioResult result =
      run_case(parse_well(opened(full, R"("crash": {"nested": 0, "states_per_point": 64},)")), 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.note;
}

TEST(Runner, a_cut_follows_a_cut_as_often_as_asked) {
  uint64_t before = 0;
  for (const char* nested : {"0", "1", "2"}) {
    const std::string crash =
        "\"crash\": {\"nested\": " + std::string(nested) + ", \"states_per_point\": 8},";
    const ScenarioResult result =
        run_case(parse_well(opened(R"({"blob.create": {"name": "a"}})", crash)), 0, {});
    EXPECT_EQ(result.verdict, Verdict::pass) << nested << ": " << result.note;
    EXPECT_GT(result.states_checked, before) << nested;
    before = result.states_checked;
  }
}

TEST(Runner, parallel_steps_that_stand_in_each_others_way_are_told) {
  const ScenarioResult result = run_case(
      parse_well(opened(R"({"parallel": [{"blob.create": {"name": "a"}}, {"blob.delete": {"blob": "a"}}]})")),
      0, {});
  EXPECT_NE(result.note.find("a step failed: not found"), std::string::npos) << result.note;
}

TEST(Runner, a_recovery_or_a_step_that_does_not_end_is_a_finding_with_its_state) {
  std::string blobs;
  for (const char name : {'a', 'b', 'c', 'd', 'e', 'f'})
    blobs += fmt::format(R"(, {{"blob.create": {{"name": "{}", "clusters": 1}}}})", name);
  const std::string setup = R"("setup": [{"store.format": {}}, {"store.open": {}})" + blobs + "],";
  const Scenario scenario = parse_well(small(R"({"io.write": {"blob": "a", "length": "4KiB"}})", setup));
  const auto find = [&scenario](uint64_t steps) {
    const ScenarioResult result = run_case(scenario, 0, {.scheduler_steps_most = steps});
    EXPECT_EQ(result.verdict, Verdict::fail) << steps;
    EXPECT_EQ(result.violations.size(), 1U) << steps;
    return result.violations.empty() ? Violation{} : result.violations[0];
  };
  const Violation step = find(1);
  EXPECT_EQ(step.invariant, "progress");
  EXPECT_EQ(step.words, "a step goes on and on and does not end");
  EXPECT_EQ(std::count(step.token.begin(), step.token.end(), '-'), 4) << "no cut: " << step.token;
  // It reads six blobs, and no step does as much.
  const Violation recovery = find(6);
  EXPECT_EQ(recovery.words, "recovery goes on and on and does not end");
  EXPECT_GT(std::count(recovery.token.begin(), recovery.token.end(), '-'), 4) << recovery.token;
}

TEST(Replay, comes_to_the_same_violation) {
  const Scenario scenario = parse_well(opened(kWriteAndFlush, kTwoDisks));
  for (const uint64_t seed : {uint64_t{0}, uint64_t{5}}) {
    const ScenarioResult result = run_case(scenario, 1, {.seed = seed});
    ASSERT_EQ(result.violations.size(), 1U);
    const auto report = replay(scenario, result.violations[0].token);
    ASSERT_TRUE(report.has_value()) << report.error();
    EXPECT_TRUE(report->matched);
    EXPECT_NE(report->text.find("s[lossy,fua]"), std::string::npos) << report->text;
    EXPECT_NE(report->text.find("D1: " + result.violations[0].words), std::string::npos) << report->text;
  }
}

TEST(Replay, comes_to_a_violation_behind_two_cuts) {
  const Scenario scenario =
      parse_well(small(R"({"blob.create": {"name": "a", "clusters": 1}})",
                       R"("after": [{"io.write": {"blob": "z", "length": 4096, "fua": true}}],
      "disks": [{"name": "honest", "expect": "pass"}, {"name": "lossy", "ignores": ["D1"],
          "expect": {"violations": ["D1"]}}],
      "setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "z", "clusters": 1}}],)"));
  const ScenarioResult result = run_case(scenario, 1, {});
  EXPECT_EQ(result.verdict, Verdict::expected_fail) << result.note;
  ASSERT_EQ(result.violations.size(), 1U) << result.note;
  const auto report = replay(scenario, result.violations[0].token);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->matched);
  EXPECT_NE(report->text.find("2 power cut(s)"), std::string::npos) << report->text;
}

TEST(Replay, of_a_token_of_another_scenario_is_refused) {
  const Scenario scenario = parse_well(opened(kWriteAndFlush, kTwoDisks));
  const Scenario changed = parse_well(opened(kWriteAndFlush, kTwoDisks) + "\n");
  const std::string token = run_case(scenario, 1, {}).violations.at(0).token;
  const auto report = replay(changed, token);
  ASSERT_FALSE(report.has_value());
  EXPECT_NE(report.error().find("it was changed"), std::string::npos) << report.error();
}

TEST(Replay, of_a_token_of_another_build_is_refused_with_both_builds) {
  const Scenario scenario = parse_well(opened(kWriteAndFlush, kTwoDisks));
  std::string token = run_case(scenario, 1, {}).violations.at(0).token;
  const std::string own = token.substr(4, 8);
  const std::string other = own == "00000000" ? "00000001" : "00000000";
  token.replace(4, 8, other);
  const auto report = replay(scenario, token);
  ASSERT_FALSE(report.has_value());
  EXPECT_NE(report.error().find("of the build " + other), std::string::npos) << report.error();
  EXPECT_NE(report.error().find("this one is " + own), std::string::npos) << report.error();
  EXPECT_EQ(report.error().find("hash"), std::string::npos) << "the scenario is the same: " << report.error();
}

TEST(Replay, of_what_leads_nowhere_is_refused) {
  const Scenario scenario = parse_well(opened(kWriteAndFlush, kTwoDisks));
  const std::string token = run_case(scenario, 1, {}).violations.at(0).token;
  const std::string begin = token.substr(0, token.find('-', token.find('-', 4) + 1));
  EXPECT_EQ(replay(scenario, "rubbish").error().substr(0, 19), "this is not a token");
  EXPECT_FALSE(replay(scenario, begin + "-9-0-1.").has_value());
  EXPECT_FALSE(replay(scenario, begin + "-1-0-999999.").has_value());
  EXPECT_FALSE(replay(scenario, begin + "-1-0-0.").has_value());
  EXPECT_FALSE(replay(scenario, begin + "-1-0-1.0,0,0,0,0,0,0,0,0,0").has_value());
  EXPECT_FALSE(replay(scenario, begin + "-1-0-18446744073709551615.").has_value());
  EXPECT_FALSE(replay(scenario, begin + "-1-0-1.-1.-1.-1.-1.").has_value());
}

TEST(Replay, of_choices_that_the_state_does_not_offer_is_refused) {
  const Scenario scenario = parse_well(opened(kWriteAndFlush, kTwoDisks));
  const std::string token = run_case(scenario, 1, {}).violations.at(0).token;
  const std::size_t dot = token.find('.');
  ASSERT_LT(dot + 1, token.size());
  std::string beyond = token.substr(0, dot + 1);
  const auto choices = std::count(token.begin(), token.end(), ',') + 1;
  for (std::ptrdiff_t i = 0; i < choices; ++i) beyond += i == 0 ? "4294967295" : ",4294967295";
  EXPECT_FALSE(replay(scenario, beyond).has_value()) << beyond;
}

}  // namespace
}  // namespace holdfast::sim
