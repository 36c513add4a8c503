// SPDX-License-Identifier: BSD-3-Clause
#include "sim/scenario/mistakes.hh"

#include <string_view>

#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

std::string with_device(std::string_view device) {
  return scenario_text("\"device\": " + std::string(device) + ",");
}
std::string with_store(std::string_view store) {
  return scenario_text("\"store\": " + std::string(store) + ",");
}
std::string with_crash(std::string_view crash) {
  return scenario_text("\"crash\": " + std::string(crash) + ",");
}
std::string with_disks(std::string_view disks) {
  return scenario_text("\"disks\": " + std::string(disks) + ",");
}
std::string with_steps(std::string_view steps) { return scenario_text("", steps); }
std::string with_volume(std::string_view volume) {
  return scenario_text(R"("device": {"size": "2176KiB"}, "volume": )" + std::string(volume) + ",",
                       R"({"volume.create": {}})");
}
const std::string kHonest = R"({"name": "honest", "expect": "pass"})";

}  // namespace

std::string with_spdk(std::string_view session, std::string_view step, std::string_view later) {
  return with_blob_steps(R"({"store.close": {}}, )" + std::string(step) + R"({"spdk": )" +
                         std::string(session) + "}" + std::string(later));
}

std::vector<Mistake> mistakes_in_document() {
  return {
      {"unknown_key", scenario_text("@\"stor\": {},"), "unknown key \"stor\"; did you mean \"store\"?"},
      {"unknown_key_like_no_other", scenario_text("@\"qqqqqqqq\": 1,"), "unknown key \"qqqqqqqq\""},
      {"key_twice", scenario_text("\"tags\": [],\n  @\"tags\": [],"),
       "the key \"tags\" stands twice in this object"},
      {"no_name", "@{\"purpose\": \"p\", \"steps\": [{\"store.format\": {}}]}", "\"scenario\" is missing"},
      {"no_purpose", "\n @{\"scenario\": \"s\", \"steps\": [{\"store.format\": {}}]}",
       "\"purpose\" is missing"},
      {"no_steps", "@{\"scenario\": \"s\", \"purpose\": \"p\"}", "\"steps\" is missing"},
      {"empty_name", R"({"scenario": @"", "purpose": "p", "steps": [{"store.format": {}}]})",
       "\"scenario\" is empty"},
      {"name_is_a_number", R"({"scenario": @7, "purpose": "p", "steps": [{"store.format": {}}]})",
       "\"scenario\" must be a string, and this is a whole number"},
      {"not_an_object", "@[]", "this must be an object, and this is a list"},
      {"only_a_word", "@true", "this must be an object, and this is true or false"},
      {"negative_number", scenario_text("\"store\": {\"metadata_pages\": @-1},"),
       "\"metadata_pages\" must be a whole number, and this is a negative number"},
      {"negative_zero", scenario_text("\"store\": {\"metadata_pages\": @-0},"),
       "\"metadata_pages\" must be a whole number, and this is a negative number"},
      {"negative_size", scenario_text("\"device\": {\"size\": @-65536},"),
       "this must be a number of bytes such as 4096 or \"4KiB\""},
      {"tags_are_no_list", scenario_text("\"tags\": @\"x\","),
       "\"tags\" must be a list, and this is a string"},
      {"long_letters", scenario_text("\"note\": \"\u00e9\u20ac\U0001f600\", @\"stor\": {},"),
       "unknown key \"stor\"; did you mean \"store\"?"},
      {"tag_is_null", scenario_text("\"tags\": [\"x\", @null],"), "a tag must be a string, and this is null"},
  };
}

