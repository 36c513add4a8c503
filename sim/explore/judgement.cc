// SPDX-License-Identifier: BSD-3-Clause
#include "explore/judgement.hh"

#include <algorithm>

#include "explore/examination.hh"
#include "explore/volume_examination.hh"
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

// Where a volume's bytes are, as far as media name its blob.
VolumeBytes bytes_of_volume(const World& world, const VolumeSpec& volume, const RawStore& store) {
  if (volume.blob.empty()) return VolumeBytes(world.disk);
  for (const BlobRecord& blob : store.replayed.blobs) {
    const auto is_name = [&volume](const Xattr& xattr) {
      return xattr.name == kNameXattr &&
             std::ranges::equal(xattr.value, std::as_bytes(std::span(volume.blob)));
    };
    if (std::ranges::any_of(blob.xattrs, is_name))
      return VolumeBytes(world.disk, blob.clusters, store.super->layout.cluster_size);
  }
  return VolumeBytes(world.disk, {}, 1);
}

// What is settled is added to `settled`.
Judgement judge_volume(Session& session, const Rig& rig, const World& world, const Trace& trace,
                       const Model& model, const RawStore& store, Model::Found settled) {
  const VolumeBytes device = bytes_of_volume(world, *rig.scenario.volume, store);
  const RawVolume raw = read_raw_volume(device, world.maps, rig.volume_layout);
  FoundVolume found;
  const Result<> attached = session.attach_volume();
  if (!attached) found.open_error = attached.error();
  if (attached) {
    Task<> finding = find_volume(session.volume(), *rig.scenario.volume, found);
    if (!run(session, finding, found.open_error)) return {.ended = false, .broken = {}, .found = {}};
  }
  const VolumeExamination state =
      examine_volume(device, trace.volume(), model.volume(), rig.volume_layout, raw, found);
  if (auto broken = first_broken(state)) return {.broken = std::move(broken), .found = {}};
  const Volume* volume = session.volume().volume();
  // Nothing is written beside damage.
  if (volume == nullptr || !volume->damaged_chunks().empty()) return {.broken = {}, .found = {}};
  settled.volume = {.epoch = raw.epoch, .chunks = found.chunks};
  return {.broken = {}, .found = std::move(settled)};
}

// The store first: what a volume in it lost with it is not reported as well.
Judgement judge_store(Session& session, const Rig& rig, const World& world, const Trace& trace,
                      const Model& model) {
  const RawStore raw = read_raw_store(world.disk, rig.geometry.block_size);
  Found found;
  Task<> finding = find_everything(session, rig, found);
  if (!run(session, finding, found.open_error)) return {.ended = false, .broken = {}, .found = {}};
  const Examination state{world.disk, trace, model, raw, found};
  if (auto broken = first_broken(state)) return {.broken = std::move(broken), .found = {}};
  if (rig.scenario.volume) return judge_volume(session, rig, world, trace, model, raw, settled(state));
  // Nothing is allocated in a store with damage.
  const bool goes_on = session.store() != nullptr && session.store()->damaged_blobs().empty();
  return {.broken = {}, .found = goes_on ? std::optional(settled(state)) : std::nullopt};
}

}  // namespace

Judgement judge(Session& session, const Rig& rig, const World& world, const Trace& trace,
                const Model& model) {
  const bool without_a_store = rig.scenario.volume && rig.scenario.volume->blob.empty();
  if (without_a_store) return judge_volume(session, rig, world, trace, model, {}, {});
  return judge_store(session, rig, world, trace, model);
}

}  // namespace holdfast::sim
