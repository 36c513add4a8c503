// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "blob/cluster_map.hh"
#include "core/async_mutex.hh"
#include "durability/space.hh"
#include "format/blob_record.hh"
#include "holdfast/blob.hh"

namespace holdfast {

class StoreState;

// A blob in memory. What the caller changed (`staged`) and what media say (`committed`) are two records; only
// a commit, with its evidence, makes one the other. Home executor only, except for what channels read: size,
// flags, the cluster map.
class BlobState final : public Blob {
 public:
  BlobState(StoreState& store, BlobRecord record);

  BlobId id() const noexcept override { return committed_.id; }
  uint64_t clusters() const noexcept override { return map_.size(); }
  uint64_t size() const noexcept override { return size_; }
  bool thin() const noexcept override { return committed_.thin(); }
  bool read_only() const noexcept override { return read_only_; }
  Result<std::span<const std::byte>> xattr(std::string_view name) const override;
  std::vector<std::string_view> xattr_names() const override;
  Result<> set_xattr(std::string_view name, std::span<const std::byte> value) override;
  Result<> remove_xattr(std::string_view name) override;
  Task<> sync() override;

  // For channels.
  const ClusterMap& map() const noexcept { return map_; }
  Result<> check_unallocated(bool for_change) const noexcept;

  // For the store.
  bool open() const noexcept { return handles_ > 0; }
  bool deleting() const noexcept { return deleting_; }
  void set_deleting(bool deleting) noexcept { deleting_ = deleting; }
  const BlobRecord& committed() const noexcept { return committed_; }
  durability::OwnedSpace owned_space() const;

 private:
  void handle_added() noexcept override { ++handles_; }
  void handle_dropped() noexcept override;
  Result<> check_changeable() const;

  StoreState& store_;
  BlobRecord committed_;
  BlobRecord staged_;
  uint64_t staged_changes_ = 0;  // counts changes of `staged_`
  uint64_t committed_changes_ = 0;  // how many of them `committed_` holds
  std::vector<PageIndex> doubtful_pages_;  // a failed root write may have made media name them
  ClusterMap map_;
  uint64_t size_;
  bool read_only_;
  uint32_t handles_ = 0;
  bool deleting_ = false;
  AsyncMutex metadata_mutex_;
};

}  // namespace holdfast
