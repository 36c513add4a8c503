// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "holdfast/sim/runner.hh"
#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

// The lazy search leaves out what recovery cannot tell apart. That it leaves out nothing else is shown by
// visiting all of it: in each class of scenarios the same must be found. ci/searches compares the library.
struct ScenarioClass {
  const char* name;
  std::string text;
};
void PrintTo(const ScenarioClass& each, std::ostream* out) { *out << each.name; }

constexpr std::string_view kBlobs = R"("setup": [{"store.format": {}}, {"store.open": {}},
    {"blob.create": {"name": "a", "clusters": 2, "xattrs": {"k": {"bytes": 3000}}}}],
  "after": [{"blob.create": {"name": "z", "clusters": 1}}],)";
constexpr std::string_view kTearing =
    R"("device": {"size": "512KiB", "block_size": 512, "atomic_write": 512, "fua": true},
  "store": {"cluster_size": "16KiB", "metadata_pages": 8},
  "crash": {"nested": 0, "states_per_point": 20000},)";
constexpr std::string_view kTwoChunks =
    R"("device": {"size": "2112KiB", "fua": true}, "volume": {"memory": ["persistent", "mapped"]},
  "crash": {"nested": 0},
  "setup": [{"volume.create": {}}, {"volume.open": {}}, {"volume.write": {"length": "16KiB"}}],)";

std::vector<ScenarioClass> classes() {
  const std::string small(kSmall);
  const std::string blobs(kBlobs);
  return {
      {"metadata", scenario_text(small + blobs, R"({"blob.create": {"name": "b", "clusters": 1}},
         {"blob.set_xattr": {"blob": "a", "name": "l", "value": {"bytes": 3000}}},
         {"blob.sync": {"blob": "a"}},
         {"blob.delete": {"blob": "b"}}, {"store.close": {}})")},
      {"data", scenario_text(small + blobs, R"({"io.write": {"blob": "a", "length": "8KiB"}},
         {"io.write": {"blob": "a", "offset": "4KiB", "length": "4KiB"}}, {"io.flush": {"blob": "a"}})")},
      {"thin", scenario_text(small + blobs, R"({"blob.create": {"name": "t", "clusters": 3, "thin": true}},
         {"parallel": [{"io.write": {"blob": "t", "length": "4KiB"}},
                       {"io.write": {"blob": "t", "offset": "16KiB", "length": "4KiB"}}]})")},
      {"torn", scenario_text(std::string(kTearing) + blobs, R"(
         {"blob.set_xattr": {"blob": "a", "name": "l", "value": {"bytes": 2000}}},
         {"blob.sync": {"blob": "a"}},
         {"blob.delete": {"blob": "a"}})")},
      {"volume", scenario_text(kTwoChunks, R"({"volume.write": {"length": "16KiB"}},
         {"volume.unmap": {"length": "16KiB"}}, {"volume.close": {}})")},
  };
}

Scenario parse_file(const std::string& name) {
  std::ifstream file(HOLDFAST_SCENARIOS "/" + name + ".json");
  return parse_well({std::istreambuf_iterator<char>(file), {}});
}

class Searching : public testing::TestWithParam<ScenarioClass> {};

TEST_P(Searching, FindsLazilyWhatItFindsInEveryCombination) {
  const Scenario scenario = parse_well(GetParam().text);
  for (std::size_t i = 0; i < cases_of(scenario).size(); ++i) {
    const ScenarioResult plain = run_case(scenario, i, {.search = Search::plain});
    const ScenarioResult lazy = run_case(scenario, i, {.search = Search::lazy});
    EXPECT_EQ(plain.verdict, Verdict::pass) << plain.note;
    EXPECT_EQ(plain.crash_points, plain.crash_points_exact);
    EXPECT_EQ(lazy.crash_points, lazy.crash_points_exact);
    EXPECT_LE(lazy.states_checked, plain.states_checked);
    EXPECT_EQ(lazy.outcomes, plain.outcomes) << lazy.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Classes, Searching, testing::ValuesIn(classes()),
                         [](const auto& test) { return std::string(test.param.name); });

// A file of each folder of the library; all that a case has that is not visited in every combination is not
// compared, and it must not be everything.
class SearchingTheLibrary : public testing::TestWithParam<const char*> {};

TEST_P(SearchingTheLibrary, FindsLazilyWhatItFindsInEveryCombination) {
  const Scenario scenario = parse_file(GetParam());
  std::size_t compared = 0;
  for (std::size_t i = 0; i < cases_of(scenario).size(); ++i) {
    const ScenarioResult plain = run_case(scenario, i, {.search = Search::plain});
    if (plain.crash_points != plain.crash_points_exact) continue;
    const ScenarioResult lazy = run_case(scenario, i, {.search = Search::lazy});
    EXPECT_EQ(lazy.verdict, plain.verdict) << lazy.name << ": " << lazy.note;
    EXPECT_EQ(lazy.crash_points, lazy.crash_points_exact) << lazy.name;
    EXPECT_EQ(lazy.outcomes, plain.outcomes) << lazy.name;
    ++compared;
  }
  EXPECT_GT(compared, 0U);
}

INSTANTIATE_TEST_SUITE_P(Folders, SearchingTheLibrary,
                         testing::Values("blob/commits-at-once", "data/write-and-flush", "faults/memory-rot",
                                         "faults/rot-of-metadata", "foreign/whole-left",
                                         "memory/one-bad-chunk", "process/killed-after-root",
                                         "profiles/hdd-512e", "races/two-commits",
                                         "regress/delete-of-a-chain", "stacked/first-writes", "store/destroy",
                                         "teeth/B1-chain-before-root", "thin/two-writers-of-one-cluster",
                                         "torn/delete", "volume/two-writers-of-one-chunk"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(name, [](char c) { return c == '/' || c == '-'; }, '_');
                           return name;
                         });

TEST(SearchResult, TellsBySmallerOutcomesThatSomethingWasLeftOut) {
  const std::string members = std::string(kSmall) + std::string(kBlobs);
  const std::string sampled = R"("crash": {"states_per_point": 2},)" + members;
  const Scenario all = parse_well(classes()[1].text);
  const ScenarioResult exact = run_case(all, 0, {.search = Search::plain});
  const Scenario some = parse_well(scenario_text(sampled, R"({"io.write": {"blob": "a", "length": "8KiB"}},
         {"io.write": {"blob": "a", "offset": "4KiB", "length": "4KiB"}}, {"io.flush": {"blob": "a"}})"));
  const ScenarioResult part = run_case(some, 0, {.search = Search::plain});
  EXPECT_LT(part.crash_points_exact, part.crash_points);
  EXPECT_NE(part.outcomes, exact.outcomes);
}

}  // namespace
}  // namespace holdfast::sim
