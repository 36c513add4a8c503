// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// What a session does after it has recovered from a cut, unless the scenario says otherwise: it writes what
// takes space from the free one, metadata of a store or chunks of a volume, and closes. As an author would
// write the value of "after".
std::string default_after(const Scenario& scenario);

}  // namespace holdfast::sim
