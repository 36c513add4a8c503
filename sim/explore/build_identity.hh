// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace holdfast::sim {

// A number for everything that decides what a run does: the sources of the engine, the simulated devices and
// the simulator. Every compiler makes the same of them; a token is only good for the build that it is of.
uint32_t build_identity() noexcept;

}  // namespace holdfast::sim
