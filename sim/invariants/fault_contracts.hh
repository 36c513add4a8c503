// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "holdfast/simdisk/fault_plan.hh"
#include "invariants/invariants.hh"

namespace holdfast::sim {

// A store on a disk that breaks its contract, and what of that disk does not hold what it should. The
// promises that are left, where the order of writes proves nothing any more:
//   F1  what a fault hit is reported, and never returned as good data (detectable faults only)
//   F2  damage stays with those who own the bytes that were hit; all others are there, and the store opens
//   F3  what can be opened shares no page and no cluster
//   F4  nobody reads bytes that another one wrote, or that were there before
// Which of them must hold beside the faults: see Contract.
std::optional<Broken> first_broken_beside_faults(Contract contract, const Examination& state,
                                                 std::span<const simdisk::FaultHit> hits);

}  // namespace holdfast::sim
