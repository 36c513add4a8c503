// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <vector>

#include "format/volume_layout.hh"
#include "holdfast/result.hh"
#include "holdfast/sim/scenario.hh"
#include "holdfast/simdisk/memory_maps.hh"
#include "model/volume_model.hh"

namespace holdfast::sim {

// Does to the map file of a closed volume what people, file systems and failing memory do: it has the file's
// name and its layout, and asks no engine.
class MapTampering {
 public:
  MapTampering(const VolumeLayout& layout, simdisk::SimulatedMaps& maps) : layout_(layout), maps_(maps) {}

  // not_found: there is no map file, or the chunk has no chunk map.
  Result<> run(const MemoryPoison& step, VolumeModel& model);
  Result<> run(const MemoryLose& step, VolumeModel& model);
  // Keeps a copy beside the file, where it outlives power cuts.
  Result<> run(const MemoryCopy& step, VolumeModel& model);
  Result<> run(const MemoryReplace& step, VolumeModel& model);

 private:
  Result<std::vector<std::byte>> read(const std::string& name);

  const VolumeLayout& layout_;
  simdisk::SimulatedMaps& maps_;
};

}  // namespace holdfast::sim
