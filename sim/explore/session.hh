// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "explore/blob_below.hh"
#include "explore/raw_store.hh"
#include "explore/store_program.hh"
#include "explore/trace.hh"
#include "explore/volume_program.hh"
#include "explore/world.hh"
#include "holdfast/sim/runner.hh"
#include "holdfast/sim/scenario.hh"
#include "holdfast/simdisk/disk.hh"
#include "holdfast/simdisk/memory_maps.hh"

namespace holdfast::sim {

// What stays the same over all power cuts of one case.
struct Rig {
  const Scenario& scenario;
  DeviceGeometry geometry;
  MemoryKind memory = MemoryKind::persistent;
  VolumeLayout volume_layout;  // of every volume that the scenario creates
  simdisk::Digest digest;
  uint64_t scheduler_steps_most = RunOptions().scheduler_steps_most;
  Contract contract = Contract::power;
  simdisk::FaultPlan faults;  // of the session that plays the steps
  RawStores raw_stores;
};

// One time of power: a disk with an empty cache and map files over given media, and a program that uses a
// store or a volume on them. Its end is the power cut: the devices go off, then the program's objects go.
class Session {
 public:
  Session(Rig& rig, World& world, Trace& trace, uint64_t seed, simdisk::EventNumber first_event);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Carries out one step that is not `parallel`; `model` learns what began and what was acknowledged.
  Task<> perform(const ScenarioStep& step, Model& model);

  // The process dies, the power stays: `task`, which was running, and
  // the store are gone; the disk keeps its cache.
  void kill(Task<>& task);

  simdisk::Scheduler& scheduler() noexcept { return scheduler_; }
  // From now on these barriers do not hold, on any device.
  void ignore(const simdisk::BarrierSet& barriers);
  // From now on the rig's faults strike.
  void strike() {
    disk_.strike_with(rig_.faults);
    maps_.strike_with(rig_.faults);
  }
  uint64_t ignored_requests() const noexcept { return disk_.ignored_requests() + maps_.ignored_requests(); }
  // What a power cut at this moment leaves open.
  simdisk::CrashSet crash_set() const;
  // As if everything that is complete were flushed and persisted, and nobody were told.
  void make_durable();
  // What a read returned that it must not, if one did.
  const std::optional<Error>& wrong_read() const noexcept {
    return store_.wrong_read() ? store_.wrong_read() : volume_.wrong_read();
  }
  StoreProgram& store() noexcept { return store_; }
  VolumeProgram& volume() noexcept { return volume_; }
  // Puts the volume onto its device: the disk, or the blob of an open store. not_found: there is no such
  // blob.
  Result<> attach_volume();

 private:
  Task<> run(const SpdkSession& step, Model& model);
  Task<> run(const Parallel& step, Model& model);
  Task<> run(const StoreClose& step, Model& model) { return run_without_volume(step, model); }
  Task<> run(const StoreDestroy& step, Model& model) { return run_without_volume(step, model); }
  Task<> run(const BlobDelete& step, Model& model);
  Task<> run(const VolumeCreate& step, Model& model) { return run_on_device(step, model); }
  Task<> run(const VolumeOpen& step, Model& model) { return run_on_device(step, model); }
  Task<> run(const VolumeDestroy& step, Model& model) { return run_on_device(step, model); }
  // What is about an open store, or else about a volume.
  template <class Verb>
  Task<> run(const Verb& step, Model& model) {
    if constexpr (requires { store_.run(step, model); }) {
      return store_.run(step, model);
    } else {
      return volume_.run(step, model.volume());
    }
  }
  template <class Verb>
  Task<> run_on_device(const Verb& step, Model& model) {
    HF_CO_CHECK(attach_volume());
    co_return co_await volume_.run(step, model.volume());
  }
  template <class Verb>
  Task<> run_without_volume(const Verb& step, Model& model) {
    HF_CO_CHECK(detach_volume());
    co_return co_await store_.run(step, model);
  }
  // busy: the volume is open. Its blob is nobody's device any more.
  Result<> detach_volume();
  void end_program();

  Rig& rig_;
  simdisk::SeededChoices choices_;
  simdisk::Scheduler scheduler_;
  simdisk::Disk disk_;
  Executor& home_;
  simdisk::SimulatedMaps maps_;
  Trace& trace_;
  StoreProgram store_;
  VolumeProgram volume_;
  std::unique_ptr<BlobBelow> blob_below_;
  std::unique_ptr<BlockChannel> foreign_channel_;
};

}  // namespace holdfast::sim