std::vector<Mistake> mistakes_in_device() {
  return {
      {"is_a_list", with_device("@[]"), "this must be an object, and this is a list"},
      {"unknown_key", with_device("{@\"blok_size\": 512}"),
       "unknown key \"blok_size\"; did you mean \"block_size\"?"},
      {"block_size_no_power", with_device("{\"block_size\": @3000}"),
       "\"block_size\" must be a power of two from 512 to 4096"},
      {"block_size_too_large", with_device("{\"block_size\": @8192}"),
       "\"block_size\" must be a power of two from 512 to 4096"},
      {"atomic_write_too_small", with_device("{\"atomic_write\": @\"256B\"}"),
       "\"atomic_write\" must be a power of two from 512 to 65536"},
      {"size_odd", with_device("@{\"size\": \"5KiB\"}"), "\"size\" must be a multiple of 64KiB up to 4GiB"},
      {"size_zero", with_device("@{\"size\": 0}"), "\"size\" must be a multiple of 64KiB up to 4GiB"},
      {"size_huge", with_device("@{\"size\": \"5GiB\"}"), "\"size\" must be a multiple of 64KiB up to 4GiB"},
      {"unit", with_device("{\"size\": @\"4Mib\"}"),
       "this must be a number of bytes such as 4096 or \"4KiB\""},
      {"overflow", with_device("{\"size\": @\"99999999999TiB\"}"),
       "this must be a number of bytes such as 4096 or \"4KiB\""},
      {"size_fraction", with_device("{\"size\": @0.5}"),
       "this must be a number of bytes such as 4096 or \"4KiB\""},
      {"fua_lists_nothing", with_device("{\"fua\": @[]}"),
       "\"fua\" lists no case; write true, false or [false, true]"},
      {"fua_is_text", with_device("{\"fua\": @\"yes\"}"), "\"fua\" must be a list, and this is a string"},
      {"fua_lists_text", with_device("{\"fua\": [true, @\"no\"]}"),
       "an item of \"fua\" must be true or false, and this is a string"},
      {"initial", with_device("{\"initial\": @\"zeros\"}"),
       "\"zeros\" is not an initial content; did you mean \"zeroes\"?"},
      {"profile", with_device("{\"profile\": @\"consumer-nvm\"}"),
       "\"consumer-nvm\" is not a profile; did you mean \"consumer-nvme\"?"},
      {"profile_is_an_object", with_device("{\"profile\": @{}}"),
       "a profile must be a string, and this is an object"},
      {"boundary_too_large", with_device("{\"profile\": \"atomic-16k\", \"atomic_boundary\": @\"128KiB\"}"),
       "\"atomic_boundary\" must be a power of two from 512 to 65536"},
      {"discard_leaves_what", with_device("{\"discard_leaves\": @\"nothing\"}"),
       "\"nothing\" is not what a discard leaves; did you mean \"anything\"?"},
      {"discard_leaves_zeroes", with_device(R"({"discard_leaves": @"old", "discard_reads_zero": true})"),
       "\"discard_leaves\" and \"discard_reads_zero\": true do not go together"},
      {"cache", with_device("{\"volatile_cache\": @1}"),
       "\"volatile_cache\" must be true or false, and this is a whole number"},
  };
}

std::vector<Mistake> mistakes_in_store() {
  return {
      {"cluster_size", with_store("@{\"cluster_size\": 5000}"),
       "\"cluster_size\" must be a multiple of 4KiB up to 64MiB"},
      {"no_pages", with_store("@{\"metadata_pages\": 0}"), "\"metadata_pages\" must be from 1 to 1048576"},
      {"pages_are_a_fraction", with_store("{\"metadata_pages\": @1.5}"),
       "\"metadata_pages\" must be a whole number, and this is a fraction"},
      {"long_type", with_store("@{\"type\": \"seventeen letters\"}"), "\"type\" has at most 16 bytes"},
      {"unknown_key", with_store("{@\"clustersize\": 4096}"),
       "unknown key \"clustersize\"; did you mean \"cluster_size\"?"},
      {"no_room", "@" + with_store("{\"metadata_pages\": 4096}"),
       "the device is too small for this store's metadata and one cluster"},
  };
}

std::vector<Mistake> mistakes_in_crash() {
  return {
      {"nested", with_crash("@{\"nested\": 3}"), "\"nested\" is at most 2"},
      {"nested_huge", with_crash("@{\"nested\": 18446744073709551615}"), "\"nested\" is at most 2"},
      {"states", with_crash("@{\"states_per_point\": 1}"), "\"states_per_point\" must be at least 2"},
      {"budget", with_crash("@{\"states_per_case\": 0}"), "\"states_per_case\" must be at least 1"},
      {"no_order", with_crash("{\"orders\": @0}"), "\"orders\" must be from 1 to 1000000"},
      {"many_orders", with_crash("{\"orders\": @1000001}"), "\"orders\" must be from 1 to 1000000"},
      {"unknown_key", with_crash("{@\"nest\": 1}"), "unknown key \"nest\"; did you mean \"nested\"?"},
  };
}

