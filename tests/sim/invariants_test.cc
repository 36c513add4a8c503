// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/invariants.hh"

#include <gtest/gtest.h>

#include <algorithm>

#include "holdfast/sim/runner.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

// One story that keeps its promises on an honest disk, and breaks exactly this invariant
// on a disk that ignores its barrier.
struct Tooth {
  std::string invariant;
  std::string setup;
  std::string steps;
  bool fua = true;
  std::string device = {};  // more of its members
};
void PrintTo(const Tooth& tooth, std::ostream* out) { *out << tooth.invariant; }

class AnInvariant : public testing::TestWithParam<Tooth> {};

const std::string kFormat = R"({"store.format": {}})";
const std::string kOpen = R"({"store.format": {}}, {"store.open": {}})";
const std::string kBlob =
    kOpen + R"(, {"blob.create": {"name": "a", "clusters": 1, "xattrs": {"k": "old"}}})";
const std::string kLong = R"("first": {"bytes": 3000}, "second": {"bytes": 3000})";
const std::string kChains = kOpen + R"(, {"blob.create": {"name": "a", "xattrs": {)" + kLong +
                            R"(}}}, {"blob.create": {"name": "b"}})";
const std::string kReuse = R"({"blob.set_xattr": {"blob": "b", "name": "third", "value": {"bytes": 3000}}},
    {"blob.set_xattr": {"blob": "b", "name": "fourth", "value": {"bytes": 3000}}},
    {"blob.sync": {"blob": "b"}})";

