// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "holdfast/simdisk/fault_plan.hh"
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

// What does not hold what it should, of the device that a volume lies on and of its map file.
struct VolumeHits {
  std::vector<simdisk::FaultHit> device;
  std::vector<simdisk::FaultHit> map;
};

// A compressed volume on devices that break their contract: fault_contracts.hh says it of stores. What is
// left of its promises:
//   F1  a chunk that a fault hit is reported or right, and never returned as anything else (detectable only)
//   F2  damage stays with the chunks whose bytes were hit; all others are there, and the volume opens
//   F3  what can be read shares no chunk map and no unit
//   F4  no chunk shows bytes of another one, or of another volume
std::optional<Broken> first_broken_beside_faults(Contract contract, const VolumeExamination& state,
                                                 const VolumeHits& hits);

}  // namespace holdfast::sim
