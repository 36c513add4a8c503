// SPDX-License-Identifier: BSD-3-Clause
// What is left of a volume's promises on a device that breaks its own: the judge is shown states, and what
// hit the device.
#include <gtest/gtest.h>

#include <cstring>

#include "holdfast/sim/runner.hh"
#include "invariants/volume_fault_contracts.hh"
#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

// Each chunk lies in a unit of its own: chunk n in unit n + 2, by chunk map n.
class AFaultyVolume : public testing::Test {
 protected:
  AFaultyVolume() {
    model_.create_ends(model_.create_begins(kChunks, 1), Ending::acknowledged);
    CheckedVolume super;
    super.uuid = uuid_of_epoch(1);
    super.layout = layout_;
    raw_.super = raw_.copy = super;
    raw_.epoch = 1;
    raw_.map_name = raw_.path = uuid_text(super.uuid);
    raw_.map_there = true;
    raw_.maps.assign(layout_.chunk_maps(), std::vector<Le64>(2));
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      put(chunk, chunk, chunk + 2);
      model_.write_ends(model_.write_begins(chunk, 1, Content::half, false), true, true);
      found_.chunks.push_back(model_.visible(chunk));
    }
  }

  void put(uint64_t chunk, uint64_t map, uint64_t unit, uint32_t checksum = kNoChecksum) {
    const StoredChunk stored{.map = map, .stored_bytes = 4096, .checksum = checksum, .units = {unit}};
    encode_chunk_map(stored, raw_.maps[map]);
    trace_.stored(++now_, 1, raw_.map_name, layout_.chunk_map_offset(map),
                  std::as_bytes(std::span(raw_.maps[map])));
    trace_.stored(++now_, 1, raw_.map_name, layout_.logical_entry_offset(chunk),
                  std::as_bytes(std::span(&map, 1)));
    raw_.entries.resize(std::max<std::size_t>(raw_.entries.size(), chunk + 1));
    raw_.entries[chunk] = map;
  }
  void hit_unit(uint64_t unit, bool whole = false) {
    hits_.device.push_back({layout_.byte_of_unit(unit) + 7, layout_.byte_of_unit(unit) + 8, whole});
  }
  void refuse() {
    found_.open_error = Error{.code = Errc::corrupt};
    found_.chunks.clear();
  }
  std::string broken(Contract contract = Contract::detectable) const {
    const VolumeExamination state{.trace = trace_,
                                  .model = model_,
                                  .layout = layout_,
                                  .raw = raw_,
                                  .found = found_,
                                  .map_file = VolumeModel::MapFile::own,
                                  .broken_entry = {},
                                  .newest_entry = 0};
    const auto broken = first_broken_beside_faults(contract, state, hits_);
    return broken ? broken->invariant : "";
  }

  static constexpr uint64_t kChunks = 3;
  VolumeLayout layout_{.unit_size = 4096,
                       .logical_block_size = 4096,
                       .chunk_size = 4096,
                       .chunks = kChunks,
                       .units = 200,
                       .first_unit = 2};
  VolumeTrace trace_{layout_};
  VolumeModel model_;
  RawVolume raw_;
  FoundVolume found_;
  VolumeHits hits_;
  simdisk::EventNumber now_ = 0;
};

TEST_F(AFaultyVolume, that_holds_what_was_acknowledged_breaks_nothing) {
  hit_unit(2);
  EXPECT_EQ(broken(), "");
}

TEST_F(AFaultyVolume, may_refuse_to_open_only_if_its_header_was_hit) {
  refuse();
  hit_unit(2);
  EXPECT_EQ(broken(), "F2");
  EXPECT_EQ(broken(Contract::byzantine), "F2");
  hit_unit(1);
  EXPECT_EQ(broken(), "");
}

TEST_F(AFaultyVolume, may_report_a_chunk_as_damaged_only_if_that_chunk_was_hit) {
  found_.unreadable.emplace(1, Error{.code = Errc::corrupt});
  hit_unit(2);
  EXPECT_EQ(broken(), "F2");
  hit_unit(3);
  EXPECT_EQ(broken(), "");
}

TEST_F(AFaultyVolume, must_not_return_what_a_fault_made_of_a_chunk_unless_nobody_could_notice) {
  found_.chunks[0] = {kForeign};
  EXPECT_EQ(broken(), "F2") << "no fault hit it";
  hit_unit(2);
  EXPECT_EQ(broken(), "F1");
  EXPECT_EQ(broken(Contract::byzantine), "");
}

TEST_F(AFaultyVolume, tells_data_that_is_whole_and_not_the_newest_by_a_checksum_alone) {
  found_.chunks[0] = {kZeroes};
  hit_unit(2, true);
  EXPECT_EQ(broken(), "");
  put(0, 0, 2, 77);
  EXPECT_EQ(broken(), "F1");
}

