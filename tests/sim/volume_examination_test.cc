// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a volume whose map file others have touched: no ignored barrier breaks that promise, so the
// checker is shown states that an engine would leave that breaks it.
#include <gtest/gtest.h>

#include "invariants/volume_invariants.hh"
#include "sim/handmade.hh"

namespace holdfast::sim {
namespace {

class AVolumeExamination : public testing::Test, protected HandmadeVolume {
 protected:
  std::string broken() const {
    const auto broken = first_broken(state());
    return broken ? broken->invariant : "";
  }
};

TEST_F(AVolumeExamination, of_an_empty_volume_breaks_nothing) { EXPECT_EQ(broken(), ""); }

TEST_F(AVolumeExamination, with_a_refusal_breaks_A5_where_nobody_touched_the_map_file) {
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A5");
}

TEST_F(AVolumeExamination, that_opens_without_its_map_file_or_says_something_else_breaks_A6) {
  model.map_lost();
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::not_found);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, that_opens_with_the_map_file_of_another_volume_breaks_A6) {
  model.map_replaced(MapSource::another_volume);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::device_failed);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination,
       with_an_earlier_copy_breaks_A6_if_it_is_taken_for_the_map_file_or_refused_for_nothing) {
  model.map_copied();
  model.map_replaced(MapSource::copy);
  EXPECT_EQ(broken(), "") << "no session was between";
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A6");
  raw.copy->session.number = 1;
  EXPECT_EQ(broken(), "");
  found.open_error.reset();
  EXPECT_EQ(broken(), "A6");
}

TEST_F(AVolumeExamination, of_a_volume_that_was_made_anew_knows_nothing_of_the_former_map_file) {
  model.map_lost();
  model.create_ends(model.create_begins(kChunks, 1), Ending::acknowledged);
  raw.epoch = 2;
  EXPECT_EQ(model.map_file(2), VolumeModel::MapFile::own);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, that_opens_although_the_superblocks_copy_cannot_be_read_breaks_A6) {
  raw.copy_is_poisoned = true;
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::corrupt);
  EXPECT_EQ(broken(), "A6");
  refuse(Errc::device_failed);
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, that_gives_out_a_lost_chunk_breaks_A6_whatever_the_chunk_holds) {
  raw.lost_chunks = {1};
  EXPECT_EQ(broken(), "A6");
  found.chunks[1] = {kForeign};
  EXPECT_EQ(broken(), "A6");
  found.unreadable.emplace(1, Error{.code = Errc::corrupt});
  EXPECT_EQ(broken(), "A6");
  found.unreadable.at(1).code = Errc::device_failed;
  EXPECT_EQ(broken(), "");
}

TEST_F(AVolumeExamination, beside_a_lost_chunk_holds_the_others_to_what_was_acknowledged) {
  raw.lost_chunks = {1};
  found.unreadable.emplace(1, Error{.code = Errc::device_failed});
  model.write_ends(model.write_begins(2, 1, Content::half, false), true, true);
  EXPECT_EQ(broken(), "C3");
}

// Its mark that it was closed is that of another session.
TEST_F(AVolumeExamination, of_a_closed_session_breaks_V8_only_if_something_was_changed) {
  raw.copy->session.closed = false;
  model.opened(model.newest_epoch());
  const auto nothing = model.write_begins(0, 1, Content::half, true);
  model.write_ends(nothing, true, true);
  model.close_acknowledged();
  EXPECT_EQ(broken(), "");
  model.write_ends(model.write_begins(0, 1, Content::half, false), true, true);
  found.chunks[0] = model.visible(0);
  EXPECT_EQ(broken(), "");
  model.close_acknowledged();
  EXPECT_EQ(broken(), "V8");
}

}  // namespace
}  // namespace holdfast::sim
