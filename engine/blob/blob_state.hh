// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "blob/cluster_map.hh"
#include "blob/stage.hh"
#include "core/async_mutex.hh"
#include "durability/space.hh"
#include "format/blob_record.hh"
#include "holdfast/blob.hh"
#include "holdfast/channel.hh"

namespace holdfast {

class StoreState;

// A blob in memory. What the caller changed and what media say (`committed`) are two things; only a commit,
// with its evidence, makes one the other. Home executor only, except for what channels read: size, flags, the
// cluster map.
class BlobState final : public Blob {
 public:
  BlobState(StoreState& store, BlobRecord record);

  BlobId id() const noexcept override { return id_; }
  uint64_t clusters() const noexcept override { return map_.size(); }
  uint64_t allocated_clusters() const noexcept override;
  uint64_t size() const noexcept override { return map_.size() * cluster_size_; }
  bool thin() const noexcept override { return thin_; }
  bool read_only() const noexcept override { return committed_.data_read_only(); }
  Result<std::span<const std::byte>> xattr(std::string_view name) const override;
  std::vector<std::string_view> xattr_names() const override;
  Result<> set_xattr(std::string_view name, std::span<const std::byte> value) override;
  Result<> remove_xattr(std::string_view name) override;
  Result<> set_read_only() override;
  Task<> sync() override;
  Task<> resize(uint64_t clusters) override;

  // For channels.
  // Why the blob's data may not be written now; null: they may.
  const char* write_refusal() const noexcept { return write_refusal_.load(std::memory_order_acquire); }
  const ClusterMap& map() const noexcept { return map_; }
  bool has_parent() const noexcept { return has_parent_; }
  Error parent_unsupported() const noexcept;
  // Home executor: the request goes on, on its channel, when its clusters have a place.
  void allocate_for(BlobIo& io) noexcept;

  // For the store.
  bool open() const noexcept { return handles_ > 0; }
  bool deleting() const noexcept { return deleting_; }
  void set_deleting(bool deleting) noexcept { deleting_ = deleting; }
  void deletion_failed() noexcept;
  // Ends every doubt about what media hold of this blob: it is what memory holds.
  Task<> settle();
  const BlobRecord& committed() const noexcept { return committed_; }
  durability::StagedDelete stage_delete() const;

 private:
  // What the caller changes in memory.
  struct Attributes {
    std::vector<Xattr> xattrs;
    bool read_only = false;
  };

  void handle_added() noexcept override { ++handles_; }
  void handle_dropped() noexcept override;
  Result<> check_changeable() const;

  Task<> commit(BlobRecord& next, std::span<const uint64_t> wanted = {});
  void keep_doubts(const durability::StagedCommit& failed, std::span<const std::size_t> extent_slots);
  void judge_writes() noexcept;
  Task<> grow(uint64_t clusters);
  Task<> shrink(uint64_t clusters);
  Task<> end_doubts();
  Task<> serve_waiting();
  Task<> allocate(BlobIo* first);
  Task<> commit_in_extent_pages(std::span<const uint64_t> wanted);
  std::vector<uint64_t> unallocated(const BlobIo* first) const;
  void let_go_on(BlobIo* first, const Result<>& allocated) noexcept;
  StageContext stage_context() const noexcept;

  StoreState& store_;
  const BlobId id_;
  BlobRecord committed_;
  Attributes staged_;
  uint64_t staged_changes_ = 0;  // counts changes of `staged_`
  uint64_t committed_changes_ = 0;  // how many of them `committed_` holds
  Doubts doubts_;
  ClusterMap map_;
  const uint64_t cluster_size_;
  const bool thin_;
  const bool has_parent_;
  std::atomic<const char*> write_refusal_;
  uint32_t handles_ = 0;
  bool deleting_ = false;
  AsyncMutex metadata_mutex_;
  BlobIo* first_waiting_ = nullptr;  // requests that need clusters
  BlobIo** last_waiting_ = &first_waiting_;
  std::optional<Task<>> serving_;
};

}  // namespace holdfast
