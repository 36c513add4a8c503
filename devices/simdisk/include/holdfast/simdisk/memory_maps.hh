// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/host/persistent_memory.hh"
#include "holdfast/simdisk/barrier_set.hh"
#include "holdfast/simdisk/crash_set.hh"
#include "holdfast/simdisk/digest.hh"
#include "holdfast/simdisk/fault_plan.hh"
#include "holdfast/simdisk/memory_folder.hh"
#include "holdfast/simdisk/scheduler.hh"

namespace holdfast::simdisk {

enum class MemoryKind : uint8_t {
  persistent_memory,  // persist() is ready at once, and covers whole lines
  mapped_file,        // persist() completes in a step of its own, and covers whole pages
};

// Some bytes of a map, which is named as it is now.
struct MapRange {
  std::string_view map;
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Told what happens to the maps of a folder, in the order in which it happens. It may ask for the crash set.
// Only that way does it see every moment of persistent memory, where between two persists there is no step
// of the scheduler.
class MemoryObserver {
 public:
  virtual void stored(EventNumber event, const MapRange& range, std::span<const std::byte> bytes) = 0;
  // Nothing of it is durable yet for certain.
  virtual void persist_submitted(EventNumber event, const MapRange& range, Purpose purpose) = 0;
  virtual void persist_completed(EventNumber event, const MapRange& range, Purpose purpose,
                                 const Result<>& result) = 0;

 protected:
  ~MemoryObserver() = default;
};

struct MemoryHost;

// The map files of a folder during one time of power. FAULT_MODEL.md says precisely what they do; in short:
// every store is split into aligned words of eight bytes; of the words that were stored into one line of 64
// bytes and are not durable for certain, any prefix may have reached media; a persist makes durable what was
// stored before it into its units; a name is undecided until the directory is synchronised. When the program
// dies (Scheduler::program_dies), stores stay and persists in flight are not carried out.
//
// Thread: the scheduler's. Lifetime: folder, scheduler and digest outlive the maps' use; a map may outlive
// its SimulatedMaps if it is only destroyed then. Several SimulatedMaps may stand over the same folder, as
// long as only one of them writes there: the others are paused.
class SimulatedMaps final : public MapStore {
 public:
  struct Wiring {
    MemoryFolder& folder;
    Scheduler& scheduler;
    Executor& executor;  // where what completes later completes
    Digest& digest;
    MemoryObserver* observer = nullptr;
  };

  SimulatedMaps(MemoryKind kind, Wiring wiring);
  ~SimulatedMaps() override;

  // Errors: invalid_argument (a name that is not a file name, or size 0), already_exists, not_found, busy,
  // no_space (more or larger files than a folder holds).
  Result<std::unique_ptr<PersistentMemory>> create(std::string_view name, uint64_t size) override;
  Result<std::unique_ptr<PersistentMemory>> open(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  Result<> remove(std::string_view name) override;
  Result<std::vector<std::string>> names() override;
  Task<> sync_directory() override;

  // From now on these barriers do not hold: their persists complete without effect.
  void ignore(const BarrierSet& barriers);
  // How many persists of ignored barriers there were: 0 means that nothing was tried.
  uint64_t ignored_requests() const noexcept;
  // The nth persist from now on fails, and with it every later one of its map; 1 is the next.
  void fail_persist(uint64_t nth) noexcept;
  // From now on; the plan outlives the maps.
  void strike_with(FaultPlan& faults) noexcept;
  // The lines that hold these bytes of the map of this name, which is there, cannot be read any more.
  void poison(std::string_view name, uint64_t offset, uint64_t length);
  // Somebody else removes the map of this name, which is there and not open, or puts these bytes in its
  // place. That is durable at once, and so is every name that was given or taken before.
  void lose(std::string_view name);
  void restore(std::string_view name, std::span<const std::byte> bytes);

  // What a power cut at this moment leaves open.
  CrashSet crash_set() const;

  // As if everything that was stored, and every name, were made durable, and no time had passed: for whoever
  // wonders where that is missing.
  void make_durable();

 private:
  Task<> sync_directory_up_to(EventNumber covers);

  std::shared_ptr<MemoryHost> host_;  // with the maps
};

}  // namespace holdfast::simdisk
