// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "holdfast/host/persistent_memory.hh"
#include "holdfast/result.hh"

namespace holdfast {

// Of a map file's logical map and all its chunk maps: it tells whether another program has changed them.
// digest = digest * 0x9E3779B97F4A7C15 + CRC-32C of the next MiB, from byte 4096 to the end, beginning with
// 0.
Result<uint64_t> map_digest(const PersistentMemory& map);

}  // namespace holdfast