TEST_F(AFaultyVolume, may_show_damage_where_a_chunk_took_it_along) {
  hit_unit(2);
  put(0, 10, 20);
  found_.chunks[0] = {kForeign};
  EXPECT_EQ(broken(Contract::byzantine), "");
  found_.chunks = {model_.visible(0), {kForeign}, model_.visible(2)};
  EXPECT_EQ(broken(Contract::byzantine), "F2") << "of another chunk";
}

TEST_F(AFaultyVolume, never_shows_bytes_of_another_chunk_or_volume) {
  hit_unit(2);
  found_.chunks[0] = {kOfAnotherBlock};
  EXPECT_EQ(broken(Contract::byzantine), "F4");
  found_.chunks[0] = {make_tag(Content::half, 2, 1)};
  EXPECT_EQ(broken(Contract::byzantine), "F4");
}

TEST_F(AFaultyVolume, never_reads_two_chunks_from_one_unit) {
  put(1, 1, 2);
  hit_unit(2);
  EXPECT_EQ(broken(Contract::byzantine), "F3");
  found_.unreadable.emplace(1, Error{.code = Errc::corrupt});
  EXPECT_EQ(broken(Contract::byzantine), "");
}

TEST_F(AFaultyVolume, opens_although_it_was_destroyed_only_if_its_header_was_hit) {
  model_.destroy_ends(model_.destroy_begins(), true);
  EXPECT_EQ(broken(Contract::byzantine), "F2");
  hits_.device.push_back({0, 4096, true});
  EXPECT_EQ(broken(Contract::byzantine), "");
}

TEST_F(AFaultyVolume, may_be_refused_where_the_copy_of_its_superblock_was_hit) {
  refuse();
  hits_.map.push_back({64, 128, false});
  EXPECT_EQ(broken(), "");
}

TEST_F(AFaultyVolume, may_lose_chunks_by_their_entry_or_chunk_map_and_no_others) {
  const uint64_t entry = layout_.logical_entry_offset(0);
  const uint64_t map = layout_.chunk_map_offset(1);
  hits_.map = {{entry, entry + 8, false}, {map, map + 8, false}};
  found_.unreadable = {{0, Error{.code = Errc::corrupt}}, {1, Error{.code = Errc::device_failed}}};
  EXPECT_EQ(broken(), "");
  found_.unreadable.emplace(2, Error{.code = Errc::device_failed});
  EXPECT_EQ(broken(), "F2");
}

TEST_F(AFaultyVolume, may_refuse_a_chunk_beside_a_hit_one_that_owns_the_same) {
  put(1, 1, 2);
  const uint64_t entry = layout_.logical_entry_offset(1);
  hits_.map = {{entry, entry + 8, true}};
  found_.unreadable = {{0, Error{.code = Errc::corrupt}}, {1, Error{.code = Errc::corrupt}}};
  EXPECT_EQ(broken(), "");
  hits_.map.clear();
  EXPECT_EQ(broken(), "F2");
}

TEST_F(AFaultyVolume, cannot_tell_an_older_chunk_map_by_its_checksum) {
  put(0, 0, 2, 77);
  found_.chunks[0] = {kZeroes};
  hit_unit(2);
  EXPECT_EQ(broken(), "F1");
  const uint64_t entry = layout_.logical_entry_offset(0);
  hits_.map = {{entry, entry + 8, true}};
  EXPECT_EQ(broken(), "");
}

ScenarioResult run_volume(std::string_view volume, std::string_view fault, std::string_view expect) {
  const Scenario scenario = parse_well(scenario_text(
      R"("device": {"size": "2112KiB", "fua": true}, "crash": {"nested": 0},
        "volume": {"memory": "persistent")" +
          std::string(volume) + R"(}, "setup": [{"volume.create": {}}, {"volume.open": {}}],
        "disks": [{"name": "honest", "expect": "pass"}, {"name": "x", "faults": [)" +
          std::string(fault) + R"(], "expect": )" + std::string(expect) + "}],",
      R"({"volume.write": {"length": "16KiB", "content": "dense"}})"));
  return run_case(scenario, 1, {});
}

TEST(FaultsOfVolumes, in_data_are_told_by_checksums_alone) {
  const std::string rot = R"({"kind": "rot", "step": "write units"})";
  const ScenarioResult told = run_volume(R"(, "checksums": true)", rot, R"("pass")");
  EXPECT_EQ(told.verdict, Verdict::pass) << told.note;
  const ScenarioResult returned = run_volume("", rot, R"({"violations": ["F1"]})");
  EXPECT_EQ(returned.verdict, Verdict::expected_fail) << returned.note;
}

}  // namespace
}  // namespace holdfast::sim
