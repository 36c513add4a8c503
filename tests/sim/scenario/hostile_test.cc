// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ctime>
#include <string>

#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

// Far more than any of these takes, also where nothing is optimised; far
// less than something quadratic in a megabyte.
constexpr std::clock_t kLongest = 10 * CLOCKS_PER_SEC;  // of the processor: a busy machine is no fault

void expect_quick_complaint(const std::string& text, std::string_view words) {
  const std::clock_t begin = std::clock();
  const std::vector<Diagnostic> complaints = complaints_about(text);
  EXPECT_LT(std::clock() - begin, kLongest);
  ASSERT_FALSE(complaints.empty());
  EXPECT_NE(complaints[0].message.find(words), std::string::npos) << complaints[0].message;
  EXPECT_GE(complaints[0].line, 1U);
  EXPECT_GE(complaints[0].column, 1U);
}

std::string repeat(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

const std::string kRich =
    R"({"scenario": "s", "purpose": "p \u00e9 é", "tags": ["t"], "device": {"size": "4MiB", "fua": [true]},
  "store": {"metadata_pages": 8}, "setup": [{"store.format": {}}, {"store.open": {}}],
  "steps": [{"blob.create": {"name": "a", "clusters": 1, "xattrs": {"k": "v", "l": {"bytes": 30}}}},
    {"parallel": [{"io.write": {"blob": "a", "offset": 0, "length": "4KiB", "fua": true}},
        {"io.flush": {"blob": "a"}}]},
    {"blob.sync": {"blob": "a"}, "kill_after": "write root", "expect": "ok"}],
  "after": [{"store.close": {}}], "crash": {"nested": 1, "states_per_point": 64},
  "disks": [{"name": "honest", "expect": "pass"}, {"name": "x", "ignores": ["B1"],
      "expect": {"violations": ["B1"]}}, {"name": "y", "faults": [{"kind": "rot", "op": "write",
      "step": "write root", "barrier": "B2", "offset": 0, "length": "4KiB", "nth": 2, "count": 3,
      "each": false, "done": "half", "at": 5, "distance": 2, "delay": 1, "contract": "detectable"}],
      "expect": "pass"}]})";

const std::string kRichVolume =
    R"({"scenario": "s", "purpose": "p", "device": {"size": "1088KiB", "block_size": 512},
  "volume": {"chunk_size": "8KiB", "unit_size": 1024, "logical_block_size": 512, "codec": "deflate",
      "checksums": true, "write_back": false, "queue_depth": 2, "memory": ["mapped", "persistent"]},
  "setup": [{"volume.create": {"replace": true}}, {"volume.open": {}}],
  "steps": [{"volume.write": {"offset": 0, "length": "4KiB", "content": "dense"}},
    {"parallel": [{"volume.unmap": {"offset": 512, "length": 1024}}, {"volume.read": {"length": 512}}]},
    {"volume.flush": {}}, {"volume.close": {}, "kill_after": "persist"},
    {"memory.copy": {}}, {"memory.poison": {"what": "chunk_map", "chunk": 7}}, {"memory.lose": {}},
    {"memory.replace": {"by": "copy"}}, {"volume.open": {"write_beside_damage": true}},
    {"volume.close": {}}, {"volume.destroy": {}}],
  "after": [{"volume.close": {}}]})";

const std::string kRichBlob =
    R"({"scenario": "s", "purpose": "p", "device": {"size": "4MiB"}, "store": {"metadata_pages": 8},
  "volume": {"blob": "disk", "chunk_size": "16KiB"}, "setup": [{"store.format": {}}, {"store.open": {}},
    {"blob.create": {"name": "disk", "clusters": 136, "thin": true}}, {"volume.create": {}}],
  "steps": [{"volume.open": {}}, {"volume.write": {"length": "4KiB"}}, {"volume.close": {}},
    {"volume.destroy": {}}, {"blob.delete": {"blob": "disk"}}, {"store.close": {}}]})";

