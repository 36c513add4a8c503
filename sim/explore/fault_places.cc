// SPDX-License-Identifier: BSD-3-Clause
#include "explore/fault_places.hh"

#include "explore/exploration.hh"
#include "explore/volume_examination.hh"

namespace holdfast::sim {
namespace {

struct Range {
  uint64_t begin;
  uint64_t end;
};

constexpr Range kEverything = {0, ~uint64_t{0}};

Range in_map_file(Region region, const VolumeLayout& layout) {
  switch (region) {
    case Region::logical_map: return {VolumeLayout::kLogicalMapOffset, layout.chunk_maps_offset()};
    case Region::chunk_maps: return {layout.chunk_maps_offset(), ~uint64_t{0}};
    default: return {0, kVolumeSuperBytes};
  }
}

// Where no store fits, nothing is formatted either.
Range in_store(Region region, const Scenario& scenario) {
  FormatOptions options;
  options.cluster_size = scenario.store.cluster_size;
  options.metadata_pages = scenario.store.metadata_pages;
  const DeviceSpec& device = scenario.device;
  const auto planned =
      plan_store(options, {.block_size = device.block_size, .block_count = device.size / device.block_size});
  if (!planned) return kEverything;
  const uint64_t data = planned->layout.byte_of_cluster(planned->layout.first_data_cluster);
  switch (region) {
    case Region::metadata: return {kPageSize, data};
    case Region::data: return {data, ~uint64_t{0}};
    default: return {0, kPageSize};
  }
}

Range range_of(const FaultSpec& spec, const Scenario& scenario) {
  const Region region = *spec.region;
  if (simdisk::is_of_memory(spec.fault.kind)) return in_map_file(region, layout_of(scenario));
  if (region == Region::header) return {0, kVolumeHeaderBytes};
  if (region == Region::units) return {kVolumeHeaderBytes, ~uint64_t{0}};
  return in_store(region, scenario);
}

}  // namespace

simdisk::Fault located(const FaultSpec& spec, const Scenario& scenario, const World& world) {
  simdisk::Fault fault = spec.fault;
  if (spec.region) {
    const Range range = range_of(spec, scenario);
    fault.where.first_byte = range.begin;
    fault.where.end_byte = range.end;
  }
  if (!spec.blob.empty()) {
    fault.where.holds = [&world, name = spec.blob, block_size = scenario.device.block_size](uint64_t begin,
                                                                                            uint64_t end) {
      const RawStore store = read_raw_store(world.disk, block_size);
      const VolumeBytes blob = bytes_of_blob(world, name, store);
      return !blob.hits_in(std::vector{simdisk::FaultHit{begin, end}}).empty();
    };
  }
  return fault;
}

}  // namespace holdfast::sim
