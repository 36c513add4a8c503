// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "format/volume_layout.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast::sim {

// One thing that was put somewhere: an entry of the logical map (its value), a chunk map or a unit (the hash
// of its bytes).
struct Placed {
  simdisk::EventNumber event = 0;
  uint64_t process = 0;    // which life of the program
  uint64_t value = 0;      // of an entry
  simdisk::Hash128 content;
  std::vector<uint64_t> units;  // that a chunk map leads to
};

// Who put what where in a volume, when. Forgets what happened after a mark on request.
class VolumeTrace {
 public:
  explicit VolumeTrace(const VolumeLayout& layout) : layout_(layout) {}

  // As the disk and the map files tell it.
  void submitted(simdisk::EventNumber event, uint64_t process, const IoRequest& request, uint32_t block_size);
  void stored(simdisk::EventNumber event, uint64_t process, std::string_view map, uint64_t offset,
              std::span<const std::byte> bytes);

  // In the order in which they happened.
  std::span<const Placed> entries_of(std::string_view map, uint64_t chunk) const;
  std::span<const Placed> maps_of(std::string_view map, uint64_t index) const;
  std::span<const Placed> units_of(uint64_t unit) const;
  std::span<const simdisk::EventNumber> session_marks() const { return session_marks_; }  // on the device

  void forget_since(simdisk::EventNumber event);

 private:
  enum class What : uint8_t { entry, map, unit };
  using Place = std::tuple<std::string, What, uint64_t>;  // a unit's map is ""

  std::span<const Placed> found(std::string_view map, What what, uint64_t index) const;
  void place(std::string_view map, What what, uint64_t index, const Placed& placed);
  std::vector<uint64_t> units_in(std::span<const std::byte> chunk_map) const;

  VolumeLayout layout_;
  std::map<Place, std::vector<Placed>> placed_;
  std::vector<std::vector<Placed>*> order_;  // where each thing was added, newest last
  std::vector<simdisk::EventNumber> session_marks_;
};

}  // namespace holdfast::sim
