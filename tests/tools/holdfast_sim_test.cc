// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "holdfast/host/purpose.hh"

namespace holdfast {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Ended {
  int status = -1;
  std::string out;
  std::string err;
};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file system of its own for each test, and the tool.
class HoldfastSim : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "holdfast-sim-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directory(folder_ / "in");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / "in" / name, std::ios::binary) << text;
    return (folder_ / "in" / name).string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Ended call(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {HOLDFAST_SIM_TOOL};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t process = fork();
    if (process == 0) {
      if (std::freopen(path("out").c_str(), "w", stdout) == nullptr) _exit(126);
      if (std::freopen(path("err").c_str(), "w", stderr) == nullptr) _exit(126);
      execv(argv[0], argv.data());
      _exit(127);
    }
    int status = 0;
    waitpid(process, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(path("out")), content_of(path("err"))};
  }

  fs::path folder_;
};

std::string scenario(const std::string& name, const std::string& expect = R"({"violations": ["S3"]})",
                     const std::string& steps = R"({"store.format": {}})") {
  return R"({"scenario": ")" + name + R"(", "purpose": "p", "device": {"size": "1MiB"},
    "store": {"metadata_pages": 8}, "steps": [)" +
         steps + R"(], "disks": [{"name": "honest", "expect": "pass"},
    {"name": "lossy", "ignores": ["S3"], "expect": )" +
         expect + "}]}";
}
const char* const kUnexpected = "\"pass\"";

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in:\n" << text;
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

TEST_F(HoldfastSim, run_ends_with_0_if_everything_is_as_expected) {
  const Ended ended = call({"run", write("a.json", scenario("a"))});
  EXPECT_EQ(ended.status, 0) << ended.err;
  expect_contains(ended.out, "a[honest,no-fua]");
  expect_contains(ended.out, "expected-fail");
  expect_contains(ended.out, "4 cases, 0 not as expected");
  EXPECT_EQ(ended.err, "");
}

TEST_F(HoldfastSim, run_ends_with_1_if_something_is_not_as_expected) {
  const Ended violated = call({"run", write("a.json", scenario("a", kUnexpected))});
  EXPECT_EQ(violated.status, 1);
  expect_contains(violated.out, "S3: ");
  expect_contains(violated.out, "token hf2-");
  const std::string nothing = R"({"store.open": {}, "expect": "not_a_store"})";
  const Ended vacuous = call({"run", write("v.json", scenario("v", kUnexpected, nothing))});
  EXPECT_EQ(vacuous.status, 1);
  expect_contains(vacuous.out, "vacuous");
}

TEST_F(HoldfastSim, lint_checks_and_runs_nothing) {
  const std::string file = write("a.json", scenario("a", kUnexpected));
  const Ended ended = call({"lint", file});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "1 scenarios are well formed\n");
  write("schema.json", "{}");  // for editors: no scenario
  const Ended below = call({"lint", path("in")});
  EXPECT_EQ(below.out, "1 scenarios are well formed\n") << below.err;
  const std::string bad = write("b.json", "{\n  \"stepz\": 1}");
  const Ended refused = call({"lint", file, bad});
  EXPECT_EQ(refused.status, 2);
  expect_contains(refused.err, bad + ":2:3: unknown key \"stepz\"; did you mean \"steps\"?");
}

TEST_F(HoldfastSim, every_bad_input_ends_with_2_and_says_why) {
  const std::string good = write("good.json", scenario("good"));
  fs::create_directory(folder_ / "empty");
  std::ofstream(folder_ / "empty" / "notes.txt") << "no scenario";

  const Ended absent = call({"run", good, path("absent.json")});
  EXPECT_EQ(absent.status, 2);
  expect_contains(absent.err, path("absent.json") + ": this is not a file that can be read");
  EXPECT_EQ(absent.out, "") << "nothing runs while some input is bad";

  const Ended empty = call({"run", path("empty")});
  EXPECT_EQ(empty.status, 2);
  expect_contains(empty.err, "no scenario (*.json) below the given paths");

  const Ended device = call({"run", "/dev/null"});
  EXPECT_EQ(device.status, 2);

  const Ended usage = call({"run", good, "--jobz", "2"});
  EXPECT_EQ(usage.status, 2);
  EXPECT_EQ(call({}).status, 2);
  EXPECT_EQ(call({"run"}).status, 2);
  EXPECT_EQ(call({"run", good, "--seed", "x"}).status, 2);
  EXPECT_EQ(call({"--help"}).status, 0);
}

TEST_F(HoldfastSim, every_mistake_of_every_file_is_told_before_anything_runs) {
  write("a.json", "{\"scenario\": \"a\",\n \"purpose\": 1,\n \"steps\": []}");
  write("b.json", "{\"scenario\": ");
  write("c.json", scenario("c"));
  const Ended ended = call({"run", path("in")});
  EXPECT_EQ(ended.status, 2);
  expect_contains(ended.err, "a.json:2:13: \"purpose\" must be a string");
  expect_contains(ended.err, "a.json:3:11: this list of steps is empty");
  expect_contains(ended.err, "b.json:1:");
  expect_contains(ended.err, "syntax error");
  EXPECT_EQ(ended.out, "");
}

