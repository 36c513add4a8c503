// SPDX-License-Identifier: BSD-3-Clause
#include "hygiene/hygiene.hh"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <deque>

#include "holdfast-sim/workers.hh"
#include "holdfast/sim/runner.hh"
#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

using Found = std::vector<std::string>;

Found words_of(std::span<const Warning> warnings) {
  Found words;
  for (const Warning& warning : warnings) {
    words.push_back(fmt::format("{} {} {} x{} @{}", name_of(warning.kind), warning.step, warning.barrier,
                                warning.count, warning.event));
  }
  return words;
}

// A session that is put together here. Each call is an event or two, from 1 on.
class ASession : public testing::Test {
 protected:
  IoRequest& begin(IoKind kind, Purpose purpose, uint64_t block = 0, bool fua = false) {
    IoRequest& request = requests_.emplace_back();
    request.kind = kind;
    request.purpose = purpose;
    request.block = block;
    request.block_count = kind == IoKind::flush ? 0 : 1;
    request.fua = fua;
    hygiene_.submitted(++event_, request);
    return request;
  }
  void end(const IoRequest& request) { hygiene_.completed(++event_, request); }
  void write(Step step, Barrier barrier, uint64_t block = 0) {
    end(begin(IoKind::write, {step, barrier}, block));
  }
  void discard(uint64_t block) { end(begin(IoKind::discard, {Step::discard_clusters, Barrier::B3}, block)); }
  void flush(Barrier barrier) { end(begin(IoKind::flush, {Step::flush, barrier})); }

  void store(uint64_t offset, const char* map = "map") { hygiene_.stored(++event_, {map, offset, 8}, {}); }
  void persist_begins(Barrier barrier, uint64_t offset) {
    hygiene_.persist_submitted(++event_, {"map", offset, 8}, {Step::persist, barrier});
  }
  void persist_ends(Barrier barrier, uint64_t offset, const Result<>& result = {}) {
    hygiene_.persist_completed(++event_, {"map", offset, 8}, {Step::persist, barrier}, result);
  }
  void persist(Barrier barrier, uint64_t offset) {
    persist_begins(barrier, offset);
    persist_ends(barrier, offset);
  }

  Found found() const { return words_of(hygiene_.warnings()); }

  DeviceSpec device_;
  Hygiene hygiene_{device_};

 private:
  std::deque<IoRequest> requests_;
  simdisk::EventNumber event_ = 0;
};

using AFlush = ASession;

TEST_F(AFlush, is_for_something_if_a_write_has_completed_since_the_last_one) {
  write(Step::write_chain, Barrier::B1);
  flush(Barrier::B1);
  EXPECT_EQ(found(), Found{});
  flush(Barrier::B2);
  EXPECT_EQ(found(), Found{"flush-of-nothing flush B2 x1 @5"});
}

TEST_F(AFlush, is_counted_each_time_and_named_the_first_time) {
  for (const Barrier barrier : {Barrier::S5, Barrier::S6, Barrier::S5}) flush(barrier);
  EXPECT_EQ(found(), (Found{"flush-of-nothing flush S5 x2 @1", "flush-of-nothing flush S6 x1 @3"}));
}

TEST_F(AFlush, is_for_a_write_that_completed_while_the_last_one_was_on_its_way) {
  write(Step::write_chain, Barrier::B1, 0);
  const IoRequest& late = begin(IoKind::write, {Step::write_chain, Barrier::B1}, 1);
  const IoRequest& first = begin(IoKind::flush, {Step::flush, Barrier::B1});
  end(late);
  end(first);
  flush(Barrier::B1);
  EXPECT_EQ(found(), Found{});
}

TEST_F(AFlush, is_for_nothing_after_a_write_that_is_durable_at_once_or_still_in_flight) {
  end(begin(IoKind::write, {Step::write_root, Barrier::B2}, 0, true));
  begin(IoKind::write, {Step::write_chain, Barrier::B1}, 1);
  flush(Barrier::B2);
  EXPECT_EQ(found(), Found{"flush-of-nothing flush B2 x1 @4"});
}

