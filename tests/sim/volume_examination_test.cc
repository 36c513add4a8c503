// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a volume whose map file others have touched: no ignored barrier breaks that promise, so the
// checker is shown states that an engine would leave that breaks it.
#include "explore/volume_examination.hh"

#include <gtest/gtest.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

class AVolumeExamination : public testing::Test {
 protected:
  AVolumeExamination() {
    model_.create_ends(model_.create_begins(kChunks, 1), true);
    CheckedVolume super;
    super.uuid = uuid_of_epoch(1);
    super.layout = layout_;
    super.extended = true;
    super.session.number = 2;
    raw_.super = raw_.copy = super;
    raw_.epoch = 1;
    raw_.map_name = raw_.path = uuid_text(super.uuid);
    raw_.map_there = true;
    raw_.entries.assign(kChunks, kNoChunkMap);
    found_.chunks.assign(kChunks, ChunkTags{kZeroes});
  }

  void refuse(Errc code) {
    found_.open_error = Error{.code = code};
    found_.chunks.clear();
  }
  std::string broken() const {
    const auto broken = first_broken(VolumeExamination{.trace = trace_,
                                                       .model = model_,
                                                       .layout = layout_,
                                                       .raw = raw_,
                                                       .found = found_,
                                                       .map_file = model_.map_file(raw_.epoch),
                                                       .broken_entry = {},
                                                       .newest_entry = 0});
    return broken ? broken->invariant : "";
  }

  static constexpr uint64_t kChunks = 3;
  VolumeLayout layout_{.unit_size = 4096, .logical_block_size = 4096, .chunk_size = 4096, .chunks = kChunks};
  VolumeTrace trace_{layout_};
  VolumeModel model_;
  RawVolume raw_;
  FoundVolume found_;
};

TEST_F(AVolumeExamination, of_an_empty_volume_breaks_nothing) { EXPECT_EQ(broken(), ""); }

TEST_F(AVolumeExamination, with_a_refusal_breaks_A5_where_nobody_touched_the_map_file) {
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A5");
}

TEST_F(AVolumeExamination, that_opens_without_its_map_file_or_says_something_else_breaks_A6) {
  model_.map_lost();
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::not_found);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, that_opens_with_the_map_file_of_another_volume_breaks_A6) {
  model_.map_replaced(MapSource::another_volume);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::device_failed);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination,
       with_an_earlier_copy_breaks_A6_if_it_is_taken_for_the_map_file_or_refused_for_nothing) {
  model_.map_copied();
  model_.map_replaced(MapSource::copy);
  EXPECT_EQ(broken(), "") << "no session was between";
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A6");
  raw_.copy->session.number = 1;
  EXPECT_EQ(broken(), "");
  found_.open_error.reset();
  EXPECT_EQ(broken(), "A6");
}

TEST_F(AVolumeExamination, of_a_volume_that_was_made_anew_knows_nothing_of_the_former_map_file) {
  model_.map_lost();
  model_.create_ends(model_.create_begins(kChunks, 1), true);
  raw_.epoch = 2;
  EXPECT_EQ(model_.map_file(2), VolumeModel::MapFile::own);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, that_opens_although_the_superblocks_copy_cannot_be_read_breaks_A6) {
  raw_.copy_is_poisoned = true;
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::device_failed);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, that_gives_out_a_lost_chunk_breaks_A6_whatever_the_chunk_holds) {
  raw_.lost_chunks = {1};
  EXPECT_EQ(broken(), "A6");
  found_.chunks[1] = {kForeign};
  EXPECT_EQ(broken(), "A6");
  found_.unreadable.emplace(1, Error{.code = Errc::corrupt});
  EXPECT_EQ(broken(), "A6");
  found_.unreadable.at(1).code = Errc::device_failed;
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, in_which_a_lost_chunk_takes_another_one_with_it_breaks_A5) {
  raw_.lost_chunks = {1};
  found_.unreadable.emplace(1, Error{.code = Errc::device_failed});
  found_.unreadable.emplace(2, Error{.code = Errc::device_failed});
  EXPECT_EQ(broken(), "A5");
}

TEST_F(AVolumeExamination, beside_a_lost_chunk_holds_the_others_to_what_was_acknowledged) {
  raw_.lost_chunks = {1};
  found_.unreadable.emplace(1, Error{.code = Errc::device_failed});
  model_.write_ends(model_.write_begins(2, 1, Content::half, false), true, true);
  EXPECT_EQ(broken(), "C3");
}

// Its mark that it was closed is that of another session.
TEST_F(AVolumeExamination, of_a_closed_session_breaks_V8_only_if_something_was_changed) {
  raw_.copy->session.closed = false;
  model_.opened();
  const auto nothing = model_.write_begins(0, 1, Content::half, true);
  model_.write_ends(nothing, true, true);
  model_.close_acknowledged();
  EXPECT_EQ(broken(), "");
  model_.write_ends(model_.write_begins(0, 1, Content::half, false), true, true);
  found_.chunks[0] = model_.visible(0);
  EXPECT_EQ(broken(), "");
  model_.close_acknowledged();
  EXPECT_EQ(broken(), "V8");
}

}  // namespace
}  // namespace holdfast::sim
