// SPDX-License-Identifier: BSD-3-Clause
// What reads may return while the power is on.
#include <gtest/gtest.h>

#include "model/versions.hh"
#include "model/volume_model.hh"
#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

constexpr Tag kFirst = 1;
constexpr Tag kSecond = 2;

TEST(Reads, OfABlockShowWhatCompletedLastDurableOrNot) {
  BlockVersions block(kZeroes);
  block.begin(1, kFirst);
  EXPECT_TRUE(block.shows(kZeroes, 1)) << "it is in progress";
  EXPECT_TRUE(block.shows(kFirst, 1));
  block.complete(1, 2);
  EXPECT_TRUE(block.allows(kZeroes)) << "after a power cut";
  EXPECT_FALSE(block.shows(kZeroes, 2));
  EXPECT_TRUE(block.shows(kZeroes, 1)) << "to a read that began before";
}

TEST(Reads, OfABlockShowEitherOfTwoWritesThatWereInProgressTogether) {
  BlockVersions block(kZeroes);
  block.begin(1, kFirst);
  block.begin(2, kSecond);
  block.complete(2, 3);
  block.complete(1, 4);
  EXPECT_TRUE(block.shows(kFirst, 4));
  EXPECT_TRUE(block.shows(kSecond, 4));
  EXPECT_FALSE(block.shows(kZeroes, 4));
}

TEST(Reads, OfABlockShowWhatLiesUnderAWriteThatFailed) {
  BlockVersions block(kFirst);
  block.begin(1, kSecond);
  block.fail(1, 2);
  EXPECT_TRUE(block.shows(kFirst, 2));
  EXPECT_TRUE(block.shows(kSecond, 2));
  block.begin(3, kZeroes);
  block.complete(3, 4);
  EXPECT_FALSE(block.shows(kSecond, 4));
}

TEST(Reads, OfAChunkShowTheNewestOfItsWritesInTheirOrder) {
  ChunkVersions chunk({kZeroes, kZeroes});
  chunk.begin(1, {kFirst, kZeroes});
  chunk.begin(2, {kFirst, kSecond});
  chunk.complete(1, 3);
  EXPECT_FALSE(chunk.shows(ChunkTags{kZeroes}, 0, 3));
  EXPECT_TRUE(chunk.shows(ChunkTags{kZeroes}, 1, 3)) << "the second write is in progress";
  chunk.complete(2, 4);
  EXPECT_FALSE(chunk.shows(ChunkTags{kZeroes}, 1, 4));
  EXPECT_TRUE(chunk.shows(ChunkTags{kFirst, kSecond}, 0, 4));
}

// A stale read is a step gone wrong, whatever errors the step may end with.
TEST(Reads, OfWhatIsNotThereAnyMoreAreNotExcused) {
  const std::string steps = R"({"io.write": {"blob": "abc", "length": "4KiB"}},
      {"io.write": {"blob": "abc", "length": "4KiB"}}, {"io.read": {"blob": "abc", "length": "4KiB"},
       "may_fail": true})";
  const std::string disks =
      R"("device": {"size": "1MiB", "fua": true}, "store": {"cluster_size": "16KiB", "metadata_pages": 8},
         "disks": [{"name": "honest", "expect": "pass"}, {"name": "stale", "expect": "pass",
           "faults": [{"kind": "stale_read", "step": "user data", "contract": "detectable"}]}],)";
  const std::vector<ScenarioResult> results = run_all(parse_well(with_blob_steps(steps, disks)));
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].verdict, Verdict::pass) << results[0].note;
  EXPECT_EQ(results[1].verdict, Verdict::fail);
  EXPECT_NE(results[1].note.find("never held, or holds no more"), std::string::npos) << results[1].note;
}

std::string in_a_volume(std::string_view disks, std::string_view steps) {
  return scenario_text(
      std::string(kVolume) + R"("setup": [{"volume.create": {}}, {"volume.open": {}}],)" + std::string(disks),
      steps);
}

TEST(Reads, OfAVolumeShowWhatWasWritten) {
  const std::string text =
      in_a_volume("", R"({"volume.write": {"length": "16KiB"}}, {"volume.read": {"length": "16KiB"}},
             {"volume.write": {"offset": "4KiB", "length": "8KiB"}}, {"volume.read": {"length": "32KiB"}},
             {"volume.unmap": {"length": "16KiB"}}, {"volume.read": {"length": "16KiB"}})");
  const ScenarioResult result = run_case(parse_well(text), 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.note;
}

// Data that do not get smaller are stored as they are: without checksums nobody notices what becomes of them.
TEST(Reads, OfAVolumeAreHeldToWhatWasWritten) {
  const std::string text = in_a_volume(
      R"("disks": [{"name": "honest", "expect": "pass"}, {"name": "rots", "expect": "pass",
           "faults": [{"kind": "rot", "op": "write", "step": "write units", "contract": "power"}]}],)",
      R"({"volume.write": {"length": "16KiB", "content": "dense"}}, {"volume.read": {"length": "16KiB"}})");
  const Scenario scenario = parse_well(text);
  const ScenarioResult result = run_case(cases_of(scenario).back(), {});
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_NE(result.note.find("this chunk never held, or holds no more"), std::string::npos) << result.note;
}

}  // namespace
}  // namespace holdfast::sim
