// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "scenario/reader.hh"

namespace holdfast::sim {

// The key "device": a profile, if it names one, and over it what it says itself.
DeviceSpec read_device(Reader& reader, const Node& node);

}  // namespace holdfast::sim
