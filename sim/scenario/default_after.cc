// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/default_after.hh"

#include <fmt/core.h>

#include <algorithm>

#include "scenario/volume.hh"

namespace holdfast::sim {
namespace {

// A chunk that takes as many units as a chunk can, one that is read to be written, and one that gives its
// units back. A volume of one chunk has no second one.
std::string after_of_a_volume(const VolumeSpec& volume) {
  const uint64_t chunk = volume.chunk_size;
  const uint64_t second = chunks_of(volume) > 1 ? chunk : 0;
  const uint64_t blocks_per_chunk = chunk / volume.logical_block_size;
  const uint64_t half = std::max<uint64_t>(blocks_per_chunk / 2, 1) * volume.logical_block_size;
  return fmt::format(
      R"([{{"volume.write": {{"offset": 0, "length": {}, "content": "dense"}}}},
          {{"volume.write": {{"offset": {}, "length": {}, "content": "half"}}}},
          {{"volume.unmap": {{"offset": 0, "length": {}}}}},
          {{"volume.close": {{}}}}{}])",
      chunk, second, half, chunk, volume.blob.empty() ? "" : R"(, {"store.close": {}})");
}

}  // namespace

std::string default_after(const Scenario& scenario) {
  if (scenario.volume) return after_of_a_volume(*scenario.volume);
  return R"([{"blob.create": {"name": "after the cut", "clusters": 1,
                              "xattrs": {"first": {"bytes": 3000}, "second": {"bytes": 3000}}}},
             {"store.close": {}}])";
}

}  // namespace holdfast::sim
