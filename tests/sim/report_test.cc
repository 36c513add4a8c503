// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/report.hh"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace holdfast::sim {
namespace {

using Json = nlohmann::json;

ScenarioResult passed() {
  ScenarioResult result;
  result.name = "a[honest,fua]";
  result.verdict = Verdict::pass;
  result.crash_points = 3;
  result.crash_points_exact = 2;
  result.states_checked = std::numeric_limits<uint64_t>::max();
  result.seconds = 0.25;
  result.digest = "00ff";
  return result;
}

ScenarioResult failed() {
  ScenarioResult result = passed();
  result.name = "b[ignores-B1,no-fua]";
  result.verdict = Verdict::fail;
  result.violations = {{"B1", "words", "hf2-0-0-0-0-1."}, {"D1", "other words", "hf2-0-0-0-0-2."}};
  return result;
}

ScenarioResult warned(const char* name) {
  ScenarioResult result = passed();
  result.name = name;
  result.warnings = {{WarningKind::rewrite, "write <root>", "B2", 2, 40}};
  return result;
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST(JsonReport, says_what_the_results_say) {
  const std::vector<ScenarioResult> results = {passed(), failed()};
  const Json report = Json::parse(to_json(results));
  EXPECT_EQ(keys_of(report), std::set<std::string>{"scenarios"});
  ASSERT_EQ(report["scenarios"].size(), 2U);
  const Json& first = report["scenarios"][0];
  EXPECT_EQ(keys_of(first), (std::set<std::string>{
                                "name", "verdict", "crash_points", "crash_points_exact", "states_checked",
                                "by_media", "bounded", "sampled", "states_enumerated", "orders",
                                "simulated_ns", "violations", "warnings", "seconds", "digest", "outcomes"}));
  EXPECT_EQ(first["name"], "a[honest,fua]");
  EXPECT_EQ(first["verdict"], "pass");
  EXPECT_EQ(first["crash_points"], 3);
  EXPECT_EQ(first["crash_points_exact"], 2);
  EXPECT_EQ(first["states_checked"], std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(first["violations"], Json::array());
  EXPECT_EQ(first["seconds"], 0.25);
  EXPECT_EQ(first["digest"], "00ff");
  const Json& violations = report["scenarios"][1]["violations"];
  ASSERT_EQ(violations.size(), 2U);
  EXPECT_EQ(violations[1],
            (Json{{"invariant", "D1"}, {"words", "other words"}, {"token", "hf2-0-0-0-0-2."}}));
}

TEST(JsonReport, lists_warnings) {
  const ScenarioResult result = warned("a");
  EXPECT_EQ(Json::parse(to_json({&result, 1}))["scenarios"][0]["warnings"],
            Json::parse(R"([{"kind": "rewrite", "step": "write <root>", "barrier": "B2", "count": 2,
                             "event": 40}])"));
}

TEST(JsonReport, of_nothing_is_an_empty_list) {
  EXPECT_EQ(Json::parse(to_json({}))["scenarios"], Json::array());
}

TEST(JsonReport, has_a_note_only_where_there_is_something_to_say) {
  ScenarioResult result = passed();
  result.verdict = Verdict::vacuous;
  result.note = "why";
  EXPECT_EQ(Json::parse(to_json({&result, 1}))["scenarios"][0]["note"], "why");
}

TEST(JsonReport, keeps_any_bytes_of_a_name_from_breaking_it) {
  ScenarioResult result = failed();
  result.name = std::string("quote\" back\\ line\n nul\0 ", 24) + "bad \xff\xc3 end";
  result.violations[0].words = "\x01\x1f\x7f";
  const Json report = Json::parse(to_json({&result, 1}));
  EXPECT_TRUE(report["scenarios"][0]["name"].get<std::string>().starts_with(
      std::string_view("quote\" back\\ line\n nul\0 ", 24)));
  EXPECT_EQ(report["scenarios"][0]["violations"][0]["words"], "\x01\x1f\x7f");
}

TEST(Reports, never_say_a_time_that_is_no_number) {
  for (const double seconds : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    ScenarioResult result = passed();
    result.seconds = seconds;
    EXPECT_EQ(Json::parse(to_json({&result, 1}))["scenarios"][0]["seconds"], 0.0);
    EXPECT_NE(to_junit({&result, 1}).find("time=\"0.000\""), std::string::npos);
  }
}

TEST(JunitReport, escapes_what_xml_would_misread) {
  ScenarioResult result = failed();
  result.name = "<a>&\"b\"\t\x01";
  result.violations = {{"B1", "]]> </failure> & '", "token"}};
  const std::string report = to_junit({&result, 1});
  EXPECT_NE(report.find("name=\"&lt;a&gt;&amp;&quot;b&quot;  \""), std::string::npos) << report;
  EXPECT_NE(report.find("]]&gt; &lt;/failure&gt; &amp; '"), std::string::npos) << report;
  EXPECT_EQ(count_of(report, "</failure>"), 1U);
  EXPECT_EQ(report.find('\x01'), std::string::npos);
}

TEST(JunitReport, keeps_the_lines_of_a_failure_and_its_token) {
  const ScenarioResult result = failed();
  const std::string report = to_junit({&result, 1});
  EXPECT_NE(report.find("B1: words\n  token hf2-0-0-0-0-1.\nD1: other words\n  token hf2-0-0-0-0-2."),
            std::string::npos)
      << report;
}

TEST(JunitReport, counts_as_failures_what_did_not_go_as_expected) {
  std::vector<ScenarioResult> results(5, passed());
  results[1].verdict = Verdict::expected_fail;
  results[2].verdict = Verdict::fail;
  results[3].verdict = Verdict::vacuous;
  results[4].verdict = Verdict::inconclusive;
  const std::string report = to_junit(results);
  EXPECT_NE(report.find("tests=\"5\" failures=\"3\""), std::string::npos) << report;
  EXPECT_EQ(count_of(report, "<testcase "), 5U);
  EXPECT_EQ(count_of(report, "<failure "), 3U);
  EXPECT_TRUE(report.ends_with("</testsuite>\n"));
}

TEST(JunitReport, prints_warnings_and_counts_no_failure) {
  std::vector<ScenarioResult> results = {warned("a"), warned("b"), passed()};
  results[1].verdict = Verdict::fail;
  const std::string report = to_junit(results);
  EXPECT_NE(report.find("failures=\"1\""), std::string::npos) << report;
  EXPECT_EQ(count_of(report,
                     "<system-out>warning: rewrite: 'write &lt;root&gt;' for B2, 2 times, first at "
                     "event 40\n</system-out>"),
            2U)
      << report;
  EXPECT_EQ(count_of(report, "</testcase>"), 2U);
}

TEST(TextReport, sums_warnings_up_over_all_cases) {
  std::vector<ScenarioResult> results = {passed(), warned("b"), warned("c")};
  results[2].warnings.push_back({WarningKind::flush_of_nothing, "flush", "S5", 1, 7});
  const std::string report = to_text(results);
  EXPECT_NE(report.find("    flush-of-nothing: 'flush' for S5, 1 time in 1 case, first in c at event 7\n"
                        "    rewrite: 'write <root>' for B2, 4 times in 2 cases, first in b at event 40\n"),
            std::string::npos)
      << report;
  EXPECT_EQ(to_text({results.data(), 1}).find("warning"), std::string::npos);
}

TEST(TextReport, shows_the_token_of_a_failure_and_hides_that_of_an_expected_one) {
  std::vector<ScenarioResult> results = {failed(), failed()};
  results[1].verdict = Verdict::expected_fail;
  results[1].violations = {{"S1", "words", "the-expected-token"}};
  const std::string report = to_text(results);
  EXPECT_NE(report.find("token hf2-0-0-0-0-1."), std::string::npos) << report;
  EXPECT_EQ(report.find("the-expected-token"), std::string::npos) << report;
  EXPECT_NE(report.find("2 cases, 1 not as expected; 6 crash points (4 visited in every combination)"),
            std::string::npos)
      << report;
}

TEST(Verdict, only_a_pass_and_an_expected_failure_are_good) {
  EXPECT_TRUE(as_expected(Verdict::pass));
  EXPECT_TRUE(as_expected(Verdict::expected_fail));
  EXPECT_FALSE(as_expected(Verdict::fail));
  EXPECT_FALSE(as_expected(Verdict::vacuous));
  EXPECT_FALSE(as_expected(Verdict::inconclusive));
}

}  // namespace
}  // namespace holdfast::sim
