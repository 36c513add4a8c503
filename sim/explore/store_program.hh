// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "holdfast/aligned_buffer.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "holdfast/sim/scenario.hh"
#include "holdfast/simdisk/scheduler.hh"
#include "model/model.hh"

namespace holdfast::sim {

// A program that uses a store, step by step: what a scenario says of stores and blobs. The model learns what
// began and how it ended.
class StoreProgram {
 public:
  StoreProgram(const Scenario& scenario, Contract contract, BlockDevice& disk, simdisk::Scheduler& scheduler,
               Executor& home)
      : scenario_(scenario), contract_(contract), disk_(disk), scheduler_(scheduler), home_(home) {}

  Task<> open(bool read_only);
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
  // Reads a range of a blob into `into`.
  Task<> read(Blob& blob, uint64_t offset, std::span<std::byte> into);

  // Null: none is open.
  Blobstore* blobstore() noexcept { return store_.get(); }
  // invalid_argument: no store is open; not_found: it has no blob of this name.
  Result<BlobHandle> open_blob(const std::string& name);
  // Whether a volume lies in it, by the scenario.
  bool holds_volume(const std::string& blob) const {
    return scenario_.volume && !blob.empty() && scenario_.volume->blob == blob;
  }
  // What a step says that needs a closed store.
  static Error still_open();
  void end();
  // What a read returned that it must not, if one did.
  const std::optional<Error>& wrong_read() const noexcept { return wrong_read_; }

 private:
  struct OpenChannel {
    Executor* executor;
    std::unique_ptr<Channel> channel;
  };

  void check_read(const DataIo& step, std::span<const std::byte> bytes, const Model::Read& read,
                  const Model& model);
  Result<BlobHandle> handle(const std::string& name);
  // On its channel's executor, with the answer back on the home executor.
  Task<> perform(BlobIo& io, uint32_t channel);
  uint64_t blocks_of(uint64_t clusters) const;

  const Scenario& scenario_;
  const Contract contract_;
  BlockDevice& disk_;
  simdisk::Scheduler& scheduler_;
  Executor& home_;
  std::unique_ptr<Blobstore> store_;
  std::map<uint32_t, OpenChannel> channels_;  // as far as steps used them; 0 from the start
  std::map<std::string, BlobId> ids_;
  std::map<std::string, BlobHandle> handles_;
  std::optional<Error> wrong_read_;
};

}  // namespace holdfast::sim
