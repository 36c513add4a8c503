// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "blob/blob_state.hh"
#include "blob/gate.hh"
#include "core/arithmetic.hh"
#include "core/async_mutex.hh"
#include "durability/metadata_io.hh"
#include "durability/recovery.hh"
#include "durability/space.hh"
#include "durability/write_stop.hh"
#include "format/super_block.hh"
#include "holdfast/blobstore.hh"

namespace holdfast {

// What the user chooses in the superblock; nothing: it stays.
struct SuperWords {
  std::optional<std::optional<BlobId>> super_blob;
  std::optional<StoreType> type;
};
static_assert(std::is_trivially_destructible_v<SuperWords>);

// A store in memory: the tables that its blobs share. Home executor only, except for what channels read: the
// device, the units, and whether writing is allowed.
class StoreState {
 public:
  StoreState(BlockDevice& device, Executor& home, std::unique_ptr<BlockChannel> channel);

  Task<> open(OpenOptions options);
  Task<> close();
  Task<> destroy();
  Task<> set_super_blob(BlobId id);
  Task<> clear_super_blob();
  Task<> set_type(StoreType type);
  Task<BlobId> create_blob(BlobOptions options);
  Result<BlobHandle> open_blob(BlobId id);
  Task<> delete_blob(BlobId id);
  Blobstore::Info info() const;
  std::vector<BlobId> blob_ids() const;
  std::span<const Blobstore::Damage> damaged_blobs() const noexcept { return damage_; }

  // For channels.
  Gates& gates() noexcept { return gates_; }
  BlockDevice& device() noexcept { return device_; }
  const Divisor& cluster_size() const noexcept { return cluster_size_; }
  const Divisor& io_unit() const noexcept { return io_unit_; }
  // What a write through a channel keeps whole, wherever its clusters and buffers lie.
  uint32_t atomic_write_size() const noexcept { return atomic_write_size_; }
  Result<> check_writable() const noexcept;
  Result<> check_not_stopped() const noexcept;  // after a failed flush, no other one proves anything
  void data_flush_failed(std::errc status) noexcept {
    write_stop_.flush_failed(static_cast<int32_t>(status));
  }

  // For blobs. The store is marked dirty once, before its first change; conversions that a cut interrupted
  // end there too.
  Task<> ensure_dirty();
  // Whether every blob could be read again if this one had so many clusters.
  Result<> check_size(BlobId id, uint64_t clusters) const;
  const durability::DirtyMark& dirty_mark() const noexcept { return *dirty_mark_; }
  durability::MetadataIo& io() noexcept { return io_; }
  durability::Space& space() noexcept { return *space_; }
  const StoreLayout& layout() const noexcept { return super_.layout; }
  Executor& home() noexcept { return home_; }

 private:
  Result<> check_closable() const;
  Task<> change_super(SuperWords words);
  Task<> forget_super_blob(BlobId gone);
  Task<> write_super(CheckedSuper changed);
  Task<> commit_creation(BlobRecord& record, BlobOptions options);
  Task<> undo_creations();
  Task<> settle_everything();
  Result<std::vector<Xattr>> check_xattrs(std::span<const XattrView> xattrs) const;
  Result<> reserve_for(BlobRecord& record, const BlobOptions& options);
  Result<std::vector<ClusterIndex>> first_clusters(BlobId id, const BlobOptions& options);
  Result<BlobId> reserve_id();
  Task<> delete_unused(BlobState& blob);
  Result<> check_deletable(BlobId id) const;
  Error why_absent(BlobId id) const noexcept;
  durability::Masks masks() const;

  BlockDevice& device_;
  Executor& home_;
  std::unique_ptr<BlockChannel> channel_;
  durability::WriteStop write_stop_;
  durability::MetadataIo io_;
  CheckedSuper super_;
  bool was_clean_ = false;
  bool read_by_masks_ = false;
  bool read_only_ = false;
  std::optional<durability::Space> space_;
  std::optional<durability::Durable<Barrier::R1>> settled_;
  std::vector<Redo> redos_;  // until the first change
  std::optional<durability::DirtyMark> dirty_mark_;
  bool super_in_doubt_ = false;  // a write of the superblock failed: media may hold its words
  std::vector<durability::OwnedSpace> failed_creations_;  // whose roots media may hold: the last page of each
  std::optional<Error> close_error_;  // media are in doubt: a second try must not say that all is well
  bool destroyed_ = false;
  AsyncMutex super_mutex_;
  Gates gates_;
  std::map<uint64_t, std::unique_ptr<BlobState>> blobs_;
  std::vector<Blobstore::Damage> damage_;
  Divisor cluster_size_;
  Divisor io_unit_;
  uint32_t atomic_write_size_ = 0;
};

}  // namespace holdfast
