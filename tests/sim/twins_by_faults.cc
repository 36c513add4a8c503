// SPDX-License-Identifier: BSD-3-Clause
#include "sim/scenario_text.hh"
#include "sim/twins.hh"

namespace holdfast::sim {
namespace {

// Two blobs, of which the first is written; each is a cluster of four blocks beside the other.
Findings broken_by_a_disk_with(const std::string& fault, const std::string& expect) {
  const Scenario scenario = parse_well(scenario_text(
      std::string(kSmall) + R"("crash": {"nested": 0}, "setup": [{"store.format": {}}, {"store.open": {}},
        {"blob.create": {"name": "a", "clusters": 1}}],
        "disks": [{"name": "honest", "expect": "pass"},
          {"name": "faulty", "faults": [)" +
          fault + R"(], "expect": )" + expect + "}],",
      R"({"blob.create": {"name": "b", "clusters": 1}}, {"io.write": {"blob": "a", "length": "4KiB"}},
         {"io.flush": {"blob": "a"}})"));
  return broken_by(scenario, 1);
}

const std::string kRot = R"({"kind": "rot", "op": "write", "contract": "detectable", "step": )";
const std::string kMisdirected = R"({"kind": "misdirected_write", "step": "user data", "distance": )";

}  // namespace

std::vector<TwinPair> twins_by_faults() {
  return {
      // Roots have checksums, and data have none.
      {"F1", [] { return broken_by_a_disk_with(kRot + R"("write root"})", R"("pass")"); },
       [] { return broken_by_a_disk_with(kRot + R"("user data"})", R"({"violations": ["F1"]})"); }},
      // To the same cluster, and to the other blob's.
      {"F4", [] { return broken_by_a_disk_with(kMisdirected + "1}", R"("pass")"); },
       [] { return broken_by_a_disk_with(kMisdirected + "4}", R"({"violations": ["F4"]})"); }},
  };
}

}  // namespace holdfast::sim