std::vector<Mistake> mistakes_in_disks() {
  return {
      {"no_list", with_disks("@{}"), "\"disks\" must be a list, and this is an object"},
      {"empty", with_disks("@[]"),
       "one of the disks must be honest: a broken one proves nothing without its twin"},
      {"none_honest", with_disks(R"(@[{"name": "x", "ignores": ["B1"], "expect": {"violations": ["B1"]}}])"),
       "one of the disks must be honest: a broken one proves nothing without its twin"},
      {"no_name", with_disks("[@{\"expect\": \"pass\"}]"), "\"name\" is missing"},
      {"no_expect", with_disks("[@{\"name\": \"x\"}]"),
       "\"expect\" is missing: \"pass\" or {\"violations\": [...]}"},
      {"honest_violates", with_disks(R"([@{"name": "x", "expect": {"violations": ["B1"]}}])"),
       "an honest disk must not be expected to violate anything"},
      {"same_name", with_disks("[" + kHonest + ",\n@" + kHonest + "]"), "two disks are called \"honest\""},
      {"barrier", with_disks("[" + kHonest + R"(, {"name": "x", "ignores": [@"B9"], "expect": "pass"}])"),
       "\"B9\" is not a barrier; did you mean \"B1\"?"},
      {"invariant",
       with_disks("[" + kHonest +
                  R"(, {"name": "x", "ignores": ["B1"], "expect": {"violations": ["B1", @"A9"]}}])"),
       "\"A9\" is not an invariant; did you mean \"A1\"?"},
      {"no_violation",
       with_disks("[" + kHonest + R"(, {"name": "x", "ignores": ["B1"], "expect": {"violations": @[]}}])"),
       "no violation is listed; say \"expect\": \"pass\""},
      {"violation_twice",
       with_disks("[" + kHonest +
                  R"(, {"name": "x", "ignores": ["B1"], "expect": {"violations": @["B1", "B1"]}}])"),
       "a violation is listed twice"},
      {"expects_nothing", with_disks("[" + kHonest + R"(, {"name": "x", "ignores": ["B1"], "expect": @{}}])"),
       "\"violations\" is missing"},
      {"outcome", with_disks("[{\"name\": \"x\", \"expect\": @\"fail\"}]"), "\"fail\" is not an expectation"},
      {"outcome_key",
       with_disks(
           R"([{"name": "x", "expect": {@"violation": ["B1"], "violations": ["B1"]}, "ignores": ["B1"]}, )" +
           kHonest + "]"),
       "unknown key \"violation\"; did you mean \"violations\"?"},
  };
}

std::vector<Mistake> mistakes_in_steps() {
  return {
      {"none", "{\"scenario\": \"s\", \"purpose\": \"p\", \"steps\": @[]}",
       "this list of steps is empty; leave it out"},
      {"no_verb", with_steps("@{\"note\": \"x\"}"), "a step has exactly one verb, and this one has 0"},
      {"misspelt_verb", with_steps("{@\"store.frmat\": {}}"),
       "unknown key \"store.frmat\"; did you mean \"store.format\"?"},
      {"two_verbs", with_steps(R"(@{"store.format": {}, "store.open": {}})"),
       "a step has exactly one verb, and this one has 2"},
      {"outcome", with_steps(R"({"store.format": {}, "expect": @"no-space"})"),
       "\"no-space\" is not an outcome; did you mean \"no_space\"?"},
      {"kill_step", with_steps(R"({"store.format": {}, "kill_after": @"write rot"})"),
       "\"write rot\" is not a protocol step; did you mean \"write root\"?"},
      {"key_of_a_verb", with_steps(R"({"store.format": {@"forced": true}})"),
       "unknown key \"forced\"; did you mean \"force\"?"},
      {"verb_without_keys", with_steps(R"({"store.format": {}}, {"store.open": {@"x": 1}})"),
       "unknown key \"x\""},
      {"is_text", with_steps("@\"store.format\""), "this must be an object, and this is a string"},
      {"xattr_too_long",
       with_blob_steps(R"({"blob.set_xattr": {"blob": "abc", "name": "n", "value": @{"bytes": 4064}}})"),
       "an xattr's value has at most 4063 bytes"},
      {"xattr_name_of_the_runner",
       with_steps(
           R"({"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a",
             "xattrs": {@"name": "b"}}})"),
       "\"name\" is set by the runner to the blob's name"},
      {"value_missing", with_blob_steps(R"({"blob.set_xattr": @{"blob": "abc", "name": "n"}})"),
       "\"value\" is missing"},
      {"value_is_a_number",
       with_blob_steps(R"({"blob.set_xattr": {"blob": "abc", "name": "n", "value": @3}})"),
       "this must be an object, and this is a whole number"},
      {"no_length", with_blob_steps(R"({"io.read": @{"blob": "abc"}})"), "\"length\" is missing or 0"},
      {"not_aligned", with_blob_steps(R"({"io.read": @{"blob": "abc", "length": 512}})"),
       "\"offset\" and \"length\" must be multiples of the block size, 4096"},
      {"read_with_fua", with_blob_steps(R"({"io.read": @{"blob": "abc", "length": 4096, "fua": true}})"),
       "only io.write and io.write_zeroes take \"fua\""},
      {"unmap_undefined",
       with_blob_steps(R"({"io.unmap": @{"blob": "abc", "length": 4096}})",
                       R"("device": {"discard_reads_zero": false},)"),
       "what io.unmap leaves is only defined if the device says \"discard_reads_zero\": true"},
  };
}

