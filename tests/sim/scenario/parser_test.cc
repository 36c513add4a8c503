// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/scenario/mistakes.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class AMistake : public testing::TestWithParam<Mistake> {};

TEST_P(AMistake, is_the_only_complaint_and_is_found_where_it_stands) {
  const std::size_t at = GetParam().text.find('@');
  ASSERT_NE(at, std::string::npos);
  const std::string text = without_mark(GetParam());
  const auto line = static_cast<uint32_t>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1);
  const std::size_t line_begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;

  const std::vector<Diagnostic> complaints = complaints_about(text);
  for (const Diagnostic& each : complaints) SCOPED_TRACE(describe(each));
  ASSERT_EQ(complaints.size(), 1U) << text;
  EXPECT_EQ(complaints[0].message, GetParam().message);
  EXPECT_EQ(complaints[0].file, "test.json");
  EXPECT_EQ(complaints[0].line, line) << text;
  EXPECT_EQ(complaints[0].column, characters_in(text.substr(line_begin, at - line_begin)) + 1) << text;
}

constexpr auto name_of_mistake = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(Document, AMistake, testing::ValuesIn(mistakes_in_document()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Device, AMistake, testing::ValuesIn(mistakes_in_device()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Store, AMistake, testing::ValuesIn(mistakes_in_store()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Crash, AMistake, testing::ValuesIn(mistakes_in_crash()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Disks, AMistake, testing::ValuesIn(mistakes_in_disks()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Faults, AMistake, testing::ValuesIn(mistakes_in_faults()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Steps, AMistake, testing::ValuesIn(mistakes_in_steps()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Parallel, AMistake, testing::ValuesIn(mistakes_in_parallel()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Story, AMistake, testing::ValuesIn(mistakes_in_story()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(After, AMistake, testing::ValuesIn(mistakes_after_a_cut()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Spdk, AMistake, testing::ValuesIn(mistakes_in_spdk()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(Volume, AMistake, testing::ValuesIn(mistakes_in_volume()), name_of_mistake);
INSTANTIATE_TEST_SUITE_P(VolumeSteps, AMistake, testing::ValuesIn(mistakes_in_volume_steps()),
                         name_of_mistake);
INSTANTIATE_TEST_SUITE_P(VolumeInABlob, AMistake, testing::ValuesIn(mistakes_in_volume_in_a_blob()),
                         name_of_mistake);
INSTANTIATE_TEST_SUITE_P(MemorySteps, AMistake, testing::ValuesIn(mistakes_in_memory_steps()),
                         name_of_mistake);

TEST(ScenarioParser, reports_all_mistakes_of_a_file_in_the_order_of_the_file) {
  const auto complaints = complaints_about(R"({
  "purpos": "p",
  "steps": [{"store.frmat": {}}],
  "device": {"block_size": 7, "sise": 1},
  "crash": {"nested": -1},
  "scenario": ""
})");
  std::vector<uint32_t> lines;
  for (const Diagnostic& each : complaints) lines.push_back(each.line);
  EXPECT_EQ(lines, (std::vector<uint32_t>{1, 2, 3, 4, 4, 5, 6}));
  EXPECT_TRUE(std::ranges::is_sorted(
      complaints, {}, [](const Diagnostic& each) { return std::pair(each.line, each.column); }));
}

TEST(ScenarioParser, describes_a_mistake_as_editors_read_it) {
  EXPECT_EQ(describe({"dir/a.json", 3, 14, "words"}), "dir/a.json:3:14: words");
}

TEST(ScenarioParser, a_block_size_of_zero_is_a_complaint_even_where_data_is_aligned_to_it) {
  for (const char* size : {"0", "4294967296", "\"1TiB\""}) {
    const std::string device = "\"device\": {\"block_size\": " + std::string(size) + "},";
    const auto complaints =
        complaints_about(with_blob_steps(R"({"io.read": {"blob": "abc", "length": 4096}})", device));
    ASSERT_EQ(complaints.size(), 1U) << size;
    EXPECT_EQ(complaints[0].message, "\"block_size\" must be a power of two from 512 to 4096");
  }
}

TEST(ScenarioParser, takes_a_session_of_spdk) {
  const Scenario scenario = parse_well(with_spdk(
      R"({"do": [{"create": {"name": "x", "clusters": 2, "thin": true, "extents": "runs"}},
                 {"write": {"blob": "x", "offset": "4KiB", "length": "8KiB"}},
                 {"set_xattr": {"blob": "abc", "name": "k", "value": "v"}},
                 {"resize": {"blob": "abc", "clusters": 3}}, {"delete": {"blob": "x"}}],
          "unload": false})",
      R"({"spdk": {}}, )"));
  ASSERT_EQ(scenario.steps.size(), 3U);
  const auto& bare = std::get<SpdkSession>(scenario.steps[1].action);
  EXPECT_TRUE(bare.actions.empty());
  EXPECT_TRUE(bare.unload);
  const auto& session = std::get<SpdkSession>(scenario.steps[2].action);
  EXPECT_FALSE(session.unload);
  ASSERT_EQ(session.actions.size(), 5U);
  const auto& create = std::get<BlobCreate>(session.actions[0]);
  EXPECT_EQ(create.name, "x");
  EXPECT_EQ(create.clusters, 2U);
  EXPECT_TRUE(create.thin);
  EXPECT_EQ(create.extents, ExtentFormat::runs);
  const auto& write = std::get<DataIo>(session.actions[1]);
  EXPECT_EQ(write.offset, 4096U);
  EXPECT_EQ(write.length, 8192U);
  EXPECT_EQ(std::get<BlobSetXattr>(session.actions[2]).xattr.first, "k");
  EXPECT_EQ(std::get<BlobResize>(session.actions[3]).clusters, 3U);
  EXPECT_EQ(std::get<BlobDelete>(session.actions[4]).blob, "x");
}

TEST(ScenarioParser, gives_what_is_not_said_its_default) {
  const Scenario scenario = parse_well(scenario_text(""));
  EXPECT_EQ(scenario.device.size, 16U << 20);
  EXPECT_EQ(scenario.device.block_size, 4096U);
  EXPECT_EQ(scenario.device.atomic_write, 4096U);
  EXPECT_TRUE(scenario.device.volatile_cache);
  EXPECT_TRUE(scenario.device.discard_reads_zero);
  EXPECT_FALSE(scenario.device.garbage);
  EXPECT_EQ(scenario.device.fua, (std::vector<bool>{false, true}));
  EXPECT_EQ(scenario.store.cluster_size, 16U << 10);
  EXPECT_EQ(scenario.store.metadata_pages, 64U);
  EXPECT_EQ(scenario.crash.nested, 1U);
  EXPECT_EQ(scenario.crash.states_per_point, 4096U);
  ASSERT_EQ(scenario.disks.size(), 1U);
  EXPECT_EQ(scenario.disks[0].name, "honest");
  EXPECT_TRUE(scenario.disks[0].ignores.empty());
  ASSERT_EQ(scenario.after.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<BlobCreate>(scenario.after[0].action));
  EXPECT_TRUE(std::holds_alternative<StoreClose>(scenario.after[1].action));
}

TEST(ScenarioParser, takes_every_field_of_the_file) {
  const Scenario scenario = parse_well(R"({
    "$schema": "x", "note": "y", "scenario": "all", "purpose": "why", "tags": ["t", "u"],
    "device": {"size": "2MiB", "block_size": 512, "atomic_write": "8KiB", "volatile_cache": false,
        "fua": [true],
               "discard_reads_zero": false, "initial": "garbage"},
    "store": {"cluster_size": "32KiB", "metadata_pages": 5, "type": "mine"},
    "crash": {"nested": 0, "states_per_point": 7},
    "setup": [{"store.format": {"force": true}}, {"store.open": {}}],
    "steps": [{"blob.create": {"name": "b", "clusters": 2, "xattrs": {"k": "v", "l": {"bytes": 3}}}},
              {"io.write": {"blob": "b", "offset": "512B", "length": 1024, "fua": true}, "note": "n"},
              {"blob.sync": {"blob": "b"}, "expect": "no_space", "kill_after": "write root"}],
    "after": [{"store.close": {}}],
    "disks": [{"name": "h", "expect": "pass"}, {"name": "i", "ignores": ["B2", "D1"],
        "expect": {"violations": ["D1", "B2"]}}]
  })");
  EXPECT_EQ(scenario.name, "all");
  EXPECT_EQ(scenario.tags, (std::vector<std::string>{"t", "u"}));
  EXPECT_EQ(scenario.device.size, 2U << 20);
  EXPECT_EQ(scenario.device.block_size, 512U);
  EXPECT_EQ(scenario.device.atomic_write, 8192U);
  EXPECT_FALSE(scenario.device.volatile_cache);
  EXPECT_FALSE(scenario.device.discard_reads_zero);
  EXPECT_TRUE(scenario.device.garbage);
  EXPECT_EQ(scenario.device.fua, std::vector<bool>{true});
  EXPECT_EQ(scenario.store.cluster_size, 32U << 10);
  EXPECT_EQ(scenario.store.metadata_pages, 5U);
  EXPECT_EQ(scenario.store.type, "mine");
  EXPECT_EQ(scenario.crash.nested, 0U);
  EXPECT_EQ(scenario.crash.states_per_point, 7U);
  EXPECT_TRUE(std::get<StoreFormat>(scenario.setup.at(0).action).force);
  const auto& create = std::get<BlobCreate>(scenario.steps.at(0).action);
  EXPECT_EQ(create.clusters, 2U);
  ASSERT_EQ(create.xattrs.size(), 2U);
  EXPECT_EQ(create.xattrs[1].second.size(), 3U);
  const auto& io = std::get<DataIo>(scenario.steps.at(1).action);
  EXPECT_EQ(io.kind, DataKind::write);
  EXPECT_EQ(io.offset, 512U);
  EXPECT_EQ(io.length, 1024U);
  EXPECT_TRUE(io.fua);
  EXPECT_EQ(scenario.steps.at(2).expected_error, Errc::no_space);
  EXPECT_EQ(scenario.steps.at(2).kill_after, Step::write_root);
  EXPECT_EQ(scenario.after.size(), 1U);
  EXPECT_EQ(scenario.disks.at(1).ignores, (std::set<Barrier>{Barrier::B2, Barrier::D1}));
  EXPECT_EQ(scenario.disks.at(1).violations, (std::vector<std::string>{"B2", "D1"}));
}

TEST(ScenarioParser, takes_every_field_of_a_volume) {
  const Scenario scenario = parse_well(R"({
    "scenario": "all", "purpose": "why", "device": {"size": "1088KiB", "block_size": 512},
    "volume": {"chunk_size": "8KiB", "unit_size": "1KiB", "logical_block_size": 512, "codec": "deflate",
               "checksums": true, "write_back": true, "queue_depth": 3, "memory": "mapped"},
    "setup": [{"volume.create": {"replace": true}}, {"volume.open": {}}],
    "steps": [{"volume.write": {"offset": "1KiB", "length": 512, "content": "sparse"}},
              {"parallel": [{"volume.read": {"length": 512}}, {"volume.unmap": {"length": "8KiB"}}]},
              {"volume.flush": {}, "kill_after": "discard units"}, {"volume.open": {}}, {"volume.close": {}},
              {"volume.destroy": {}}],
    "after": [{"volume.close": {}}],
    "disks": [{"name": "h", "expect": "pass"}, {"name": "i", "ignores": ["V7", "R2"],
        "expect": {"violations": ["V7", "A5"]}}]
  })");
  ASSERT_TRUE(scenario.volume);
  EXPECT_EQ(scenario.volume->chunk_size, 8192U);
  EXPECT_EQ(scenario.volume->unit_size, 1024U);
  EXPECT_EQ(scenario.volume->logical_block_size, 512U);
  EXPECT_EQ(scenario.volume->codec, CodecKind::deflate);
  EXPECT_TRUE(scenario.volume->checksums);
  EXPECT_TRUE(scenario.volume->write_back);
  EXPECT_EQ(scenario.volume->queue_depth, 3U);
  EXPECT_EQ(scenario.volume->memory, std::vector<MemoryKind>{MemoryKind::mapped});
  EXPECT_TRUE(std::get<VolumeCreate>(scenario.setup.at(0).action).replace);
  const auto& write = std::get<VolumeData>(scenario.steps.at(0).action);
  EXPECT_EQ(write.kind, DataKind::write);
  EXPECT_EQ(write.offset, 1024U);
  EXPECT_EQ(write.length, 512U);
  EXPECT_EQ(write.content, Content::sparse);
  const auto& parallel = std::get<Parallel>(scenario.steps.at(1).action);
  EXPECT_EQ(std::get<VolumeData>(parallel.steps.at(0).action).kind, DataKind::read);
  EXPECT_EQ(std::get<VolumeData>(parallel.steps.at(1).action).kind, DataKind::unmap);
  EXPECT_EQ(scenario.steps.at(2).kill_after, Step::discard_units);
  EXPECT_TRUE(std::holds_alternative<VolumeDestroy>(scenario.steps.at(5).action));
  EXPECT_TRUE(std::holds_alternative<VolumeClose>(scenario.after.at(0).action));
  EXPECT_EQ(scenario.disks.at(1).ignores, (std::set<Barrier>{Barrier::V7, Barrier::R2}));
  EXPECT_EQ(scenario.disks.at(1).violations, (std::vector<std::string>{"A5", "V7"}));
}

TEST(ScenarioParser, gives_what_is_not_said_of_a_volume_its_default) {
  EXPECT_FALSE(parse_well(scenario_text("")).volume);
  const Scenario scenario = parse_well(scenario_text(kVolume, R"({"volume.create": {}})"));
  ASSERT_TRUE(scenario.volume);
  EXPECT_EQ(scenario.volume->chunk_size, 16U << 10);
  EXPECT_EQ(scenario.volume->unit_size, 4096U);
  EXPECT_EQ(scenario.volume->logical_block_size, 4096U);
  EXPECT_EQ(scenario.volume->codec, CodecKind::lz4);
  EXPECT_FALSE(scenario.volume->checksums);
  EXPECT_FALSE(scenario.volume->write_back);
  EXPECT_EQ(scenario.volume->queue_depth, 8U);
  EXPECT_EQ(scenario.volume->memory, (std::vector{MemoryKind::persistent, MemoryKind::mapped}));
  EXPECT_FALSE(std::get<VolumeCreate>(scenario.steps.at(0).action).replace);
  const Scenario opened = parse_well(with_volume_steps(R"({"volume.flush": {}})"));
  EXPECT_FALSE(std::get<VolumeOpen>(opened.setup.at(1).action).write_beside_damage);
}

TEST(ScenarioParser, takes_a_volume_in_a_blob) {
  EXPECT_EQ(parse_well(scenario_text(kVolume, R"({"volume.create": {}})")).volume->blob, "");
  const Scenario scenario = parse_well(scenario_text(
      R"("store": {"cluster_size": "32KiB"}, "volume": {"blob": "disk"},)",
      R"({"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "disk", "clusters": 70}},
         {"volume.create": {}}, {"store.close": {}})"));
  EXPECT_EQ(scenario.volume->blob, "disk");
  EXPECT_EQ(scenario.volume->device_size, 70U * 32768);
  EXPECT_EQ(scenario.store.cluster_size, 32768U);
  ASSERT_EQ(scenario.after.size(), 5U);
  EXPECT_TRUE(std::holds_alternative<VolumeClose>(scenario.after[3].action));
  EXPECT_TRUE(std::holds_alternative<StoreClose>(scenario.after[4].action));
}

TEST(ScenarioParser, takes_what_happens_to_a_map_file) {
  const Scenario scenario = parse_well(scenario_text(
      std::string(kVolume) + R"("setup": [{"volume.create": {}}, {"memory.copy": {}}],)",
      R"({"memory.poison": {"what": "superblock"}}, {"memory.poison": {"what": "entry", "chunk": 7}},
         {"memory.poison": {"what": "chunk_map"}, "expect": "not_found"}, {"memory.lose": {}},
         {"memory.replace": {"by": "copy"}}, {"memory.replace": {"by": "another_volume"}},
         {"volume.open": {"write_beside_damage": true}})"));
  EXPECT_TRUE(std::holds_alternative<MemoryCopy>(scenario.setup.at(1).action));
  EXPECT_EQ(std::get<MemoryPoison>(scenario.steps.at(0).action).part, MapPart::superblock);
  EXPECT_EQ(std::get<MemoryPoison>(scenario.steps.at(1).action).part, MapPart::entry);
  EXPECT_EQ(std::get<MemoryPoison>(scenario.steps.at(1).action).chunk, 7U);
  EXPECT_EQ(std::get<MemoryPoison>(scenario.steps.at(2).action).part, MapPart::chunk_map);
  EXPECT_EQ(std::get<MemoryPoison>(scenario.steps.at(2).action).chunk, 0U);
  EXPECT_TRUE(std::holds_alternative<MemoryLose>(scenario.steps.at(3).action));
  EXPECT_EQ(std::get<MemoryReplace>(scenario.steps.at(4).action).by, MapSource::copy);
  EXPECT_EQ(std::get<MemoryReplace>(scenario.steps.at(5).action).by, MapSource::another_volume);
  EXPECT_TRUE(std::get<VolumeOpen>(scenario.steps.at(6).action).write_beside_damage);
}

// So that it takes space, reads what it changes, and gives space back.
TEST(ScenarioParser, after_a_cut_a_volume_is_written_and_closed_unless_the_file_says_otherwise) {
  const Scenario scenario = parse_well(scenario_text(kVolume, R"({"volume.create": {}})"));
  ASSERT_EQ(scenario.after.size(), 4U);
  const auto& dense = std::get<VolumeData>(scenario.after[0].action);
  EXPECT_EQ(dense.kind, DataKind::write);
  EXPECT_EQ(dense.content, Content::dense);
  EXPECT_EQ(dense.offset, 0U);
  EXPECT_EQ(dense.length, 16384U);
  const auto& half = std::get<VolumeData>(scenario.after[1].action);
  EXPECT_EQ(half.kind, DataKind::write);
  EXPECT_EQ(half.content, Content::half);
  EXPECT_EQ(half.offset, 16384U);
  EXPECT_EQ(half.length, 8192U);
  const auto& unmap = std::get<VolumeData>(scenario.after[2].action);
  EXPECT_EQ(unmap.kind, DataKind::unmap);
  EXPECT_EQ(unmap.offset, 0U);
  EXPECT_EQ(unmap.length, 16384U);
  EXPECT_TRUE(std::holds_alternative<VolumeClose>(scenario.after[3].action));
}

TEST(ScenarioParser, what_a_session_after_a_cut_does_fits_into_the_smallest_volume) {
  const Scenario scenario = parse_well(scenario_text(R"("device": {"size": "8256KiB"},
          "volume": {"chunk_size": "64KiB", "logical_block_size": "64KiB"},)",
                                                     R"({"volume.create": {}})"));
  ASSERT_EQ(scenario.after.size(), 4U);
  const auto& half = std::get<VolumeData>(scenario.after[1].action);
  EXPECT_EQ(half.offset, 0U);
  EXPECT_EQ(half.length, 65536U);
}

TEST(ScenarioParser, two_files_with_one_different_byte_have_different_hashes) {
  const std::string text = scenario_text("");
  EXPECT_EQ(parse_well(text).content_hash, parse_well(text).content_hash);
  EXPECT_NE(parse_well(text).content_hash, parse_well(text + " ").content_hash);
}

}  // namespace
}  // namespace holdfast::sim