TEST_F(AFlush, is_for_nothing_after_a_write_with_fua_over_what_waited) {
  write(Step::write_root, Barrier::B2);
  end(begin(IoKind::write, {Step::write_root, Barrier::B2}, 0, true));
  flush(Barrier::B2);
  EXPECT_EQ(found().size(), 1U);
}

TEST_F(AFlush, is_for_a_discard) {
  discard(0);
  flush(Barrier::B3);
  EXPECT_EQ(found(), Found{});
}

TEST_F(AFlush, of_the_program_or_of_what_others_left_may_be_of_nothing) {
  for (const Barrier barrier : {Barrier::D1, Barrier::R1, Barrier::R2}) flush(barrier);
  EXPECT_EQ(found(), Found{});
}

TEST_F(AFlush, is_never_for_anything_where_there_is_no_cache) {
  device_.volatile_cache = false;
  write(Step::user_data, Barrier::D1);
  flush(Barrier::D1);
  EXPECT_EQ(found(), Found{"flush-of-nothing flush D1 x1 @3"});
}

using APersist = ASession;

TEST_F(APersist, is_for_something_if_something_was_stored_there) {
  store(64);
  persist(Barrier::C2, 64);
  EXPECT_EQ(found(), Found{});
  persist(Barrier::C2, 64);
  EXPECT_EQ(found(), Found{"persist-of-nothing persist C2 x1 @4"});
}

TEST_F(APersist, is_of_nothing_if_something_was_stored_elsewhere) {
  store(72);
  store(64, "another map");
  persist(Barrier::C2, 64);
  EXPECT_EQ(found().size(), 1U);
}

TEST_F(APersist, is_for_what_was_stored_while_the_last_one_was_on_its_way_or_failed) {
  store(64);
  persist_begins(Barrier::C3, 64);
  store(64);
  persist_ends(Barrier::C3, 64);
  persist_begins(Barrier::C3, 64);
  persist_ends(Barrier::C3, 64, Error{.code = Errc::device_failed});
  persist(Barrier::C3, 64);
  EXPECT_EQ(found(), Found{});
}

TEST_F(APersist, of_what_others_left_may_be_of_nothing) {
  persist(Barrier::R2, 0);
  EXPECT_EQ(found(), Found{});
}

using AWrite = ASession;

TEST_F(AWrite, over_what_another_step_wrote_waits_until_that_is_durable) {
  write(Step::write_chain, Barrier::B1, 3);
  flush(Barrier::B1);
  write(Step::write_root, Barrier::B2, 3);
  EXPECT_EQ(found(), Found{});
  write(Step::erase_root, Barrier::B3, 3);
  EXPECT_EQ(found(), Found{"rewrite erase root B3 x1 @7"});
}

TEST_F(AWrite, of_the_same_step_or_beside_it_need_not_wait) {
  write(Step::user_data, Barrier::none, 3);
  write(Step::user_data, Barrier::none, 3);
  write(Step::write_root, Barrier::B2, 2);
  write(Step::write_root, Barrier::B2, 4);
  EXPECT_EQ(found(), Found{});
}

TEST_F(AWrite, over_what_was_given_up_need_not_wait) {
  discard(1);
  write(Step::none, Barrier::none, 2);
  write(Step::write_super, Barrier::V4, 3);
  hygiene_.process_began();
  for (const uint64_t block : {1U, 2U, 3U}) write(Step::erase_super, Barrier::V1, block);
  EXPECT_EQ(found(), Found{});
}

using TheEnd = ASession;

TEST_F(TheEnd, leaves_nothing_of_a_protocol_that_is_not_durable) {
  write(Step::write_root, Barrier::B2);
  flush(Barrier::B2);
  store(64);
  persist(Barrier::C3, 64);
  hygiene_.session_ended();
  EXPECT_EQ(found(), Found{});
  write(Step::erase_root, Barrier::B3);
  store(64);
  hygiene_.session_ended();
  EXPECT_EQ(found(), (Found{"left-over erase root B3 x1 @8", "left-over persist none x1 @10"}));
}

