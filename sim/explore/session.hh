// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "explore/trace.hh"
#include "holdfast/aligned_buffer.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "holdfast/sim/scenario.hh"
#include "holdfast/simdisk/disk.hh"
#include "model/model.hh"

namespace holdfast::sim {

// What stays the same over all power cuts of one case.
struct Rig {
  const Scenario& scenario;
  DeviceGeometry geometry;
  simdisk::Digest digest;
};

// The xattr by which a blob is recognised after a cut.
inline constexpr std::string_view kNameXattr = "name";

// One time of power: a disk with an empty cache over given media, and a program that uses a store on it. Its
// end is the power cut: the disk goes off, then the program's objects go.
class Session {
 public:
  Session(Rig& rig, simdisk::Media& media, Trace& trace, uint64_t seed, simdisk::EventNumber first_event);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Carries out one step that is not `parallel`; `model` learns what began and what was acknowledged.
  Task<> perform(const ScenarioStep& step, Model& model);
  Task<> open(bool read_only);

  // The process dies, the power stays: `task`, which was running, and
  // the store are gone; the disk keeps its cache.
  void kill(Task<>& task);

  simdisk::Scheduler& scheduler() noexcept { return scheduler_; }
  simdisk::Disk& disk() noexcept { return disk_; }
  Blobstore* store() noexcept { return store_.get(); }
  // Reads a range of a blob into `into`.
  Task<> read(Blob& blob, uint64_t offset, std::span<std::byte> into);

 private:
  Task<> run(const StoreFormat& step, Model& model);
  Task<> run(const StoreOpen& step, Model& model);
  Task<> run(const StoreClose& step, Model& model);
  Task<> run(const StoreDestroy& step, Model& model);
  Task<> run(const StoreSetSuperBlob& step, Model& model);
  Task<> run(const StoreClearSuperBlob& step, Model& model);
  Task<> run(const BlobCreate& step, Model& model);
  Task<> run(const BlobSetXattr& step, Model& model);
  Task<> run(const BlobRemoveXattr& step, Model& model);
  Task<> run(const BlobSetReadOnly& step, Model& model);
  Task<> run(const BlobSync& step, Model& model);
  Task<> run(const BlobResize& step, Model& model);
  Task<> run(const BlobDelete& step, Model& model);
  Task<> run(const DataIo& step, Model& model);
  Task<> run(const DataFlush& step, Model& model);
  Task<> run(const SpdkSession& step, Model& model);
  Task<> run(const Parallel& step, Model& model);
  Result<BlobHandle> handle(const std::string& name);
  // On its channel's executor, with the answer back on the home executor.
  Task<> perform(BlobIo& io, uint32_t channel);
  uint64_t blocks_of(uint64_t clusters) const;
  void end_program();

  Rig& rig_;
  simdisk::SeededChoices choices_;
  simdisk::Scheduler scheduler_;
  simdisk::Disk disk_;
  Executor& home_;
  Trace& trace_;
  std::unique_ptr<Blobstore> store_;
  struct OpenChannel {
    Executor* executor;
    std::unique_ptr<Channel> channel;
  };
  std::map<uint32_t, OpenChannel> channels_;  // as far as steps used them; 0 from the start
  std::unique_ptr<BlockChannel> foreign_channel_;
  std::map<std::string, BlobId> ids_;
  std::map<std::string, BlobHandle> handles_;
};

}  // namespace holdfast::sim
