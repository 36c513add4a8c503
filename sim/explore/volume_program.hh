// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "explore/map_tampering.hh"
#include "holdfast/sim/scenario.hh"
#include "holdfast/volume.hh"
#include "model/volume_model.hh"

namespace holdfast::sim {

// A program that uses a compressed volume: the volume's steps, during one time of power.
class VolumeProgram {
 public:
  // `checks_reads`: nothing but what was written may ever be returned.
  VolumeProgram(const VolumeSpec& spec, const VolumeLayout& layout, simdisk::SimulatedMaps& maps,
                Executor& home, bool checks_reads)
      : spec_(spec), maps_(maps), home_(home), checks_reads_(checks_reads), tampering_(layout, maps) {}

  // Before anything else; it outlives the volume. Null: there is none at this time.
  void lies_on(BlockDevice* device) noexcept { device_ = device; }

  Task<> open(bool write_beside_damage);
  Task<> run(const VolumeCreate& step, VolumeModel& model);
  Task<> run(const VolumeOpen& step, VolumeModel& model);
  Task<> run(const VolumeClose& step, VolumeModel& model);
  Task<> run(const VolumeDestroy& step, VolumeModel& model);
  Task<> run(const VolumeData& step, VolumeModel& model);
  Task<> run(const VolumeFlush& step, VolumeModel& model);
  template <class MapFileStep>
  Task<> run(const MapFileStep& step, VolumeModel& model) {
    if (volume_ != nullptr) co_return still_open();
    co_return tampering_.run(step, model);
  }

  Volume* volume() noexcept { return volume_.get(); }
  void end() noexcept { volume_.reset(); }
  // What a read returned that it must not, if one did.
  const std::optional<Error>& wrong_read() const noexcept { return wrong_read_; }

 private:
  static Error still_open();
  Task<> read(const VolumeData& step, const VolumeModel& model);
  void check_read(const VolumeData& step, std::span<const std::byte> bytes, const VolumeModel::Read& read);
  Task<> write(const VolumeData& step, VolumeModel& model);

  const VolumeSpec& spec_;
  BlockDevice* device_ = nullptr;
  simdisk::SimulatedMaps& maps_;
  Executor& home_;
  const bool checks_reads_;
  std::optional<Error> wrong_read_;
  MapTampering tampering_;
  std::unique_ptr<Volume> volume_;
};

// The volume of an epoch has its own UUID, and the way back. 0: none of a scenario's.
Uuid uuid_of_epoch(uint64_t epoch);
uint64_t epoch_of_uuid(const Uuid& uuid);

}  // namespace holdfast::sim