Scenario scenario_of(const Tooth& tooth) {
  const bool volume = tooth.steps.find("volume.") != std::string::npos;
  const std::string subject =
      volume ? R"("volume": {"chunk_size": "4KiB", "unit_size": "4KiB", "memory": "mapped"},
                  "crash": {"nested": 0, "states_per_point": 64})"
             : R"("store": {"cluster_size": "16KiB", "metadata_pages": 8})";
  const std::string size = volume ? "2560KiB" : "1MiB";
  std::string members = R"("device": {"size": ")" + size + R"(", "fua": )" +
                        std::string(tooth.fua ? "true" : "false") + tooth.device + "}, " + subject +
                        R"(, "disks": [
      {"name": "honest", "expect": "pass"}, {"name": "lossy", "ignores": [")" +
                        tooth.invariant + R"("], "expect": {"violations": [")" + tooth.invariant + "\"]}}],";
  if (!tooth.setup.empty()) members += "\"setup\": [" + tooth.setup + "],";
  return parse_well(scenario_text(members, tooth.steps));
}

TEST_P(AnInvariant, holds_on_an_honest_disk) {
  const ScenarioResult result = run_case(scenario_of(GetParam()), 0, {});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.note;
  EXPECT_TRUE(result.violations.empty());
}

TEST_P(AnInvariant, and_no_other_breaks_on_a_disk_that_ignores_its_barrier) {
  const Scenario scenario = scenario_of(GetParam());
  const ScenarioResult result = run_case(scenario, 1, {});
  EXPECT_EQ(result.verdict, Verdict::expected_fail) << result.note;
  ASSERT_EQ(result.violations.size(), 1U);
  EXPECT_EQ(result.violations[0].invariant, GetParam().invariant);
  EXPECT_FALSE(result.violations[0].words.empty());
  const auto again = replay(scenario, result.violations[0].token);
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_NE(again->text.find(GetParam().invariant + ": " + result.violations[0].words), std::string::npos)
      << again->text;
}

const Tooth kTeeth[] = {
    {"S1", kBlob + R"(, {"store.close": {}})", R"({"store.format": {"force": true}})"},
    {"S2", kBlob + R"(, {"store.close": {}})", R"({"store.format": {"force": true}})"},
    {"S3", "", kFormat},
    {"S4", kBlob + R"(, {"store.close": {}}, {"store.open": {}})", R"({"blob.create": {"name": "b"}})"},
    {"S5", kOpen, R"({"blob.create": {"name": "a", "clusters": 2}}, {"store.close": {}})"},
    {"S6", kBlob, R"({"store.close": {}})"},
    {"S7", kBlob, R"({"store.set_super_blob": {"blob": "a"}})"},
    {"R1", kChains,
     R"({"blob.set_xattr": {"blob": "a", "name": "first", "value": "short"}},
        {"blob.sync": {"blob": "a"}, "kill_after": "write root"}, {"store.open": {}}, )" +
         kReuse,
     false},
    {"B1", kOpen, R"({"blob.create": {"name": "a", "clusters": 1, "xattrs": {)" + kLong + "}}}"},
    {"B2", kBlob,
     R"({"blob.set_xattr": {"blob": "a", "name": "k", "value": "new"}}, {"blob.sync": {"blob": "a"}})"},
    {"B3", kBlob, R"({"blob.delete": {"blob": "a"}})"},
    {"B4", kBlob + R"(, {"store.close": {}})",
     R"({"store.open": {}}, {"blob.set_xattr": {"blob": "a", "name": "k", "value": "new"}},
        {"blob.sync": {"blob": "a"}})",
     true, R"(, "block_size": 512, "atomic_write": 512, "setup_atomic_write": 4096)"},
    {"D1", kBlob, R"({"io.write": {"blob": "a", "length": "4KiB"}}, {"io.flush": {"blob": "a"}})"},
};
const std::string kCreate = R"({"volume.create": {}})";
const std::string kVolume = kCreate + R"(, {"volume.open": {}})";
const std::string kWrite = R"({"volume.write": {"length": "4KiB"}})";
const std::string kWriteNext = R"({"volume.write": {"offset": "4KiB", "length": "4KiB"}})";
// The entries of 512 chunks fill a page of the map file, so that what is persisted beside it does not save
// it.
const Tooth kVolumeTeeth[] = {
    {"V1", kCreate, R"({"volume.create": {"replace": true}})"},
    {"V2", "", kCreate},
    {"V3", "", kCreate},
    {"V4", "", kCreate},
    {"V5", kVolume, kWrite},
    {"V6", kVolume + "," + kWrite + R"(, {"volume.close": {}}, {"volume.open": {}})",
     R"({"volume.unmap": {"length": "4KiB"}})"},
    {"V7", kVolume + "," + kWrite + "," + kWrite, R"({"volume.close": {}})"},
    {"V8", kVolume + "," + kWrite, R"({"volume.close": {}})"},
    {"C1", kVolume, kWrite, false},
    {"C2", kVolume, kWrite},
    {"C3", kVolume + "," + kWrite, kWrite + "," + kWriteNext},
    {"R2", kVolume + "," + kWrite,
     R"({"volume.write": {"length": "4KiB"}, "kill_after": "persist"}, {"volume.open": {}}, )" + kWriteNext},
};
constexpr auto name_of_tooth = [](const auto& info) { return info.param.invariant; };
INSTANTIATE_TEST_SUITE_P(Tooth, AnInvariant, testing::ValuesIn(kTeeth), name_of_tooth);
INSTANTIATE_TEST_SUITE_P(ToothOfAVolume, AnInvariant, testing::ValuesIn(kVolumeTeeth), name_of_tooth);

TEST(Invariants, every_barrier_has_a_tooth_here) {
  for (const Barrier barrier : kBarriers) {
    const auto is_its = [barrier](const Tooth& tooth) { return tooth.invariant == name_of(barrier); };
    EXPECT_TRUE(std::ranges::any_of(kTeeth, is_its) || std::ranges::any_of(kVolumeTeeth, is_its))
        << name_of(barrier);
  }
}

// No barrier of a disk breaks A1 or A2 alone: what does is put together here.
class AnExamination : public testing::Test {
 protected:
  Examination state() const { return {media_, trace_, model_, raw_, found_}; }
  void add_blob(uint64_t id, std::vector<ClusterIndex> clusters) {
    BlobRecord record;
    record.id = BlobId{id};
    record.clusters = std::move(clusters);
    raw_.replayed.blobs.push_back(std::move(record));
  }

  simdisk::Media media_{1 << 20};
  Trace trace_{4096, {}};
  Model model_;
  RawStore raw_;
  Found found_;
};

TEST_F(AnExamination, of_an_empty_disk_breaks_nothing) { EXPECT_FALSE(first_broken(state()).has_value()); }

TEST_F(AnExamination, with_a_cluster_that_two_blobs_own_breaks_A1) {
  add_blob(7, {ClusterIndex{3}, ClusterIndex{0}});
  add_blob(8, {ClusterIndex{4}, ClusterIndex{0}});
  EXPECT_EQ(check_A1(state()), std::nullopt);
  add_blob(9, {ClusterIndex{5}, ClusterIndex{3}});
  EXPECT_EQ(check_A1(state()), "cluster 3 belongs to blobs 0x7 and 0x9");
  EXPECT_STREQ(first_broken(state())->invariant, "A1");
}

TEST_F(AnExamination, with_a_blob_that_owns_a_cluster_twice_breaks_A1) {
  add_blob(7, {ClusterIndex{3}, ClusterIndex{3}});
  EXPECT_EQ(check_A1(state()), "cluster 3 belongs to blobs 0x7 and 0x7");
}

TEST_F(AnExamination, with_an_intact_superblock_and_a_store_that_does_not_open_breaks_A2) {
  found_.open_error = Error{.code = Errc::corrupt};
  EXPECT_EQ(check_A2(state()), std::nullopt) << "there is no superblock: nothing has to open";
  raw_.super = CheckedSuper{};
  EXPECT_TRUE(check_A2(state())->starts_with("the store does not open: corrupt"));
}

TEST_F(AnExamination, with_a_damaged_blob_breaks_A2) {
  raw_.replayed.damaged.push_back({BlobId{5}, Error{.code = Errc::corrupt, .byte = 4096, .reason = "torn"}});
  EXPECT_EQ(check_A1(state()), std::nullopt) << "damage at a place is no shared page";
  EXPECT_NE(check_A2(state())->find("torn"), std::string::npos);
}

TEST_F(AnExamination, with_a_blob_that_nobody_created_or_that_lost_its_name_breaks_A2) {
  model_.create_begins("a", {}, 0);
  found_.blobs["a"] = {};
  EXPECT_EQ(check_A2(state()), std::nullopt);
  found_.blobs["b"] = {};
  EXPECT_EQ(check_A2(state()), "blob 'b' was never created in this store");
  found_.strangers.push_back(BlobId{16});
  EXPECT_EQ(check_A2(state()), "blob 0x10 has lost its name");
}

// A foreign program flushes nothing: what it touched may be damaged, and nothing else.
class AnExaminationAfterAForeignProgram : public AnExamination {
 protected:
  AnExaminationAfterAForeignProgram() {
    const std::byte super{1};
    media_.write(0, {&super, 1}, 2);
    model_.format_ends(model_.format_begins(1), true);
    raw_.super = CheckedSuper{};
    for (const char* name : {"touched", "other"}) {
      model_.change_ends(name, model_.create_begins(name, {}, 1), true);
      found_.blobs[name].blocks.push_back(kZeroes);
    }
    model_.foreign_begins(false);
    model_.foreign_touches("touched", 5);
  }
  void damage(uint64_t id, uint64_t byte) {
    raw_.replayed.damaged.push_back({BlobId{id}, Error{.code = Errc::corrupt, .byte = byte}});
  }
  bool unbroken() const { return !first_broken(state()).has_value(); }
};

TEST_F(AnExaminationAfterAForeignProgram, may_show_what_it_touched_in_any_state) {
  EXPECT_TRUE(unbroken());
  found_.blobs["touched"].state.clusters = 7;
  found_.blobs["touched"].blocks = {kForeign};
  found_.strangers.push_back(BlobId{5});
  EXPECT_TRUE(unbroken());
  found_.blobs.erase("touched");
  damage(5, 4096);
  damage(5, Error::kNowhere);
  EXPECT_TRUE(unbroken());
}

TEST_F(AnExaminationAfterAForeignProgram, must_not_show_damage_of_another_blob) {
  damage(5, Error::kNowhere);
  damage(6, Error::kNowhere);
  EXPECT_EQ(check_A1(state()), "blob 0x6 shares a page or cluster");
  EXPECT_TRUE(check_A2(state()).has_value());
}

TEST_F(AnExaminationAfterAForeignProgram, must_show_every_other_blob_as_it_was) {
  damage(5, 4096);
  found_.blobs["other"].blocks = {kForeign};
  EXPECT_TRUE(check_B1(state()).has_value());
  EXPECT_TRUE(check_D1(state()).has_value());
  found_.blobs["other"].state.clusters = 7;
  EXPECT_TRUE(check_B2(state()).has_value());
  found_.blobs.erase("other");
  EXPECT_EQ(check_B2(state()), "blob 'other' was acknowledged and is not there");
}

TEST_F(AnExaminationAfterAForeignProgram, may_show_a_torn_superblock_that_open_names) {
  found_.blobs.clear();
  raw_.super = Error{.code = Errc::corrupt};
  EXPECT_EQ(check_A2(state()), "the store opens without a valid superblock");
  found_.open_error = Error{.code = Errc::no_resources};
  EXPECT_NE(check_A2(state())->find("open ends otherwise"), std::string::npos);
  found_.open_error = Error{.code = Errc::corrupt};
  EXPECT_TRUE(unbroken());
}

TEST_F(AnExaminationAfterAForeignProgram, is_as_strict_as_ever_once_the_engine_has_opened_the_store) {
  model_.foreign_ends(true);
  model_.open_acknowledged();
  damage(5, 4096);
  EXPECT_TRUE(check_A2(state()).has_value());
  found_.blobs["touched"].blocks = {kForeign};
  EXPECT_TRUE(check_D1(state()).has_value());
  raw_.super = Error{.code = Errc::corrupt};
  EXPECT_TRUE(check_S3(state()).has_value());
}

TEST_F(AnExaminationAfterAForeignProgram, is_strict_after_each_operation_where_pages_are_durable_at_once) {
  model_.foreign_ends(false);
  model_.open_acknowledged();
  model_.foreign_begins(true);
  model_.foreign_touches("touched", 5);
  damage(5, 4096);
  EXPECT_TRUE(unbroken());
  model_.foreign_operation_ends();
  EXPECT_FALSE(unbroken());
}

}  // namespace
}  // namespace holdfast::sim
