// SPDX-License-Identifier: BSD-3-Clause
#include "explore/judgement.hh"

#include "explore/examination.hh"
#include "explore/volume_examination.hh"
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

const Judgement kNeverEnds{.ended = false, .broken = {}, .found = {}};

// False: it waits for something that will never happen.
bool run(Session& session, Task<>& task, std::optional<Error>& error,
         const std::function<void()>& at_each_moment = nullptr) {
  task.start();
  while (!task.done()) {
    if (!session.scheduler().step()) return false;
    if (at_each_moment) at_each_moment();
  }
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
                      const Model& model, const std::function<void()>& at_each_moment) {
  const RawStore raw = read_raw_store(world.disk, rig.geometry.block_size);
  Found found;
  Task<> opening = session.open(false);
  if (!run(session, opening, found.open_error, at_each_moment)) return kNeverEnds;
  Task<> reading = read_everything(session, rig, found);
  if (!found.open_error && !run(session, reading, found.open_error)) return kNeverEnds;
  const Examination state{world.disk, trace, model, raw, found};
  if (auto broken = first_broken(state)) return {.broken = std::move(broken), .found = {}};
  // Nothing is allocated in a store with damage.
  const bool goes_on = session.store() != nullptr && session.store()->damaged_blobs().empty();
  return {.broken = {}, .found = goes_on ? std::optional(settled(state)) : std::nullopt};
}

Judgement judge_volume(Session& session, const Rig& rig, const World& world, const Trace& trace,
                       const Model& model, const std::function<void()>& at_each_moment) {
  const simdisk::EventNumber power_on = session.scheduler().last_event();
  const RawVolume raw = read_raw_volume(world, rig.volume_layout);
  FoundVolume found;
  Task<> opening = session.volume().open();
  if (!run(session, opening, found.open_error, at_each_moment)) return kNeverEnds;
  Task<> reading = read_volume(session.volume(), *rig.scenario.volume, found);
  if (!found.open_error && !run(session, reading, found.open_error)) return kNeverEnds;
  const VolumeExamination state =
      examine_volume(world, trace.volume(), model.volume(), rig.volume_layout, raw, found);
  if (auto broken = first_broken(state)) return {.broken = std::move(broken), .found = {}};
  if (session.volume().volume() == nullptr) return {.broken = {}, .found = {}};
  Model::Found settled;
  settled.volume = {.epoch = raw.epoch, .chunks = found.chunks, .event = power_on, .entries = raw.entries};
  return {.broken = {}, .found = std::move(settled)};
}

void add(simdisk::Digest& digest, std::string_view text) {
  digest.add({text.size()});
  digest.add(simdisk::hash_bytes(std::as_bytes(std::span(text))));
}

void add(simdisk::Digest& digest, std::span<const Tag> tags) {
  digest.add({tags.size()});
  digest.add(simdisk::hash_bytes(std::as_bytes(tags)));
}

void add(simdisk::Digest& digest, const Model::Found& found) {
  digest.add({found.epoch, found.blobs.size(), found.damaged.size(), found.volume.epoch});
  add(digest, found.super_blob);
  for (const auto& [name, blob] : found.blobs) {
    add(digest, name);
    digest.add({blob.first.clusters, blob.first.read_only, blob.first.xattrs.size()});
    for (const auto& [xattr, value] : blob.first.xattrs) {
      add(digest, xattr);
      digest.add({value.size()});
      digest.add(simdisk::hash_bytes(value));
    }
    add(digest, blob.second);
  }
  for (const uint64_t id : found.damaged) digest.add({id});
  for (const ChunkTags& chunk : found.volume.chunks) add(digest, chunk);
}

}  // namespace

simdisk::Hash128 hash_of(const Judgement& judged) {
  simdisk::Digest digest;
  digest.add({judged.ended, judged.broken.has_value(), judged.found.has_value()});
  if (judged.broken) add(digest, judged.broken->invariant);
  if (judged.found) add(digest, *judged.found);
  return digest.value();
}

Judgement judge(Session& session, const Rig& rig, const World& world, const Trace& trace, const Model& model,
                const std::function<void()>& at_each_moment) {
  if (rig.scenario.volume) return judge_volume(session, rig, world, trace, model, at_each_moment);
  return judge_store(session, rig, world, trace, model, at_each_moment);
}

}  // namespace holdfast::sim
