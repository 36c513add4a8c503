// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace holdfast::sim {

// How the engine dies when it meets the data of a scenario's second write to a volume. Its codec calls the
// library's functions, and this executable stands in front of the library.
enum class Dies : uint8_t { never, by_an_assertion, by_a_signal };
struct Fuse {
  Dies when_it_compresses = Dies::never;
  Dies when_it_decompresses = Dies::never;
  bool differs_elsewhere = false;  // in another process than the one that compressed first
};
Fuse& fuse();

}  // namespace holdfast::sim