std::vector<Mistake> mistakes_in_parallel() {
  return {
      {"misspelt_verb",
       with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {@"store.clse": {}}]})"),
       "unknown key \"store.clse\"; did you mean \"store.close\"?"},
      {"killed",
       with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {"io.flush": {"blob": "abc"}}],
             "kill_after": @"write root"})"),
       "\"kill_after\" and \"parallel\" do not go together"},
      {"kill_of_a_step", with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}},
             {"blob.sync": {"blob": "abc"}, "kill_after": @"write root"}]})"),
       "\"kill_after\" and \"parallel\" do not go together"},
      {"outcome",
       with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {"io.flush": {"blob": "abc"}}],
             "expect": @"busy"})"),
       "\"expect\" belongs to the steps inside \"parallel\""},
      {"orders_of_one_step", with_steps(R"({"store.format": {}, "orders": @"every"})"),
       "\"orders\" belongs to \"parallel\": what happens one after the other has one"},
      {"orders_of_a_step", with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}},
             {"io.flush": {"blob": "abc"}, "orders": @"every"}]})"),
       "\"orders\" belongs to \"parallel\": what happens one after the other has one"},
      {"number_of_orders",
       with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {"io.flush": {"blob": "abc"}}],
             "orders": @"all"})"),
       "\"all\" is not a number of orders"},
      {"of_one", with_blob_steps(R"({@"parallel": [{"io.flush": {"blob": "abc"}}]})"),
       "\"parallel\" needs at least two steps"},
      {"in_parallel", with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}},
                        {@"parallel": [{"io.flush": {"blob": "abc"}}, {"io.flush": {"blob": "abc"}}]}]})"),
       "\"parallel\" cannot stand inside \"parallel\""},
      {"of_the_store",
       with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {@"store.close": {}}]})"),
       "steps of the store cannot stand inside \"parallel\""},
  };
}

std::vector<Mistake> mistakes_in_spdk() {
  return {
      {"unknown_key", with_spdk(R"({@"unlod": true})"), "unknown key \"unlod\"; did you mean \"unload\"?"},
      {"unload_is_text", with_spdk(R"({"unload": @"yes"})"),
       "\"unload\" must be true or false, and this is a string"},
      {"no_list", with_spdk(R"({"do": @{}})"), "\"do\" must be a list, and this is an object"},
      {"unknown_action", with_spdk(R"({"do": [{@"creat": {"name": "x"}}]})"),
       "unknown key \"creat\"; did you mean \"create\"?"},
      {"action_without_verb", with_spdk(R"({"do": [@{}]})"),
       "an action has exactly one verb, and this one has 0"},
      {"action_with_two_verbs",
       with_spdk(R"({"do": [@{"create": {"name": "x"}, "delete": {"blob": "abc"}}]})"),
       "an action has exactly one verb, and this one has 2"},
      {"key_of_an_action", with_spdk(R"({"do": [{"create": {"name": "x", @"thick": true}}]})"),
       "unknown key \"thick\"; did you mean \"thin\"?"},
      {"fua", with_spdk(R"({"do": [{"write": @{"blob": "abc", "length": 4096, "fua": true}}]})"),
       "SPDK's blobstore knows no \"fua\""},
      {"in_parallel", with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {@"spdk": {}}]})"),
       "steps of the store cannot stand inside \"parallel\""},
      {"of_an_open_store", with_blob_steps(R"(@{"spdk": {}})"),
       "the store is open; close it before another program uses it"},
      {"killed", with_blob_steps(R"({"store.close": {}}, @{"spdk": {}, "kill_after": "write root"})"),
       "\"kill_after\" names a step of the engine, and this is another program"},
      {"unknown_blob", with_spdk(R"({"do": [@{"resize": {"blob": "abd", "clusters": 2}}]})"),
       "there is no blob \"abd\" at this step; did you mean \"abc\"?"},
      {"blob_twice", with_spdk(R"({"do": [{"create": {"name": "x"}}, @{"create": {"name": "x"}}]})"),
       "there is a blob \"x\" already"},
      {"beyond_the_end", with_spdk(R"({"do": [{"resize": {"blob": "abc", "clusters": 2}},
                            {"write": {"blob": "abc", "offset": "16KiB", "length": "16KiB"}},
                            @{"write": {"blob": "abc", "offset": "32KiB", "length": "4KiB"}}]})"),
       "\"abc\" has 32768 bytes, and this goes beyond them"},
      {"deleted",
       with_spdk(R"({"do": [{"delete": {"blob": "abc"}}]})", "",
                 R"(, {"store.open": {}}, @{"blob.sync": {"blob": "abc"}})"),
       "there is no blob \"abc\" at this step"},
  };
}

