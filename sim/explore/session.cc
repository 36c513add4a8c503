// SPDX-License-Identifier: BSD-3-Clause
#include "explore/session.hh"

#include <algorithm>
#include <cstring>

#include "foreign/spdk_player.hh"
#include "holdfast/assert.hh"
#include "scenario/memory.hh"

namespace holdfast::sim {
namespace {

// Makes the scenario's result of a step out of the engine's.
Result<> as_expected(const ScenarioStep& step, const Result<>& result) {
  if (!step.expected_error) return result;
  if (!result && result.error().code == *step.expected_error) return {};
  return result ? Error{.code = Errc::invalid_argument,
                        .reason = "the step succeeded although it was expected to fail"}
                : result.error();
}

const VolumeSpec kNoVolume;

simdisk::MemoryKind kind_of(MemoryKind memory) {
  return memory == MemoryKind::mapped ? simdisk::MemoryKind::mapped_file
                                      : simdisk::MemoryKind::persistent_memory;
}

}  // namespace

Session::Session(Rig& rig, World& world, Trace& trace, uint64_t seed, simdisk::EventNumber first_event)
    : rig_(rig),
      choices_(seed),
      scheduler_(choices_, first_event),
      disk_(rig.geometry, {world.disk, scheduler_, rig.digest, &trace, &world.unreadable}),
      home_(scheduler_.add_executor()),
      maps_(kind_of(rig.memory), {world.maps, scheduler_, home_, rig.digest, &trace}),
      trace_(trace),
      store_(rig.scenario, rig.contract, disk_, scheduler_, home_),
      volume_(rig.scenario.volume ? *rig.scenario.volume : kNoVolume, rig.volume_layout, maps_, home_,
              rig.contract == Contract::power && !touches_map_files(rig.scenario)) {
  if (rig.scenario.device.discard_leaves_anything) disk_.discard_leaves_anything();
  trace_.begin_process();
}

Session::~Session() {
  scheduler_.power_off();
  end_program();
}

void Session::kill(Task<>& task) {
  scheduler_.program_dies();
  {
    const Task<> dead = std::move(task);
  }
  end_program();
  trace_.begin_process();
}

void Session::ignore(const simdisk::BarrierSet& barriers) {
  disk_.ignore(barriers);
  maps_.ignore(barriers);
}

simdisk::CrashSet Session::crash_set() const {
  simdisk::CrashSet set = disk_.crash_set();
  set.append(maps_.crash_set());
  return set;
}

void Session::make_durable() {
  disk_.make_durable();
  maps_.make_durable();
}

Result<> Session::attach_volume() {
  if (blob_below_ != nullptr) return {};
  const std::string& name = rig_.scenario.volume->blob;
  if (name.empty()) {
    volume_.lies_on(&disk_);
    return {};
  }
  HF_TRY(BlobHandle blob, store_.open_blob(name));
  blob_below_ = std::make_unique<BlobBelow>(*store_.blobstore(), std::move(blob), trace_, scheduler_);
  volume_.lies_on(blob_below_.get());
  return {};
}

Result<> Session::detach_volume() {
  if (volume_.volume() != nullptr)
    return Error{.code = Errc::busy, .reason = "the volume is open at this step; close it first"};
  volume_.lies_on(nullptr);
  blob_below_.reset();
  return {};
}

void Session::end_program() {
  volume_.end();
  volume_.lies_on(nullptr);
  blob_below_.reset();
  store_.end();
  foreign_channel_.reset();
}

Task<> Session::perform(const ScenarioStep& step, Model& model) {
  Task<> action = std::visit([this, &model](const auto& verb) { return run(verb, model); }, step.action);
  const Result<> result = co_await std::move(action);
  co_return as_expected(step, result);
}

Task<> Session::run(const BlobDelete& step, Model& model) {
  if (store_.holds_volume(step.blob)) {
    HF_CO_CHECK(detach_volume());
  }
  co_return co_await store_.run(step, model);
}

Task<> Session::run(const SpdkSession& step, Model& model) {
  if (store_.blobstore() != nullptr) co_return StoreProgram::still_open();
  trace_.begin_process();
  HF_CO_TRY(foreign_channel_, disk_.open_channel(home_));
  SpdkPlayer player(*foreign_channel_, rig_.scenario.store.cluster_size, model);
  const Result<> played = co_await player.play(step);
  end_program();
  trace_.begin_process();
  co_return played;
}

Task<> Session::run(const Parallel&, Model&) {
  HF_ASSERT(false);  // the explorer starts the steps of a parallel one by one
  co_return {};
}

}  // namespace holdfast::sim
