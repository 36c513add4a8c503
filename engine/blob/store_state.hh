// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "blob/blob_state.hh"
#include "core/arithmetic.hh"
#include "core/async_mutex.hh"
#include "durability/metadata_io.hh"
#include "durability/recovery.hh"
#include "durability/space.hh"
#include "durability/write_stop.hh"
#include "format/super_block.hh"
#include "holdfast/blobstore.hh"

namespace holdfast {

// A store in memory: the tables that its blobs share. Home executor only, except for what channels read: the
// device, the units, and whether writing is allowed.
class StoreState {
 public:
  StoreState(BlockDevice& device, Executor& home, std::unique_ptr<BlockChannel> channel);

  Task<> open(OpenOptions options);
  Task<> close();
  Task<BlobId> create_blob(BlobOptions options);
  Result<BlobHandle> open_blob(BlobId id);
  Task<> delete_blob(BlobId id);
  Blobstore::Info info() const;
  std::vector<BlobId> blob_ids() const;
  std::span<const Blobstore::Damage> damaged_blobs() const noexcept { return damage_; }

  // For channels.
  BlockDevice& device() noexcept { return device_; }
  const Divisor& cluster_size() const noexcept { return cluster_size_; }
  const Divisor& io_unit() const noexcept { return io_unit_; }
  Result<> check_writable() const noexcept;
  Result<> check_not_stopped() const noexcept;  // after a failed flush, no other one proves anything
  void data_flush_failed(std::errc status) noexcept {
    write_stop_.flush_failed(static_cast<int32_t>(status));
  }

  // For blobs. The store is marked dirty once, before its first change.
  Task<> ensure_dirty();
  const durability::DirtyMark& dirty_mark() const noexcept { return *dirty_mark_; }
  durability::MetadataIo& io() noexcept { return io_; }
  durability::Space& space() noexcept { return *space_; }
  const StoreLayout& layout() const noexcept { return super_.layout; }
  Executor& home() noexcept { return home_; }

 private:
  Task<> commit_creation(BlobRecord& record);
  Result<BlobRecord> new_record(const BlobOptions& options);
  Result<> check_deletable(BlobId id) const;
  durability::Masks masks() const;

  BlockDevice& device_;
  Executor& home_;
  std::unique_ptr<BlockChannel> channel_;
  durability::WriteStop write_stop_;
  durability::MetadataIo io_;
  CheckedSuper super_;
  bool was_clean_ = false;
  bool read_only_ = false;
  std::optional<durability::Space> space_;
  std::optional<durability::DirtyMark> dirty_mark_;
  std::optional<Error> close_error_;  // media are in doubt: a second try must not say that all is well
  AsyncMutex dirty_mutex_;
  std::map<uint64_t, std::unique_ptr<BlobState>> blobs_;
  std::vector<Blobstore::Damage> damage_;
  Divisor cluster_size_;
  Divisor io_unit_;
};

}  // namespace holdfast