std::vector<Mistake> mistakes_in_story() {
  return {
      {"not_open", with_steps(R"({"store.format": {}}, @{"blob.create": {"name": "a"}})"),
       "the store is not open at this step"},
      {"open_twice", with_steps(R"({"store.format": {}}, {"store.open": {}}, @{"store.open": {}})"),
       "the store is open already"},
      {"format_while_open", with_blob_steps(R"(@{"store.format": {"force": true}})"),
       "the store is open; close it before it is formatted"},
      {"closed_and_used", with_blob_steps(R"({"store.close": {}}, @{"io.flush": {"blob": "abc"}})"),
       "the store is not open at this step"},
      {"unknown_blob", with_blob_steps(R"(@{"blob.sync": {"blob": "abd"}})"),
       "there is no blob \"abd\" at this step; did you mean \"abc\"?"},
      {"deleted_blob",
       with_blob_steps(R"({"blob.delete": {"blob": "abc"}}, @{"blob.sync": {"blob": "abc"}})"),
       "there is no blob \"abc\" at this step"},
      {"blob_twice", with_blob_steps(R"(@{"blob.create": {"name": "abc"}})"),
       "there is a blob \"abc\" already"},
      {"too_many_clusters", with_blob_steps(R"(@{"blob.create": {"name": "b", "clusters": 99999}})"),
       "the device has only 1024 clusters, metadata included"},
      {"beyond_the_end",
       with_blob_steps(R"(@{"io.write": {"blob": "abc", "offset": "12KiB", "length": "8KiB"}})"),
       "\"abc\" has 16384 bytes, and this goes beyond them"},
      {"offset_that_wraps",
       with_blob_steps(R"(@{"io.write": {"blob": "abc", "offset": 18446744073709547520, "length": 8192}})"),
       "\"abc\" has 16384 bytes, and this goes beyond them"},
      {"used_after_a_kill",
       with_blob_steps(
           R"({"blob.sync": {"blob": "abc"}, "kill_after": "write root"}, @{"blob.sync": {"blob": "abc"}})"),
       "the store is not open at this step"},
  };
}

std::vector<Mistake> mistakes_after_a_cut() {
  return {
      {"uses_what_no_cut_leaves",
       with_blob_steps(R"({"io.flush": {"blob": "abc"}})", R"("after": [@{"blob.sync": {"blob": "abd"}}],)"),
       "there is no blob \"abd\" at this step; did you mean \"abc\"?"},
      {"uses_what_a_step_creates",
       with_blob_steps(R"({"blob.create": {"name": "new"}})",
                       R"("after": [@{"blob.sync": {"blob": "new"}}],)"),
       "\"new\" is not there after every cut: use what \"setup\" leaves and no step takes away, or create it "
       "here"},
      {"uses_what_a_step_deletes",
       with_blob_steps(R"({"blob.delete": {"blob": "abc"}})",
                       R"("after": [@{"blob.sync": {"blob": "abc"}}],)"),
       "\"abc\" is not there after every cut: use what \"setup\" leaves and no step takes away, or create it "
       "here"},
      {"uses_what_another_program_touched",
       with_blob_steps(
           R"({"store.close": {}}, {"spdk": {"do": [{"resize": {"blob": "abc", "clusters": 2}}]}})",
           R"("after": [@{"blob.sync": {"blob": "abc"}}],)"),
       "\"abc\" is not there after every cut: use what \"setup\" leaves and no step takes away, or create it "
       "here"},
      {"writes_beyond_what_a_cut_leaves",
       with_blob_steps(R"({"blob.resize": {"blob": "abc", "clusters": 4}})",
                       R"("after": [@{"io.write": {"blob": "abc", "offset": "16KiB", "length": 4096}}],)"),
       "\"abc\" may have only 16384 bytes, and this goes beyond them"},
      {"opens_an_open_store", with_blob_steps(R"({"store.close": {}})", R"("after": [@{"store.open": {}}],)"),
       "the store is open already"},
      {"uses_a_closed_store",
       with_blob_steps(R"({"store.close": {}})",
                       R"("after": [{"store.close": {}}, @{"io.flush": {"blob": "abc"}}],)"),
       "the store is not open at this step"},
      {"the_second_after_misses_what_the_first_deletes",
       with_blob_steps(R"({"store.close": {}})",
                       R"("crash": {"nested": 2}, "after": [@{"blob.delete": {"blob": "abc"}}],)"),
       "\"abc\" is not there after every cut: use what \"setup\" leaves and no step takes away, or create it "
       "here"},
      {"opens_an_open_volume",
       scenario_text(std::string(kVolume) + R"("after": [@{"volume.open": {}}],)",
                     R"({"volume.create": {}})"),
       "the volume is open already"},
      {"goes_beyond_the_volume",
       scenario_text(
           std::string(kVolume) + R"("after": [@{"volume.read": {"offset": "1MiB", "length": 4096}}],)",
           R"({"volume.create": {}})"),
       "the volume has 131072 bytes, and this goes beyond them"},
  };
}

