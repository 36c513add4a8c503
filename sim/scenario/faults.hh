// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "scenario/reader.hh"

namespace holdfast::sim {

// As scenarios write it.
std::string_view name_of(simdisk::FaultKind kind);
// The key "faults" of a disk.
std::vector<FaultSpec> read_faults(Reader& reader, const Node& node);
// Whether the devices of the scenario, which is read to its steps, have what the faults of `disks` are about.
void check_faults(Reader& reader, const Node& disks, const Scenario& scenario);

}  // namespace holdfast::sim
