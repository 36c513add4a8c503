// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// A scenario that says what is given and nothing else. `members` stand
// before the steps, each followed by a comma.
inline std::string scenario_text(std::string_view members,
                                 std::string_view steps = R"({"store.format": {}})") {
  return "{\n  \"scenario\": \"s\",\n  \"purpose\": \"p\",\n  " + std::string(members) +
         "\n  \"steps\": [\n    " + std::string(steps) + "\n  ]\n}\n";
}

// Steps in a store that is open and has a blob "abc" of one cluster.
inline std::string with_blob_steps(std::string_view steps, std::string_view members = "") {
  const std::string setup =
      R"("setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "abc",
          "clusters": 1}}],)";
  return scenario_text(std::string(members) + setup, steps);
}

// A volume of eight chunks.
inline constexpr std::string_view kVolume = R"("device": {"size": "2176KiB"}, "volume": {},)";

// Steps in a volume that is open.
inline std::string with_volume_steps(std::string_view steps) {
  return scenario_text(std::string(kVolume) + R"("setup": [{"volume.create": {}}, {"volume.open": {}}],)",
                       steps);
}

// The smallest store that has room for what tests do: a case on it takes milliseconds.
inline constexpr std::string_view kSmall =
    R"("device": {"size": "1MiB", "fua": true}, "store": {"cluster_size": "16KiB", "metadata_pages": 8},)";

inline Scenario parse_well(const std::string& text) {
  auto scenario = parse_scenario(text, "test.json");
  if (scenario) return std::move(*scenario);
  for (const Diagnostic& diagnostic : scenario.error()) ADD_FAILURE() << describe(diagnostic);
  return {};
}

inline std::vector<Diagnostic> complaints_about(const std::string& text) {
  auto scenario = parse_scenario(text, "test.json");
  return scenario ? std::vector<Diagnostic>{} : std::move(scenario.error());
}

}  // namespace holdfast::sim
