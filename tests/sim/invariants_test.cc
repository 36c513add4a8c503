// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/invariants.hh"

#include <gtest/gtest.h>

#include "sim/handmade.hh"

namespace holdfast::sim {
namespace {

class AnExamination : public testing::Test, protected HandmadeStore {};

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
  found.open_error = Error{.code = Errc::corrupt};
  EXPECT_EQ(check_A2(state()), std::nullopt) << "there is no superblock: nothing has to open";
  raw.super = CheckedSuper{};
  EXPECT_TRUE(check_A2(state())->starts_with("the store does not open: corrupt"));
}

TEST_F(AnExamination, with_a_damaged_blob_breaks_A2) {
  raw.replayed.damaged.push_back({BlobId{5}, Error{.code = Errc::corrupt, .byte = 4096, .reason = "torn"}});
  EXPECT_EQ(check_A1(state()), std::nullopt) << "damage at a place is no shared page";
  EXPECT_NE(check_A2(state())->find("torn"), std::string::npos);
}

TEST_F(AnExamination, with_a_blob_that_nobody_created_or_that_lost_its_name_breaks_A2) {
  model.create_begins("a", {}, 0);
  found.blobs["a"] = {};
  EXPECT_EQ(check_A2(state()), std::nullopt);
  found.blobs["b"] = {};
  EXPECT_EQ(check_A2(state()), "blob 'b' was never created in this store");
  found.strangers.push_back(BlobId{16});
  EXPECT_EQ(check_A2(state()), "blob 0x10 has lost its name");
}

// A foreign program flushes nothing: what it touched may be damaged, and nothing else.
class AnExaminationAfterAForeignProgram : public AnExamination {
 protected:
  AnExaminationAfterAForeignProgram() {
    const std::byte super{1};
    media.write(0, {&super, 1}, 2);
    model.format_ends(model.format_begins(1), Ending::acknowledged);
    raw.super = CheckedSuper{};
    for (const char* name : {"touched", "other"}) {
      model.change_ends(name, model.create_begins(name, {}, 1), Ending::acknowledged);
      found.blobs[name].blocks.push_back(kZeroes);
    }
    model.foreign_begins(false);
    model.foreign_touches("touched", 5);
  }
  void damage(uint64_t id, uint64_t byte) {
    raw.replayed.damaged.push_back({BlobId{id}, Error{.code = Errc::corrupt, .byte = byte}});
  }
  bool unbroken() const { return !first_broken(state()).has_value(); }
};

TEST_F(AnExaminationAfterAForeignProgram, may_show_what_it_touched_in_any_state) {
  EXPECT_TRUE(unbroken());
  found.blobs["touched"].state.clusters = 7;
  found.blobs["touched"].blocks = {kForeign};
  found.strangers.push_back(BlobId{5});
  EXPECT_TRUE(unbroken());
  found.blobs.erase("touched");
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
  found.blobs["other"].blocks = {kForeign};
  EXPECT_TRUE(check_B1(state()).has_value());
  EXPECT_TRUE(check_D1(state()).has_value());
  found.blobs["other"].state.clusters = 7;
  EXPECT_TRUE(check_B2(state()).has_value());
  found.blobs.erase("other");
  EXPECT_EQ(check_B2(state()), "blob 'other' was acknowledged and is not there");
}

TEST_F(AnExaminationAfterAForeignProgram, may_show_a_torn_superblock_that_open_names) {
  found.blobs.clear();
  raw.super = Error{.code = Errc::corrupt};
  EXPECT_EQ(check_A2(state()), "the store opens without a valid superblock");
  found.open_error = Error{.code = Errc::no_resources};
  EXPECT_NE(check_A2(state())->find("open ends otherwise"), std::string::npos);
  found.open_error = Error{.code = Errc::corrupt};
  EXPECT_TRUE(unbroken());
}

TEST_F(AnExaminationAfterAForeignProgram, is_as_strict_as_ever_once_the_engine_has_opened_the_store) {
  model.foreign_ends(true);
  model.open_acknowledged();
  damage(5, 4096);
  EXPECT_TRUE(check_A2(state()).has_value());
  found.blobs["touched"].blocks = {kForeign};
  EXPECT_TRUE(check_D1(state()).has_value());
  raw.super = Error{.code = Errc::corrupt};
  EXPECT_TRUE(check_S3(state()).has_value());
}

TEST_F(AnExaminationAfterAForeignProgram, is_strict_after_each_operation_where_pages_are_durable_at_once) {
  model.foreign_ends(false);
  model.open_acknowledged();
  model.foreign_begins(true);
  model.foreign_touches("touched", 5);
  damage(5, 4096);
  EXPECT_TRUE(unbroken());
  model.foreign_operation_ends();
  EXPECT_FALSE(unbroken());
}

}  // namespace
}  // namespace holdfast::sim
