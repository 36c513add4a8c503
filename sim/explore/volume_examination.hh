// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/examination.hh"
#include "explore/volume_bytes.hh"
#include "explore/volume_program.hh"
#include "explore/volume_trace.hh"
#include "format/chunk_map.hh"
#include "format/volume_super.hh"
#include "holdfast/simdisk/memory_folder.hh"
#include "holdfast/simdisk/scheduler.hh"
#include "model/volume_model.hh"

namespace holdfast::sim {

// What media say of a volume, read with the format library alone and not through the engine.
struct RawVolume {
  Result<CheckedVolume> super = Error{};
  uint64_t epoch = 0;  // 0: no volume of this run
  simdisk::EventNumber super_written_at = 0;
  simdisk::EventNumber path_written_at = 0;
  std::string map_name;  // by the superblock
  std::string path;
  bool map_there = false;  // a file of this name, and of the right length
  Result<CheckedVolume> copy = Error{};
  std::vector<uint64_t> entries;
  std::vector<std::vector<Le64>> maps;
  // The begin of what is not all ones in a map file in which no session was marked.
  std::optional<uint64_t> unfilled_at;
  // What lies on poisoned lines of the map file.
  bool copy_is_poisoned = false;
  std::set<uint64_t> poisoned_maps;
  std::set<uint64_t> lost_chunks;  // through their entry or their chunk map
};

// Where a volume's bytes are, as far as media name its blob, or those of a blob of this name.
VolumeBytes bytes_of_volume(const World& world, const VolumeSpec& volume, const RawStore& store);
VolumeBytes bytes_of_blob(const World& world, std::string_view name, const RawStore& store);
RawVolume read_raw_volume(const VolumeBytes& device, const simdisk::MemoryFolder& maps,
                          const VolumeLayout& layout);

// An entry of the logical map whose chunk map or data is not what it led to when it was stored.
struct BrokenEntry {
  uint64_t chunk = 0;
  bool in_map = false;                // else in a unit
  std::optional<Placed> reused_by;    // what was put there instead; none: what it led to never arrived
  std::optional<Placed> newer_entry;  // that was stored before the reuse, and is not on media
};

// What a program finds that opens the volume after a cut.
struct FoundVolume {
  std::optional<Error> open_error;
  std::vector<ChunkTags> chunks;
  std::map<uint64_t, Error> unreadable;
};
// Reads every chunk of the program's open volume.
Task<> read_volume(VolumeProgram& program, const VolumeSpec& spec, FoundVolume& found);

// One crash state of a volume: what its invariants judge.
struct VolumeExamination {
  const VolumeTrace& trace;
  const VolumeModel& model;
  const VolumeLayout& layout;
  const RawVolume& raw;
  const FoundVolume& found;
  VolumeModel::MapFile map_file = VolumeModel::MapFile::own;
  std::optional<BrokenEntry> broken_entry;
  // When the newest thing was stored that an entry on media says was stored.
  simdisk::EventNumber newest_entry = 0;

  // Else nothing follows from what the map file says: A6 judges it.
  bool has_own_map() const { return map_file == VolumeModel::MapFile::own; }
};
VolumeExamination examine_volume(const VolumeBytes& device, const VolumeTrace& trace,
                                 const VolumeModel& model, const VolumeLayout& layout, const RawVolume& raw,
                                 const FoundVolume& found);

}  // namespace holdfast::sim
