// SPDX-License-Identifier: BSD-3-Clause
#include "explore/exploration.hh"

#include <fmt/core.h>

#include <algorithm>

#include "explore/fault_places.hh"
#include "format/volume_super.hh"
#include "invariants/names.hh"

namespace holdfast::sim {
namespace {

DeviceGeometry geometry_of(const DeviceSpec& device, bool fua) {
  return {.block_size = device.block_size,
          .atomic_write_size = device.atomic_write,
          .block_count = device.size / device.block_size,
          .buffer_alignment = device.block_size,
          .volatile_cache = device.volatile_cache,
          .fua = fua,
          .discard = true,
          .discard_reads_zero = device.discard_reads_zero};
}

simdisk::FaultPlan plan_of(const Case& which, const World& world) {
  std::vector<simdisk::Fault> faults;
  for (const FaultSpec& spec : which.disk->faults) {
    faults.push_back(located(spec, *which.scenario, world));
    if (spec.each) faults.back().nth = which.nth > 0 ? which.nth : UINT64_MAX;
  }
  return simdisk::FaultPlan(std::move(faults));
}

void fill_with_garbage(simdisk::Media& media) {
  std::vector<std::byte> page(simdisk::kMediaPage);
  for (uint64_t i = 0; i < media.size() / simdisk::kMediaPage; ++i) {
    fill_block(page, ~i, i);
    media.write(i * simdisk::kMediaPage, page, 0);
  }
}

}  // namespace

VolumeLayout layout_of(const Scenario& scenario) {
  if (!scenario.volume) return {};
  const VolumeSpec& spec = *scenario.volume;
  return {.unit_size = spec.unit_size,
          .logical_block_size = spec.logical_block_size,
          .chunk_size = spec.chunk_size,
          .chunks = spec.device_size / spec.chunk_size - kSpareChunks,
          .units = spec.device_size / spec.unit_size,
          .first_unit = (kVolumeHeaderBytes + spec.unit_size - 1) / spec.unit_size};
}

Exploration::Exploration(const Case& of, RunOptions with)
    : which(of),
      scenario(*which.scenario),
      options(with),
      rig{.scenario = scenario,
          .geometry = geometry_of(scenario.device, which.fua),
          .memory = which.memory,
          .volume_layout = layout_of(scenario),
          .digest = {},
          .scheduler_steps_most = options.scheduler_steps_most,
          .contract = which.disk->contract(),
          .faults = plan_of(which, world),
          .raw_stores = {}},
      world(scenario.device.size),
      trace(scenario.device.block_size, rig.volume_layout, !scenario.volume || scenario.volume->blob.empty()),
      races(scenario, options.seed, options.search == Search::lazy && which.disk->faults.empty()) {
  if (scenario.device.garbage) fill_with_garbage(world.disk);
  containment.begin(options.whereabouts, options.deaths);
  blank_ = world.mark();
}

bool Exploration::begin_playing() {
  if (is_stopped() || !races.begin_playing()) return false;
  world.rollback(blank_);
  blank_ = world.mark();
  trace.forget_since({});
  rig.faults = plan_of(which, world);
  if (races.playings() > 1) trace.forward_session_to(nullptr);  // once is enough
  return true;
}

bool Exploration::stop(std::string why) {
  if (stopped.empty()) stopped = std::move(why);
  return false;
}

void Exploration::report(const Broken& broken, const std::vector<Cut>& path) {
  const auto known = std::ranges::find(result.violations, broken.invariant, &Violation::invariant);
  if (known != result.violations.end()) return;
  Token token{scenario.content_hash, which.index, options.seed, path};
  if (path.empty() && !races.order().empty()) token.cuts.push_back({0, {}, races.order()});
  result.violations.push_back({broken.invariant, broken.words, to_text(token)});
}

const Death* Exploration::enter(const std::vector<Cut>& path, uint64_t moment, Containment::Doing doing) {
  return containment.enter(path, moment, races.order(), doing);
}

bool Exploration::died_at(const std::vector<Cut>& path, uint64_t moment, Containment::Doing doing) {
  const Death* const death = enter(path, moment, doing);
  if (death == nullptr) return false;
  report({kNoAbort, death->words}, path);
  if (containment.is_last(*death))
    stop(fmt::format("the engine died in {} places, and what follows was not visited", kDeathsPerCase));
  return true;
}

uint64_t Exploration::seed_of(const std::vector<Cut>& path) const {
  simdisk::Digest digest;
  digest.add({options.seed});
  for (const Cut& cut : path) digest.add({cut.moment});
  return digest.value().low;
}

}  // namespace holdfast::sim