TEST_F(TheEnd, is_not_that_of_a_persist_of_a_process_that_died) {
  store(64);
  persist_begins(Barrier::C2, 64);
  hygiene_.process_began();
  store(64);
  persist(Barrier::C2, 64);
  hygiene_.session_ended();
  EXPECT_EQ(found(), Found{});
}

TEST_F(TheEnd, may_leave_data_and_what_was_given_up) {
  write(Step::erase_super, Barrier::V1, 0);
  store(64);
  hygiene_.process_began();
  write(Step::user_data, Barrier::none, 1);
  write(Step::write_units, Barrier::C1, 2);
  write(Step::none, Barrier::none, 3);
  discard(4);
  hygiene_.session_ended();
  EXPECT_EQ(found(), Found{});
}

// The engine passes a program's flush on to whatever device there is.
Scenario without_cache(std::string_view steps, std::string_view after) {
  return parse_well(scenario_text(
      R"("device": {"size": "1MiB", "fua": true, "volatile_cache": false},
         "store": {"cluster_size": "16KiB", "metadata_pages": 8},
         "setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a", "clusters": 1}}],
         "disks": [{"name": "honest", "expect": "pass"},
           {"name": "faulty", "expect": "pass",
            "faults": [{"kind": "transient_error", "op": "read", "step": "user data"}]}],
         "after": [{"blob.create": {"name": "z"}}, )" +
          std::string(after) + "],",
      R"({"blob.create": {"name": "b"}}, )" + std::string(steps)));
}
constexpr std::string_view kFlush = R"({"io.flush": {"blob": "a"}})";
constexpr std::string_view kRead = R"({"io.read": {"blob": "a", "length": "4KiB"}, "may_fail": true})";

TEST(Warnings, are_about_the_session_that_is_played_and_not_about_those_after_its_cuts) {
  const ScenarioResult first = run_case(without_cache(kFlush, kRead), 0, {});
  ASSERT_EQ(first.warnings.size(), 1U);
  EXPECT_EQ(first.warnings[0].kind, WarningKind::flush_of_nothing);
  EXPECT_EQ(first.warnings[0].barrier, "D1");
  EXPECT_EQ(first.warnings[0].count, 1U);
  EXPECT_GT(first.states_checked, 0U);
  const ScenarioResult later = run_case(without_cache(kRead, kFlush), 0, {});
  EXPECT_GT(later.states_checked, 0U);
  EXPECT_EQ(words_of(later.warnings), Found{});
}

TEST(Warnings, change_no_verdict_and_are_about_honest_disks) {
  const Scenario scenario = without_cache(std::string(kFlush) + "," + std::string(kRead), kRead);
  const ScenarioResult honest = run_case(scenario, 0, {});
  EXPECT_EQ(honest.verdict, Verdict::pass) << honest.note;
  EXPECT_EQ(honest.warnings.size(), 1U);
  const ScenarioResult faulty = run_case(scenario, 1, {});
  EXPECT_EQ(faulty.verdict, Verdict::pass) << faulty.note;
  EXPECT_EQ(words_of(faulty.warnings), Found{});
}

TEST(Warnings, come_back_from_other_processes) {
  const Scenario scenario = without_cache(kFlush, kRead);
  const auto results = tools::run_in_workers(tools::jobs_of({scenario}, 0, 1), {}, 1);
  ASSERT_TRUE(results.has_value()) << results.error();
  EXPECT_EQ(words_of(results->at(0).warnings), words_of(run_case(scenario, 0, {}).warnings));
}

TEST(Warnings, are_none_of_a_store_that_is_made_used_and_closed) {
  const Scenario scenario = parse_well(scenario_text(kSmall, R"({"store.format": {}}, {"store.open": {}},
      {"blob.create": {"name": "a", "clusters": 2}}, {"io.write": {"blob": "a", "length": "8KiB"}},
      {"io.flush": {"blob": "a"}}, {"blob.delete": {"blob": "a"}}, {"store.close": {}})"));
  EXPECT_EQ(words_of(run_case(scenario, 0, {}).warnings), Found{});
}

}  // namespace
}  // namespace holdfast::sim
