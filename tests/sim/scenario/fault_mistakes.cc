// SPDX-License-Identifier: BSD-3-Clause
// Mistakes in the faults of a disk.
#include <string_view>

#include "sim/scenario/mistakes.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

std::string with_faults(std::string_view faults) {
  return scenario_text(
      R"("disks": [{"name": "honest", "expect": "pass"}, {"name": "x", "expect": "pass", "faults": )" +
      std::string(faults) + "}],");
}
std::string with_volume_faults(std::string_view faults) {
  return scenario_text(std::string(kVolume) + R"("disks": [{"name": "honest", "expect": "pass"},
      {"name": "x", "expect": "pass", "faults": )" +
                           std::string(faults) + "}],",
                       R"({"volume.create": {}})");
}

}  // namespace

std::vector<Mistake> mistakes_in_faults() {
  std::string seventeen = R"({"kind": "stuck"})";
  for (int i = 0; i < 16; ++i) seventeen += R"(, {"kind": "stuck"})";
  return {
      {"no_list", with_faults("@{}"), "\"faults\" must be a list, and this is an object"},
      {"is_text", with_faults("[@\"rot\"]"), "this must be an object, and this is a string"},
      {"no_kind", with_faults("[@{}]"), "\"kind\" is missing"},
      {"kind", with_faults(R"([{"kind": @"lost_wrote"}])"),
       "\"lost_wrote\" is not a kind of fault; did you mean \"lost_write\"?"},
      {"unknown_key", with_faults(R"([{"kind": "rot", @"nht": 1}])"),
       "unknown key \"nht\"; did you mean \"nth\"?"},
      {"op", with_faults(R"([{"kind": "rot", "op": @"reed"}])"),
       "\"reed\" is not a kind of request; did you mean \"read\"?"},
      {"step", with_faults(R"([{"kind": "rot", "step": @"write_root"}])"),
       "\"write_root\" is not a protocol step; did you mean \"write root\"?"},
      {"barrier", with_faults(R"([{"kind": "lying_flush", "barrier": @"B9"}])"),
       "\"B9\" is not a barrier; did you mean \"B1\"?"},
      {"nth_zero", with_faults(R"([{"kind": "rot", "nth": @0}])"), "\"nth\" must be at least 1"},
      {"count_zero", with_faults(R"([{"kind": "rot", "count": @0}])"), "\"count\" must be at least 1"},
      {"distance_negative", with_faults(R"([{"kind": "misdirected_write", "distance": @-1}])"),
       "\"distance\" must be a whole number, and this is a negative number"},
      {"each_and_nth", with_faults(R"([{"kind": "rot", "each": true, "nth": @2}])"),
       "\"nth\" and \"each\" do not go together"},
      {"each_twice", with_faults(R"(@[{"kind": "rot", "each": true}, {"kind": "stuck", "each": true}])"),
       "only one fault of a disk may strike \"each\" request"},
      {"done", with_faults(R"([{"kind": "timeout", "done": @"all"}])"),
       "\"all\" is not what is done; did you mean \"half\"?"},
      {"contract", with_faults(R"([{"kind": "rot", "contract": @"byzantin"}])"),
       "\"byzantin\" is not a contract; did you mean \"byzantine\"?"},
      {"at", with_faults(R"([{"kind": "rot", "at": @"4kib"}])"),
       "this must be a number of bytes such as 4096 or \"4KiB\""},
      {"too_many", with_faults("@[" + seventeen + "]"), "a disk has at most 16 faults"},
      {"region", with_faults(R"([{"kind": "rot", "region": @"metadat"}])"),
       "\"metadat\" is not a region; did you mean \"metadata\"?"},
      {"region_of_a_volume", with_faults(R"([{"kind": "rot", "region": @"units"}])"),
       "there is no such region here; there are \"superblock\", \"metadata\", \"data\""},
      {"region_of_a_store", with_volume_faults(R"([{"kind": "rot", "region": @"data"}])"),
       "there is no such region here; there are \"header\", \"units\""},
      {"region_of_a_disk", with_volume_faults(R"([{"kind": "memory_rot", "region": @"units"}])"),
       "there is no such region here; there are \"superblock\", \"logical_map\", \"chunk_maps\""},
      {"region_and_offset", with_faults(R"([{"kind": "rot", "region": "data", "offset": @4096}])"),
       "\"offset\" and \"region\" do not go together"},
      {"blob_without_a_store", with_volume_faults(R"([{"kind": "rot", "blob": @"a"}])"),
       "a volume on the device has no blobs; leave \"blob\" out"},
      {"memory_without_a_volume", with_faults(R"([{"kind": @"memory_poison"}])"),
       "only a volume has a map file that this can happen to"},
      {"request_of_memory", with_volume_faults(R"([{"kind": "memory_rot", "op": @"read"}])"),
       "a map file has no \"op\"; leave it out"},
      {"damage_beside_a_touched_map_file",
       scenario_text(std::string(kVolume) + R"("disks": [{"name": "honest", "expect": "pass"},
         @{"name": "x", "expect": "pass", "faults": [{"kind": "rot"}]}],)",
                     R"({"volume.create": {}}, {"memory.lose": {}})"),
       "beside steps that touch a map file only faults with the contract \"power\" are judged"},
      {"may_fail_is_text", scenario_text("", R"({"store.format": {}, "may_fail": @"yes"})"),
       "\"may_fail\" must be true or false, and this is a string"},
      {"may_fail_of_a_parallel",
       with_blob_steps(R"({"parallel": [{"io.flush": {"blob": "abc"}}, {"io.flush": {"blob": "abc"}}],
          "may_fail": @true})"),
       "\"may_fail\" belongs to the steps inside \"parallel\""},
  };
}

}  // namespace holdfast::sim
