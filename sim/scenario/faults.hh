// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "scenario/reader.hh"

namespace holdfast::sim {

// The key "faults" of a disk.
std::vector<FaultSpec> read_faults(Reader& reader, const Node& node);

}  // namespace holdfast::sim
