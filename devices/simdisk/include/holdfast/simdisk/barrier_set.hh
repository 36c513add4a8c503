// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <set>

#include "holdfast/host/purpose.hh"

namespace holdfast::simdisk {

// Barriers that a simulated device is told to ignore.
using BarrierSet = std::set<Barrier>;

}  // namespace holdfast::simdisk