TEST(HostileScenario, a_million_nested_lists_are_refused) {
  expect_quick_complaint(repeat("[", 1'000'000), "nested too deeply");
  expect_quick_complaint(scenario_text("\"note\": " + repeat("[", 1'000'000) + ","), "nested too deeply");
  expect_quick_complaint(repeat("{\"a\":", 200'000), "nested too deeply");
}

TEST(HostileScenario, nesting_has_room_for_thirty_two_levels_and_no_more) {
  parse_well(scenario_text("\"note\": " + repeat("[", 31) + repeat("]", 31) + ","));
  expect_quick_complaint(scenario_text("\"note\": " + repeat("[", 32) + repeat("]", 32) + ","),
                         "nested too deeply");
}

TEST(HostileScenario, two_megabytes_are_refused_unread) {
  expect_quick_complaint(kRich + std::string(2 << 20, ' '), "at most a megabyte");
  parse_well(kRich + std::string((1 << 20) - kRich.size(), ' '));
}

TEST(HostileScenario, a_file_of_nothing_but_keys_is_read_quickly) {
  std::string keys;
  for (int i = 0; keys.size() < 1'000'000; ++i) keys += "\"" + std::to_string(i) + "\":0,";
  expect_quick_complaint("{" + keys + "\"x\":0}", "is missing");
}

TEST(HostileScenario, names_as_long_as_the_file_are_compared_quickly) {
  const std::string a = repeat("a", 400'000);
  const std::string b = repeat("b", 400'000);
  const std::string steps = R"({"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": ")" + a +
                            R"("}}, {"blob.sync": {"blob": ")" + b + "\"}}";
  expect_quick_complaint(scenario_text("", steps), "there is no blob");
  expect_quick_complaint("{\"" + a + b + "\": 0}", "is missing");
}

TEST(HostileScenario, thousands_of_unknown_blobs_are_told_quickly) {
  std::string steps = R"({"store.format": {}}, {"store.open": {}})";
  for (int i = 0; i < 10'000; ++i) steps += ",{\"blob.create\":{\"name\":\"blob" + std::to_string(i) + "\"}}";
  for (int i = 0; i < 10'000; ++i) steps += ",{\"blob.sync\":{\"blob\":\"blub" + std::to_string(i) + "\"}}";
  expect_quick_complaint(scenario_text("", steps), "there is no blob");
}

TEST(HostileScenario, bytes_that_are_no_utf8_are_refused_where_they_stand) {
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80"}) {
    const auto complaints = complaints_about("{\n\"scenario\": \"" + std::string(bad) + "\"}");
    ASSERT_EQ(complaints.size(), 1U);
    EXPECT_EQ(complaints[0].line, 2U) << complaints[0].message;
    EXPECT_NE(complaints[0].message.find("UTF-8"), std::string::npos) << complaints[0].message;
  }
}

TEST(HostileScenario, what_is_almost_json_is_refused) {
  for (const char* text : {"",         " ",     "{",    "[1,]",         "{\"a\":1,}",
                           "{'a':1}",  "{a:1}", "nul",  "NaN",          "Infinity",
                           "1e999",    "01",    "\"",   "\"\\u12",      "\"\\ud800\"",
                           "// x\n{}", "{}{}",  "{} x", "\xef\xbb\xbf", "\xef\xbb",
                           "{\"a\" 1}"}) {
    EXPECT_FALSE(complaints_about(text).empty()) << text;
  }
  EXPECT_FALSE(complaints_about(std::string(1000, '\0')).empty());
}

TEST(HostileScenario, one_that_is_cut_short_anywhere_is_refused) {
  for (const std::string& whole : {kRich, kRichVolume, kRichBlob}) {
    parse_well(whole);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(complaints_about(whole.substr(0, length)).empty()) << length;
    }
  }
}

RC_GTEST_PROP(HostileScenario, one_with_any_bytes_changed_is_read_or_refused_with_a_place, ()) {
  std::string text = *rc::gen::element(kRich, kRichVolume, kRichBlob);
  const int changes = *rc::gen::inRange(1, 5);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    const char byte =
        *rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::elementOf(std::string("{}[]\",:0129ae.-\\ ")));
    switch (*rc::gen::inRange(0, 3)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      default: text.erase(at, *rc::gen::inRange<std::size_t>(1, 9)); break;
    }
  }
  const auto scenario = parse_scenario(text, "file");
  if (scenario) {
    RC_ASSERT(!scenario->steps.empty());
    RC_ASSERT(!scenario->disks.empty());
    return;
  }
  RC_ASSERT(!scenario.error().empty());
  for (const Diagnostic& each : scenario.error()) {
    RC_ASSERT(each.line >= 1U);
    RC_ASSERT(each.column >= 1U);
    RC_ASSERT(!each.message.empty());
  }
}

RC_GTEST_PROP(HostileScenario, one_with_any_number_anywhere_is_read_or_refused, ()) {
  std::string text = *rc::gen::element(kRich, kRichVolume, kRichBlob);
  std::vector<std::size_t> places;  // where a value begins
  for (std::size_t i = text.find(": "); i != std::string::npos; i = text.find(": ", i + 1))
    places.push_back(i + 2);
  const std::size_t at = *rc::gen::elementOf(places);
  const std::size_t end = text.find_first_of(",}]", at);
  const auto number =
      *rc::gen::oneOf(rc::gen::arbitrary<uint64_t>(),
                      rc::gen::element<uint64_t>(0, 1, 512, 4096, uint64_t{1} << 32, ~uint64_t{0}));
  text.replace(at, end - at, std::to_string(number));
  const auto scenario = parse_scenario(text, "file");
  RC_ASSERT(scenario.has_value() || !scenario.error().empty());
}

}  // namespace
}  // namespace holdfast::sim