std::vector<Mistake> mistakes_in_volume() {
  return {
      {"is_text", with_volume("@\"lz4\""), "this must be an object, and this is a string"},
      {"unknown_key", with_volume("{@\"chunk\": 4096}"), "unknown key \"chunk\""},
      {"chunk_too_large", with_volume("{\"chunk_size\": @2097152}"),
       "\"chunk_size\" must be a multiple of 512 from 4096 to 1048576"},
      {"chunk_too_small", with_volume("{\"chunk_size\": @\"2KiB\"}"),
       "\"chunk_size\" must be a multiple of 512 from 4096 to 1048576"},
      {"chunk_size_odd", with_volume("{\"chunk_size\": @\"5000\"}"),
       "\"chunk_size\" must be a multiple of 512 from 4096 to 1048576"},
      {"no_unit", with_volume("{\"unit_size\": @0}"),
       "\"unit_size\" must be a multiple of 512 from 512 to 1048576"},
      {"unit_of_half_a_block", with_volume("{\"unit_size\": @2048}"),
       "\"unit_size\" must be a multiple of the device's block size, 4096"},
      {"unit_divides_no_chunk", with_volume("{\"unit_size\": @\"12KiB\"}"),
       "\"unit_size\" must divide the chunk size, 16384"},
      {"block_of_half_a_sector", with_volume("{\"logical_block_size\": @256}"),
       "\"logical_block_size\" must be a multiple of 512 from 512 to 1048576"},
      {"block_divides_no_chunk", with_volume("{\"logical_block_size\": @1536}"),
       "\"logical_block_size\" must divide the chunk size, 16384"},
      {"too_few_chunks", with_volume("@{\"chunk_size\": \"32KiB\"}"),
       "the device has only 68 chunks, and a volume keeps 128 of them spare; make the device larger or the "
       "chunks smaller"},
      {"too_many_chunks",
       scenario_text("\"device\": {\"size\": \"12MiB\"}, \"volume\": @{},", R"({"volume.create": {}})"),
       "the volume has 640 chunks, and at most 512 can be read in every crash state; make the device smaller "
       "or the chunks larger"},
      {"codec", with_volume("{\"codec\": @\"lz5\"}"), "\"lz5\" is not a codec; did you mean \"lz4\"?"},
      {"queue_depth", with_volume("{\"queue_depth\": @65}"), "\"queue_depth\" must be from 1 to 64"},
      {"memory", with_volume("{\"memory\": @\"maped\"}"),
       "\"maped\" is not a kind of memory; did you mean \"mapped\"?"},
      {"memory_lists_nothing", with_volume("{\"memory\": @[]}"),
       "\"memory\" lists no case; write \"persistent\", \"mapped\" or both in a list"},
      {"memory_lists_a_number", with_volume("{\"memory\": [\"mapped\", @1]}"),
       "a kind of memory must be a string, and this is a whole number"},
      {"memory_twice", with_volume("{\"memory\": [\"mapped\", @\"mapped\"]}"),
       "\"memory\" lists a case twice"},
      {"memory_is_true", with_volume("{\"memory\": @true}"),
       "\"memory\" must be a list, and this is true or false"},
      {"with_a_store", scenario_text(std::string(kVolume) + "\"store\": @{},", R"({"volume.create": {}})"),
       "\"store\" says nothing about a volume on the device; leave it out"},
      {"set_up_elsewhere",
       scenario_text(R"("device": {"size": "2176KiB", "setup_atomic_write": @512}, "volume": {},)",
                     R"({"volume.create": {}})"),
       "\"setup_atomic_write\" is for stores; leave it out of a volume's device"},
  };
}