TEST_F(HoldfastSim, a_report_that_cannot_be_written_ends_with_2) {
  const std::string file = write("a.json", scenario("a"));
  for (const char* option : {"--json", "--junit"}) {
    for (const std::string& report : {path("no/such/folder/r"), path("in"), std::string("/dev/full")}) {
      const Ended ended = call({"run", file, option, report});
      EXPECT_EQ(ended.status, 2) << option << ' ' << report;
      expect_contains(ended.err, report + ": the report cannot be written");
    }
  }
}

TEST_F(HoldfastSim, several_seeds_are_told_of_in_one_report) {
  const std::string file = write("a.json", scenario("a"));
  const Ended ended = call({"run", file, "--seed", "3", "--seeds", "2", "--json", "-"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const Json report = Json::parse(ended.out);
  ASSERT_EQ(report["scenarios"].size(), 8U);
  EXPECT_EQ(report["scenarios"][0]["name"], "a[honest,no-fua] with seed 3");
  EXPECT_EQ(report["scenarios"][1]["name"], "a[honest,no-fua] with seed 4");
  const Json alone = Json::parse(call({"run", file, "--seed", "4", "--json", "-"}).out);
  EXPECT_EQ(alone["scenarios"][0]["digest"], report["scenarios"][1]["digest"]);
  EXPECT_EQ(call({"run", file, "--seeds", "0"}).status, 2);
}

TEST_F(HoldfastSim, json_on_standard_output_is_the_report_and_nothing_else) {
  const Ended ended = call({"run", write("a.json", scenario("a", kUnexpected)), "--json", "-"});
  EXPECT_EQ(ended.status, 1);
  const Json report = Json::parse(ended.out);
  ASSERT_EQ(report["scenarios"].size(), 4U);
  for (const Json& result : report["scenarios"]) {
    EXPECT_EQ(
        keys_of(result),
        (std::set<std::string>{"name", "verdict", "crash_points", "crash_points_exact", "states_checked",
                               "by_media", "bounded", "sampled", "states_enumerated", "orders",
                               "simulated_ns", "violations", "warnings", "seconds", "digest", "outcomes"}));
    EXPECT_TRUE(result["crash_points"].is_number_unsigned());
    EXPECT_TRUE(result["crash_points_exact"].is_number_unsigned());
    EXPECT_TRUE(result["states_checked"].is_number_unsigned());
    EXPECT_TRUE(result["seconds"].is_number());
    EXPECT_TRUE(result["digest"].is_string());
    for (const Json& violation : result["violations"]) {
      EXPECT_EQ(keys_of(violation), (std::set<std::string>{"invariant", "words", "token"}));
    }
  }
  EXPECT_EQ(report["scenarios"][0]["verdict"], "pass");
  EXPECT_EQ(report["scenarios"][2]["verdict"], "fail");
  EXPECT_EQ(report["scenarios"][2]["violations"][0]["invariant"], "S3");
  expect_contains(ended.err, "4 cases");
}

TEST_F(HoldfastSim, the_report_does_not_depend_on_the_number_of_processes) {
  std::vector<Json> reports;
  for (const char* jobs : {"1", "4", "64", "0"}) {
    const std::string file = path(std::string("report-") + jobs);
    const Ended ended = call({"run", HOLDFAST_SCENARIOS "/teeth", "--jobs", jobs, "--json", file});
    EXPECT_EQ(ended.status, 0) << ended.err;
    Json report = Json::parse(content_of(file));
    for (Json& result : report["scenarios"]) EXPECT_EQ(result.erase("seconds"), 1U);
    reports.push_back(std::move(report));
  }
  EXPECT_GT(reports[0]["scenarios"].size(), 20U);
  for (const Json& report : reports) EXPECT_EQ(report, reports[0]);
}

TEST_F(HoldfastSim, junit_is_written_beside_json) {
  const Ended ended = call({"run", write("a.json", scenario("a & b", kUnexpected)), "--json", path("r.json"),
                            "--junit", path("r.xml")});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(Json::parse(content_of(path("r.json")))["scenarios"].size(), 4U);
  expect_contains(content_of(path("r.xml")), "tests=\"4\" failures=\"2\"");
  expect_contains(content_of(path("r.xml")), "a &amp; b[lossy,fua]");
}

TEST_F(HoldfastSim, replay_ends_with_1_and_names_the_invariant) {
  const std::string file = write("a.json", scenario("a"));
  const Json report = Json::parse(call({"run", file, "--json", "-"}).out);
  const Json violation = report["scenarios"][2]["violations"][0];
  const Ended ended = call({"replay", file, violation["token"]});
  EXPECT_EQ(ended.status, 1) << ended.err;
  expect_contains(ended.out, "a[lossy,no-fua]");
  expect_contains(ended.out, "S3: " + violation["words"].get<std::string>());
}

TEST_F(HoldfastSim, replay_of_what_is_no_token_of_this_scenario_ends_with_2) {
  const std::string file = write("a.json", scenario("a"));
  const std::string other = write("b.json", scenario("b"));
  const Json report = Json::parse(call({"run", file, "--json", "-"}).out);
  const std::string token = report["scenarios"][2]["violations"][0]["token"];
  const Ended changed = call({"replay", other, token});
  EXPECT_EQ(changed.status, 2);
  expect_contains(changed.err, "it was changed");
  EXPECT_EQ(call({"replay", file, "rubbish"}).status, 2);
  EXPECT_EQ(call({"replay", path("absent.json"), token}).status, 2);
  EXPECT_EQ(call({"replay", file}).status, 2);
}

TEST_F(HoldfastSim, shrink_writes_a_regression_that_runs_and_is_explained) {
  const std::string file = write("a.json", scenario("a"));
  const Json report = Json::parse(call({"run", file, "--json", "-"}).out);
  const std::string token = report["scenarios"][2]["violations"][0]["token"];
  const std::string regression = path("regression.json");
  const Ended shrunk = call({"shrink", file, token, "--emit-regression", regression});
  EXPECT_EQ(shrunk.status, 0) << shrunk.err;
  expect_contains(shrunk.out, "1 steps, 1 power cut(s), 1 pieces lost or torn");
  const Ended ran = call({"run", regression});
  EXPECT_EQ(ran.status, 0) << ran.out;
  expect_contains(ran.out, "a-shrunk[lossy,no-fua]");

  const std::string command = "holdfast-sim explain " + regression + " ";
  const std::size_t begin = shrunk.out.find(command);
  ASSERT_NE(begin, std::string::npos) << shrunk.out;
  const std::string its_token =
      shrunk.out.substr(begin + command.size(), shrunk.out.find('\n', begin) - begin - command.size());
  const Ended explained = call({"explain", regression, its_token});
  EXPECT_EQ(explained.status, 1) << explained.err;
  expect_contains(explained.out, "S3 is broken");
  expect_contains(explained.out, "First wrong field");
  expect_contains(explained.out, "S3 stands there");
}

TEST_F(HoldfastSim, shrink_prints_the_scenario_if_no_file_is_named) {
  const std::string file = write("a.json", scenario("a"));
  const Json report = Json::parse(call({"run", file, "--json", "-"}).out);
  const Ended ended = call({"shrink", file, report["scenarios"][2]["violations"][0]["token"]});
  EXPECT_EQ(ended.status, 0) << ended.err;
  expect_contains(ended.out, "\"scenario\": \"a-shrunk\"");
}

TEST_F(HoldfastSim, shrink_and_explain_refuse_bad_input_with_2) {
  const std::string file = write("a.json", scenario("a"));
  const Json report = Json::parse(call({"run", file, "--json", "-"}).out);
  const std::string token = report["scenarios"][2]["violations"][0]["token"];
  for (const char* command : {"shrink", "explain"}) {
    EXPECT_EQ(call({command, file, "rubbish"}).status, 2) << command;
    EXPECT_EQ(call({command, path("absent.json"), token}).status, 2) << command;
    EXPECT_EQ(call({command, file}).status, 2) << command;
    const Ended other = call({command, write("b.json", scenario("b")), token});
    EXPECT_EQ(other.status, 2) << command;
    expect_contains(other.err, "it was changed");
  }
  const Ended unwritten = call({"shrink", file, token, "--emit-regression", path("no/such/folder/r.json")});
  EXPECT_EQ(unwritten.status, 2);
  expect_contains(unwritten.err, "the scenario cannot be written");
}

TEST_F(HoldfastSim, the_library_of_scenarios_runs_as_expected_and_every_tooth_bites) {
  const Ended ended = call({"run", HOLDFAST_SCENARIOS, "--jobs", "2", "--json", path("report.json")});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  const Json report = Json::parse(content_of(path("report.json")));
  EXPECT_GT(report["scenarios"].size(), 50U);
  std::set<std::string> broken;
  for (const Json& result : report["scenarios"]) {
    EXPECT_GT(result["states_checked"], 0) << result["name"];
    for (const Json& violation : result["violations"]) broken.insert(violation["invariant"]);
  }
  // F1 where a disk rots what has no checksum, F4 where data of such a volume lands on another chunk, F2
  // where a map file rots and does not say so.
  std::set<std::string> expected = {"F1", "F2", "F4"};
  for (const Barrier barrier : kBarriers) expected.insert(name_of(barrier));
  EXPECT_EQ(broken, expected);
}

}  // namespace
}  // namespace holdfast
