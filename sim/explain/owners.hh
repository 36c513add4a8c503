// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "explore/examination.hh"
#include "explore/volume_trace.hh"
#include "explore/world.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// What lies at a byte of some media.
struct Owned {
  std::string owner{};      // "metadata page 3, root of blob 'a'"
  std::string field{};      // of it: "next page"
  uint64_t field_byte = 0;  // where the field begins, in the media
  uint32_t width = 0;       // of the field, in bytes: up to 8 of them make a number
  bool known = false;       // false: the owner is only a place
};

// Names what lies where, as the metadata of one image of a world say. It remembers what it needs of the
// image.
class Owners {
 public:
  Owners(const World& world, const Scenario& scenario);

  // `media`: its number in the world.
  Owned at(uint64_t media, uint64_t byte) const;
  Owned on_disk(uint64_t byte) const;
  Owned in_map_file(uint64_t byte) const;

 private:
  void name_store(const RawStore& raw);
  void name_volume(const World& world, const RawStore& store);
  Owned in_store(uint64_t byte) const;
  Owned in_volume(uint64_t byte) const;

  const Scenario* scenario_;
  VolumeLayout volume_layout_;
  uint64_t metadata_begin_ = 0;  // bytes; 0: there is no store
  uint64_t metadata_end_ = 0;
  std::map<uint64_t, std::string> regions_;   // by their first bytes, up to the metadata pages
  std::map<uint64_t, std::string> pages_;     // by their numbers in the metadata region
  std::map<uint64_t, std::string> clusters_;  // by number: the blob, and the byte in it where they begin
  std::map<uint64_t, uint64_t> cluster_begin_;
  std::map<uint64_t, uint64_t> chunk_of_unit_;
  std::map<uint64_t, uint64_t> chunk_of_map_;
};

}  // namespace holdfast::sim
