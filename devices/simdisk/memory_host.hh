// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>

#include "holdfast/simdisk/memory_maps.hh"
#include "memory_directory.hh"
#include "memory_lines.hh"

namespace holdfast::simdisk {

// A map file that was opened since power came on.
struct LiveFile {
  explicit LiveFile(MemoryFile& durable) noexcept : lines(durable) {}

  MemoryLines lines;
  std::string name;      // the newest
  bool claimed = false;  // a map is open
  bool failed = false;   // so did a persist, and so does every later one
};

// What the maps of one time of power share.
struct MemoryHost {
  MemoryHost(MemoryKind memory_kind, const SimulatedMaps::Wiring& all_wiring)
      : kind(memory_kind), wiring(all_wiring), directory(all_wiring.folder) {}

  const MemoryKind kind;
  const SimulatedMaps::Wiring wiring;
  MemoryDirectory directory;
  std::map<FileNumber, LiveFile> live;
  BarrierSet ignored;
  uint64_t ignored_requests = 0;
  uint64_t persists = 0;
  uint64_t failing_persist = 0;  // which of them; 0: none
  FaultPlan* faults = nullptr;
};

// What an event was, for the digest: numbers that no request of a disk has in their place.
enum class MemoryEvent : uint64_t {
  store = 0x100,
  persist,
  create,
  rename,
  remove,
  sync_directory,
  lose,
  restore,
  poison,
  rot,
};

}  // namespace holdfast::simdisk
