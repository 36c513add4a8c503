// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "holdfast/host/persistent_memory.hh"
#include "holdfast/nvme/loop.hh"
#include "holdfast/result.hh"

namespace holdfast::nvme {

// A folder of map files that are mapped through libpmem.
//
// On real persistent memory (a DAX mapping, or PMEM_IS_PMEM_FORCE=1 in tests) persist() flushes cache lines
// and is ready at once; line and persist unit are 64 bytes. Elsewhere a map is ordinary page cache: persist()
// waits for an fdatasync of the whole file that the kernel carries out while the loop goes on; calls that
// come meanwhile share the next one. The persist unit is a page. A sector (512 bytes) is then the least that
// becomes durable on its own, at any time and in any order. After one failed persist() every later one of
// that map fails: the kernel tells once that it lost a page.
//
// Thread: that of the loop.
// Lifetime: the loop outlives the folder and its maps, a map outlives its persist() tasks; a map may outlive
// the folder.
// Blocking: create() and open() allocate the whole file and wait for the disk, so that a full disk is an
// error there and not a signal in a store. rename() and remove() wait for the filesystem.
// Exclusion: an open map is claimed (flock); a second opener gets busy.
// Not survived: somebody else shortens a mapped file, or persistent memory loses a line. Touching such a
// place raises SIGBUS, which ends the process as a power cut would.
// Keep the folder to the process that owns it.
class MapFolder final : public MapStore {
 public:
  // Errors: not_found (no such folder), device_failed.
  static Result<std::unique_ptr<MapFolder>> open(const std::string& folder, Loop& loop) noexcept;
  ~MapFolder() override;

  // Names are file names in the folder. Errors: invalid_argument (another name, or size 0), already_exists,
  // not_found, busy, no_space, corrupt (open: an empty file, left by a
  // creation that power cut short), device_failed.
  Result<std::unique_ptr<PersistentMemory>> create(std::string_view name, uint64_t size) override;
  Result<std::unique_ptr<PersistentMemory>> open(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  Result<> remove(std::string_view name) override;
  Result<std::vector<std::string>> names() override;
  Task<> sync_directory() override;

 private:
  struct State;
  explicit MapFolder(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace holdfast::nvme
