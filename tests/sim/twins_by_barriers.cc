// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "holdfast/sim/runner.hh"
#include "sim/case_by_number.hh"
#include "sim/scenario_text.hh"
#include "sim/twins.hh"

namespace holdfast::sim {
namespace {

struct Tooth {
  std::string invariant;
  std::string setup;
  std::string steps;
  bool fua = true;
  std::string device = {};  // more of its members
};

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

}  // namespace

std::vector<TwinPair> twins_by_barriers() {
  std::vector<TwinPair> twins;
  const auto add = [&twins](const Tooth& tooth) {
    twins.push_back({tooth.invariant, [&tooth] { return broken_by(scenario_of(tooth), 0); },
                     [&tooth] { return broken_by(scenario_of(tooth), 1); }});
  };
  for (const Tooth& tooth : kTeeth) add(tooth);
  for (const Tooth& tooth : kVolumeTeeth) add(tooth);
  return twins;
}

Findings broken_by(const Scenario& scenario, std::size_t case_index) {
  const ScenarioResult result = run_case(scenario, case_index, {});
  EXPECT_TRUE(as_expected(result.verdict)) << result.note;
  Findings findings;
  for (const Violation& violation : result.violations) {
    findings.push_back(violation.invariant);
    const auto again = replay(scenario, violation.token);
    EXPECT_TRUE(again.has_value() && again->text.contains(violation.invariant + ": " + violation.words));
  }
  return findings;
}

}  // namespace holdfast::sim
