// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/host/purpose.hh"

namespace holdfast::sim {

// A state that breaks a promise, and the scenario in which it was found.
struct Failure {
  std::string name;  // of the case
  std::string text;  // of the scenario
  std::string token;
  std::string invariant;
  Barrier ignored = Barrier::none;  // one of what the disk ignores
};

// The first one on the disk of this name.
Failure first_failure(std::string_view text, std::string_view disk);

// Shows its failure first after a second cut: what it loses is written after the first one.
inline constexpr std::string_view kFailsAfterTwoCuts = R"({
  "scenario": "two", "purpose": "p", "device": {"size": "1MiB", "fua": true},
  "store": {"cluster_size": "16KiB", "metadata_pages": 8},
  "setup": [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "z", "clusters": 1}}],
  "steps": [{"blob.create": {"name": "a", "clusters": 1}}],
  "after": [{"io.write": {"blob": "z", "length": 4096, "fua": true}}],
  "disks": [{"name": "honest", "expect": "pass"},
            {"name": "lossy", "ignores": ["D1"], "expect": {"violations": ["D1"]}}]})";

// The first one of every disk that ignores a barrier in scenarios/teeth.
std::vector<Failure> failures_of_the_teeth();

}  // namespace holdfast::sim
