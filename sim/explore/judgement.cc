// SPDX-License-Identifier: BSD-3-Clause
#include "explore/judgement.hh"

#include "explore/examination.hh"
#include "explore/volume_examination.hh"
#include "invariants/fault_contracts.hh"
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

// False: it waits for something that will never happen.
bool run(Session& session, Task<>& task, std::optional<Error>& error) {
  task.start();
  if (!session.scheduler().run_until([&task] { return task.done(); })) return false;
  if (const Result<> ended = task.take_result(); !ended) error = ended.error();
  return true;
}

Model::Found settled(const Examination& state) {
  Model::Found found{
      .epoch = state.epoch(), .super_blob = state.found.super_blob, .blobs = {}, .damaged = {}, .volume = {}};
  for (const DamagedBlob& damaged : state.raw.replayed.damaged) found.damaged.insert(damaged.id.value);
  for (const auto& [name, blob] : state.found.blobs) found.blobs[name] = {blob.state, blob.blocks};
  return found;
}

Judgement judge_store(Session& session, const Rig& rig, const World& world, const Trace& trace,
                      const Model& model) {
  const RawStore raw = read_raw_store(world.disk, rig.geometry.block_size);
  Found found;
  Task<> finding = find_everything(session, rig, found);
  if (!run(session, finding, found.open_error)) return {.ended = false, .broken = {}, .found = {}};
  const Examination state{world.disk, trace, model, raw, found, rig.geometry.block_size};
  if (rig.contract != Contract::power)
    return {.broken = first_broken_beside_faults(rig.contract, state, rig.faults.hits()), .found = {}};
  if (auto broken = first_broken(state)) return {.broken = std::move(broken), .found = {}};
  // Nothing is allocated in a store with damage.
  const bool goes_on = session.store() != nullptr && session.store()->damaged_blobs().empty();
  return {.broken = {}, .found = goes_on ? std::optional(settled(state)) : std::nullopt};
}

Judgement judge_volume(Session& session, const Rig& rig, const World& world, const Trace& trace,
                       const Model& model) {
  const RawVolume raw = read_raw_volume(world, rig.volume_layout);
  FoundVolume found;
  Task<> finding = find_volume(session.volume(), *rig.scenario.volume, found);
  if (!run(session, finding, found.open_error)) return {.ended = false, .broken = {}, .found = {}};
  const VolumeExamination state =
      examine_volume(world, trace.volume(), model.volume(), rig.volume_layout, raw, found);
  if (auto broken = first_broken(state)) return {.broken = std::move(broken), .found = {}};
  if (session.volume().volume() == nullptr) return {.broken = {}, .found = {}};
  Model::Found settled;
  settled.volume = {.epoch = raw.epoch, .chunks = found.chunks};
  return {.broken = {}, .found = std::move(settled)};
}

}  // namespace

Judgement judge(Session& session, const Rig& rig, const World& world, const Trace& trace,
                const Model& model) {
  if (rig.scenario.volume) return judge_volume(session, rig, world, trace, model);
  return judge_store(session, rig, world, trace, model);
}

}  // namespace holdfast::sim