std::vector<Mistake> mistakes_in_volume_steps() {
  return {
      {"step_of_a_store", with_volume_steps(R"(@{"store.format": {}})"),
       "a scenario with \"volume\" has steps of the volume only"},
      {"step_of_a_store_in_parallel",
       with_volume_steps(R"({"parallel": [{"volume.flush": {}}, @{"io.flush": {"blob": "abc"}}]})"),
       "a scenario with \"volume\" has steps of the volume only"},
      {"step_of_a_store_after_a_cut",
       scenario_text(std::string(kVolume) + R"("after": [@{"store.close": {}}],)",
                     R"({"volume.create": {}})"),
       "a scenario with \"volume\" has steps of the volume only"},
      {"step_without_a_volume", with_steps(R"(@{"volume.create": {}})"),
       "a step of a volume needs the key \"volume\" beside \"steps\""},
      {"create_in_parallel",
       with_volume_steps(R"({"parallel": [{"volume.flush": {}}, {@"volume.create": {}}]})"),
       "only data and flushes of a volume can stand inside \"parallel\""},
      {"close_in_parallel",
       with_volume_steps(R"({"parallel": [{"volume.flush": {}}, {@"volume.close": {}}]})"),
       "only data and flushes of a volume can stand inside \"parallel\""},
      {"content", with_volume_steps(R"({"volume.write": {"length": 4096, "content": @"dens"}})"),
       "\"dens\" is not a kind of content; did you mean \"dense\"?"},
      {"content_of_a_read", with_volume_steps(R"({"volume.read": {"length": 4096, @"content": "half"}})"),
       "unknown key \"content\""},
      {"no_length", with_volume_steps(R"({"volume.unmap": @{}})"), "\"length\" is missing or 0"},
      {"not_aligned", with_volume_steps(R"({"volume.read": @{"offset": 512, "length": 4096}})"),
       "\"offset\" and \"length\" must be multiples of the logical block, 4096"},
      {"kill_step", with_volume_steps(R"({"volume.close": {}, "kill_after": @"persists"})"),
       "\"persists\" is not a protocol step; did you mean \"persist\"?"},
      {"not_there", scenario_text(kVolume, R"(@{"volume.open": {}})"), "there is no volume at this step"},
      {"there_already", with_volume_steps(R"({"volume.close": {}}, @{"volume.create": {}})"),
       "there is a volume already; say \"replace\": true"},
      {"created_while_open", with_volume_steps(R"(@{"volume.create": {"replace": true}})"),
       "the volume is open; close it before it is created anew"},
      {"not_open", scenario_text(kVolume, R"({"volume.create": {}}, @{"volume.read": {"length": 4096}})"),
       "the volume is not open at this step"},
      {"open_twice", with_volume_steps(R"(@{"volume.open": {}})"), "the volume is open already"},
      {"destroyed_while_open", with_volume_steps(R"(@{"volume.destroy": {}})"),
       "the volume is open; close it before it is destroyed"},
      {"destroyed_twice",
       with_volume_steps(R"({"volume.close": {}}, {"volume.destroy": {}}, @{"volume.destroy": {}})"),
       "there is no volume at this step"},
      {"beyond_the_end", with_volume_steps(R"(@{"volume.write": {"offset": "124KiB", "length": "8KiB"}})"),
       "the volume has 131072 bytes, and this goes beyond them"},
      {"beyond_the_end_in_parallel",
       with_volume_steps(R"({"parallel": [{"volume.write": {"offset": "124KiB", "length": "4KiB"}},
             @{"volume.read": {"offset": 18446744073709547520, "length": 8192}}]})"),
       "the volume has 131072 bytes, and this goes beyond them"},
      {"used_after_a_kill",
       with_volume_steps(
           R"({"volume.write": {"length": 4096}, "kill_after": "write units"}, @{"volume.flush": {}})"),
       "the volume is not open at this step"},
  };
}

