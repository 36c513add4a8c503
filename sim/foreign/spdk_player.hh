// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "foreign/spdk_writer.hh"
#include "holdfast/sim/scenario.hh"
#include "model/model.hh"

namespace holdfast::sim {

// Plays a foreign session of a scenario, from its load to its end. The model learns what it touches, and what
// its operations left when they ended.
class SpdkPlayer {
 public:
  SpdkPlayer(BlockChannel& channel, uint32_t cluster_size, Model& model)
      : geometry_(channel.geometry()), cluster_size_(cluster_size), model_(model), writer_(channel) {}

  Task<> play(const SpdkSession& session);

 private:
  Task<> play_to_its_end(const SpdkSession& session);
  Task<> run(const BlobCreate& action);
  Task<> run(const BlobSetXattr& action);
  Task<> run(const BlobResize& action);
  Task<> run(const BlobDelete& action);
  Task<> run(const DataIo& action);
  void touch_what_was_in_flight();
  // The blob's id; it counts as touched from now on.
  Result<BlobId> touch(const std::string& name);
  uint64_t blocks_of(uint64_t clusters) const { return clusters * (cluster_size_ / geometry_.block_size); }

  const DeviceGeometry& geometry_;
  uint32_t cluster_size_;
  Model& model_;
  SpdkWriter writer_;
};

}  // namespace holdfast::sim
