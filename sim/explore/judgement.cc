// SPDX-License-Identifier: BSD-3-Clause
#include "explore/judgement.hh"

#include <algorithm>

#include "explore/examination.hh"
#include "explore/volume_examination.hh"
#include "invariants/fault_contracts.hh"
#include "invariants/names.hh"
#include "invariants/volume_fault_contracts.hh"
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {
namespace {

// What a state is judged by.
struct Ground {
  Session& session;
  Rig& rig;
  const World& world;
  const Trace& trace;
  const Model& model;
  const std::function<void()>& at_each_moment;
  simdisk::EventNumber power_on;  // the last event before
};

Judgement judge_volume(const Ground& ground, const RawStore& store, Model::Found settled);

// Nothing if it ended.
std::optional<Broken> run(const Ground& ground, Task<>& task, std::optional<Error>& error,
                          const std::function<void()>& at_each_moment = nullptr) {
  task.start();
  for (uint64_t taken = 0; !task.done(); ++taken) {
    if (taken == ground.rig.scheduler_steps_most)
      return Broken{kProgress, "recovery goes on and on and does not end"};
    if (!ground.session.scheduler().step())
      return Broken{kProgress, "recovery waits for something that will never happen"};
    if (at_each_moment) at_each_moment();
  }
  if (const Result<> ended = task.take_result(); !ended) error = ended.error();
  return std::nullopt;
}

Model::Found settled(const Examination& state) {
  Model::Found found{
      .epoch = state.epoch(), .super_blob = state.found.super_blob, .blobs = {}, .damaged = {}, .volume = {}};
  for (const DamagedBlob& damaged : state.raw.replayed.damaged) found.damaged.insert(damaged.id.value);
  for (const auto& [name, blob] : state.found.blobs) found.blobs[name] = {blob.state, blob.blocks};
  return found;
}

std::optional<Broken> first_broken_of_store(const Rig& rig, const Examination& state) {
  if (rig.contract == Contract::power) return first_broken(state);
  return first_broken_beside_faults(rig.contract, state, rig.faults.hits());
}

std::optional<Broken> first_broken_of_volume(const Ground& ground, const VolumeBytes& device,
                                             const VolumeExamination& state) {
  if (ground.rig.contract == Contract::power) return first_broken(state);
  const simdisk::FaultPlan& faults = ground.rig.faults;
  VolumeHits hits{.device = device.hits_in(faults.hits()), .map = {}};
  const simdisk::Directory names = ground.world.maps.directory();
  if (const auto map = names.find(state.raw.map_name); map != names.end()) {
    const auto in_map = faults.hits_in(map->second);
    hits.map.assign(in_map.begin(), in_map.end());
  }
  return first_broken_beside_faults(ground.rig.contract, state, hits);
}

// Where a fault hit the store's own pages, the blob may be an older one, or gone: what was judged of the
// store is all that can be said.
bool may_judge_volume(const Rig& rig, const Examination& state) {
  if (!rig.scenario.volume) return false;
  if (rig.contract == Contract::power) return true;
  if (!state.raw.super) return false;
  const StoreLayout& layout = state.raw.super->layout;
  const uint64_t metadata_end = layout.byte_of_cluster(layout.first_data_cluster);
  return std::ranges::none_of(rig.faults.hits(),
                              [metadata_end](const auto& hit) { return hit.touches(0, metadata_end); });
}

// The store first: what a volume in it lost with it is not reported as well.
Judgement judge_store(const Ground& ground) {
  const auto raw = ground.rig.raw_stores.read(ground.world.disk, ground.rig.geometry.block_size);
  Found found;
  Task<> opening = ground.session.store().open(false);
  if (auto endless = run(ground, opening, found.open_error, ground.at_each_moment))
    return {.broken = std::move(endless), .found = {}};
  Task<> reading = read_everything(ground.session.store(), ground.rig, found);
  if (!found.open_error) {
    if (auto endless = run(ground, reading, found.open_error))
      return {.broken = std::move(endless), .found = {}};
  }
  const Rig& rig = ground.rig;
  const Examination state{ground.world.disk,      ground.trace, ground.model, *raw, found,
                          rig.geometry.block_size};
  if (auto broken = first_broken_of_store(rig, state)) return {.broken = std::move(broken), .found = {}};
  if (may_judge_volume(rig, state)) return judge_volume(ground, *raw, settled(state));
  // Nothing is allocated in a store with damage, and nothing done beside faults.
  const Blobstore* store = ground.session.store().blobstore();
  const bool goes_on = rig.contract == Contract::power && store != nullptr && store->damaged_blobs().empty();
  return {.broken = {}, .found = goes_on ? std::optional(settled(state)) : std::nullopt};
}

// What is settled is added to `settled`.
Judgement judge_volume(const Ground& ground, const RawStore& store, Model::Found settled) {
  const VolumeSpec& spec = *ground.rig.scenario.volume;
  const VolumeBytes device = bytes_of_volume(ground.world, spec, store);
  const RawVolume raw = read_raw_volume(device, ground.world.maps, ground.rig.volume_layout);
  VolumeProgram& program = ground.session.volume();
  FoundVolume found;
  const Result<> attached = ground.session.attach_volume();
  if (!attached) found.open_error = attached.error();
  if (attached) {
    Task<> opening = program.open(false);
    if (auto endless = run(ground, opening, found.open_error, ground.at_each_moment))
      return {.broken = std::move(endless), .found = {}};
    Task<> reading = read_volume(program, spec, found);
    if (!found.open_error) {
      if (auto endless = run(ground, reading, found.open_error))
        return {.broken = std::move(endless), .found = {}};
    }
  }
  const VolumeExamination state = examine_volume(device, ground.trace.volume(), ground.model.volume(),
                                                 ground.rig.volume_layout, raw, found);
  if (auto broken = first_broken_of_volume(ground, device, state))
    return {.broken = std::move(broken), .found = {}};
  // Nothing is written beside damage, and nothing done beside faults.
  const Volume* volume = program.volume();
  if (ground.rig.contract != Contract::power || volume == nullptr || !volume->damaged_chunks().empty())
    return {.broken = {}, .found = {}};
  settled.volume = {
      .epoch = raw.epoch, .chunks = found.chunks, .event = ground.power_on, .entries = raw.entries};
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
  digest.add({judged.broken.has_value(), judged.found.has_value()});
  if (judged.broken) add(digest, judged.broken->invariant);
  if (judged.found) add(digest, *judged.found);
  return digest.value();
}

Judgement judge(Session& session, Rig& rig, const World& world, const Trace& trace, const Model& model,
                const std::function<void()>& at_each_moment) {
  const Ground ground{.session = session,
                      .rig = rig,
                      .world = world,
                      .trace = trace,
                      .model = model,
                      .at_each_moment = at_each_moment,
                      .power_on = session.scheduler().last_event()};
  const bool without_a_store = rig.scenario.volume && rig.scenario.volume->blob.empty();
  return without_a_store ? judge_volume(ground, {}, {}) : judge_store(ground);
}

}  // namespace holdfast::sim
