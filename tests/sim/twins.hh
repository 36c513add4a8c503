// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// The names of what is found broken.
using Findings = std::vector<std::string>;

// Two states or stories that show that an oracle neither sleeps nor cries wolf. Nothing is found in the good
// one, however near it comes, and in the bad one this invariant and no other.
struct TwinPair {
  std::string invariant;
  std::function<Findings()> good;
  std::function<Findings()> bad;
};

// A story that keeps its promises on an honest disk, and does not on one that ignores the barrier.
std::vector<TwinPair> twins_by_barriers();
// Disks that do something wrong.
std::vector<TwinPair> twins_by_faults();
// States that no barrier of a disk and no fault leads to alone: they are put together.
std::vector<TwinPair> twins_by_hand();
// Engines that die or do not end.
std::vector<TwinPair> twins_by_programs();

// What one case of this scenario breaks. Each finding's token leads to it again.
Findings broken_by(const Scenario& scenario, std::size_t case_index);

}  // namespace holdfast::sim
