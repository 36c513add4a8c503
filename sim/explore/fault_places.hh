// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "explore/world.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// A fault of a scenario as the devices know it: what it strikes by meaning is a range of bytes, or, of a
// blob, the clusters that media give to it when a request comes. `world` outlives the fault.
simdisk::Fault located(const FaultSpec& spec, const Scenario& scenario, const World& world);

}  // namespace holdfast::sim