std::vector<Mistake> mistakes_in_volume_in_a_blob() {
  const std::string open = R"({"volume.create": {}}, {"volume.open": {}})";
  const auto with = [](std::string_view volume, std::string_view clusters, std::string_view steps) {
    return scenario_text(R"("volume": )" + std::string(volume) +
                             R"(, "setup": [{"store.format": {}}, {"store.open": {}},
            {"blob.create": {"name": "disk", "clusters": )" +
                             std::string(clusters) + R"(, "thin": true}}],)",
                         steps);
  };
  const auto in_a_blob = [&](std::string_view steps) { return with(R"({"blob": "disk"})", "136", steps); };
  const auto opened = [&](std::string_view steps) { return in_a_blob(open + ", " + std::string(steps)); };
  return {
      {"is_a_number", with(R"({"blob": @7})", "136", R"({"store.close": {}})"),
       "\"blob\" must be a string, and this is a whole number"},
      {"empty", with(R"({"blob": @""})", "136", R"({"store.close": {}})"), "\"blob\" is empty"},
      {"never_created", with(R"({"blob": @"disc"})", "136", R"({"store.close": {}})"),
       "no step creates the blob \"disc\" that the volume is to lie in"},
      {"too_few_chunks", with(R"(@{"blob": "disk"})", "128", R"({"store.close": {}})"),
       "the blob has only 128 chunks, and a volume keeps 128 of them spare; make the blob larger or the "
       "chunks smaller"},
      {"too_many_chunks", with(R"(@{"blob": "disk"})", "65536", R"({"store.close": {}})"),
       "the volume has 65408 chunks, and at most 512 can be read in every crash state; make the blob smaller "
       "or the chunks larger"},
      {"store_not_open", in_a_blob(R"({"store.close": {}}, @{"volume.create": {}})"),
       "the store is not open at this step"},
      {"blob_not_there", in_a_blob(R"({"blob.delete": {"blob": "disk"}}, @{"volume.create": {}})"),
       "there is no blob \"disk\" for the volume at this step"},
      {"store_closed_below_it", opened(R"(@{"store.close": {}})"),
       "the volume is open; close it before its store"},
      {"store_destroyed_below_it", opened(R"({"volume.close": {}}, @{"store.destroy": {}})"),
       "the blob holds the volume; destroy the volume first"},
      {"blob_deleted_below_it", opened(R"({"volume.close": {}}, @{"blob.delete": {"blob": "disk"}})"),
       "the blob holds the volume; destroy the volume first"},
      {"blob_resized_below_it", opened(R"(@{"blob.resize": {"blob": "disk", "clusters": 140}})"),
       "the blob holds the volume, and keeps its size"},
      {"written_below_it", opened(R"(@{"io.write": {"blob": "disk", "length": 4096}})"),
       "the blob holds the volume; its content is changed by steps of the volume"},
      {"another_program", opened(R"({"volume.close": {}}, {"store.close": {}}, @{"spdk": {}})"),
       "another program cannot use the store below a volume"},
      {"used_after_a_kill",
       opened(R"({"volume.write": {"length": 4096}, "kill_after": "write units"}, @{"volume.open": {}})"),
       "the store is not open at this step"},
  };
}

std::vector<Mistake> mistakes_in_memory_steps() {
  const auto with_map = [](std::string_view steps) {
    return scenario_text(std::string(kVolume) + R"("setup": [{"volume.create": {}}],)", steps);
  };
  return {
      {"what_is_missing", with_map(R"({"memory.poison": @{"chunk": 1}})"),
       "\"what\" is missing: \"superblock\", \"entry\" or \"chunk_map\""},
      {"what", with_map(R"({"memory.poison": {"what": @"chunkmap"}})"),
       "\"chunkmap\" is not a part of a map file; did you mean \"chunk_map\"?"},
      {"what_is_a_number", with_map(R"({"memory.poison": {"what": @4096}})"),
       "a part of a map file must be a string, and this is a whole number"},
      {"offset", with_map(R"({"memory.poison": {"what": "entry", @"offset": 4096}})"),
       "unknown key \"offset\""},
      {"negative_chunk", with_map(R"({"memory.poison": {"what": "entry", "chunk": @-1}})"),
       "\"chunk\" must be a whole number, and this is a negative number"},
      {"chunk_of_the_superblock", with_map(R"({"memory.poison": {"what": "superblock", "chunk": @1}})"),
       "the superblock belongs to no chunk; leave \"chunk\" out"},
      {"by_is_missing", with_map(R"({"memory.replace": @{}})"),
       "\"by\" is missing: \"copy\" or \"another_volume\""},
      {"by", with_map(R"({"memory.replace": {"by": @"other_volume"}})"),
       "\"other_volume\" is not a map file; did you mean \"another_volume\"?"},
      {"key_of_a_loss", with_map(R"({"memory.lose": {@"what": "entry"}})"), "unknown key \"what\""},
      {"verb", with_map(R"({@"memory.loose": {}})"),
       "unknown key \"memory.loose\"; did you mean \"memory.lose\"?"},
      {"in_parallel", with_volume_steps(R"({"parallel": [{"volume.flush": {}}, {@"memory.lose": {}}]})"),
       "only data and flushes of a volume can stand inside \"parallel\""},
      {"killed", with_map(R"({"memory.lose": {}, "kill_after": @"persist"})"),
       "\"kill_after\" names a step of the engine, and this is none"},
      {"of_a_store", with_blob_steps(R"(@{"memory.lose": {}})"),
       "a step of a volume needs the key \"volume\" beside \"steps\""},
      {"while_open", with_volume_steps(R"(@{"memory.lose": {}})"),
       "the volume is open; close it before something happens to its map file"},
      {"without_a_volume", scenario_text(kVolume, R"(@{"memory.lose": {}})"),
       "there is no volume at this step"},
      {"beyond_the_end", with_map(R"(@{"memory.poison": {"what": "entry", "chunk": 8}})"),
       "the volume has only 8 chunks"},
      {"without_a_copy", with_map(R"(@{"memory.replace": {"by": "copy"}})"),
       "there is no copy of the map file at this step; make one with \"memory.copy\""},
  };
}

std::string without_mark(const Mistake& mistake) {
  std::string text = mistake.text;
  return text.erase(text.find('@'), 1);
}

}  // namespace holdfast::sim
