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

// The first one of every disk that ignores a barrier in scenarios/teeth.
std::vector<Failure> failures_of_the_teeth();

}  // namespace holdfast::sim
