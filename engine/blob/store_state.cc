// SPDX-License-Identifier: BSD-3-Clause
#include "blob/store_state.hh"

#include <algorithm>

#include "blob/stage.hh"
#include "core/blob_error.hh"
#include "durability/blob.hh"
#include "durability/store.hh"
#include "format/mask.hh"

namespace holdfast {

StoreState::StoreState(BlockDevice& device, Executor& home, std::unique_ptr<BlockChannel> channel)
    : device_(device),
      home_(home),
      channel_(std::move(channel)),
      io_(*channel_, write_stop_),
      dirty_mutex_(home) {}

Task<> StoreState::open(OpenOptions options) {
  HF_CO_TRY(durability::RecoveredStore recovered, co_await durability::read_store(io_));
  if (options.type != StoreType{} && options.type != recovered.super.type) {
    co_return Error{
        .code = Errc::wrong_type, .object = ObjectKind::super_block, .reason = "the store has another type"};
  }
  super_ = std::move(recovered.super);
  was_clean_ = super_.clean;
  read_only_ = options.read_only;
  cluster_size_ = Divisor(super_.layout.cluster_size);
  io_unit_ = Divisor(device_.geometry().block_size);
  space_.emplace(std::move(recovered.replayed.used_pages), recovered.replayed.clusters_in_mask(layout()));
  if (!recovered.replayed.damaged.empty()) space_->seal();
  if (!was_clean_) dirty_mark_.emplace(recovered.settled);
  for (const DamagedBlob& damaged : recovered.replayed.damaged)
    damage_.push_back({damaged.id, damaged.error});
  for (BlobRecord& record : recovered.replayed.blobs) {
    const uint64_t id = record.id.value;
    blobs_.emplace(id, std::make_unique<BlobState>(*this, std::move(record)));
  }
  co_return {};
}

// A store with damaged blobs stays dirty: clean masks would hand their space out.
Task<> StoreState::close() {
  for (const auto& [id, blob] : blobs_) {
    if (blob->open())
      co_return blob_error(Errc::busy, blob->id(),
                           "the blob is open; drop its handles before closing the store");
  }
  if (close_error_) co_return *close_error_;
  if (!dirty_mark_ || read_only_ || space_->sealed()) co_return {};
  HF_CO_CHECK(check_writable());
  durability::Masks written = masks();
  super_.clean = true;
  const SuperBlock clean = encode_super_block(super_);
  durability::DirtyMark mark = std::move(*dirty_mark_);
  dirty_mark_.reset();
  const Result<> closed = co_await durability::mark_clean(io_, written, clean, std::move(mark));
  if (!closed) close_error_ = closed.error();
  co_return closed;
}

Task<BlobId> StoreState::create_blob(BlobOptions options) {
  HF_CO_CHECK(check_writable());
  HF_CO_CHECK(co_await ensure_dirty());
  HF_CO_TRY(BlobRecord record, new_record(options));
  const Result<> created = co_await commit_creation(record);
  if (!created) co_return created.error();
  const BlobId id = record.id;
  blobs_.emplace(id.value, std::make_unique<BlobState>(*this, std::move(record)));
  co_return id;
}

// If the root write itself failed, media may name everything: it stays taken until the next open decides.
Task<> StoreState::commit_creation(BlobRecord& record) {
  durability::OwnedSpace reserved{.pages = {record.chain[0]}, .clusters = record.clusters};
  Result<durability::StagedCommit> staged = stage_commit(layout(), *space_, record);
  if (!staged) {
    space_->cancel(reserved);
    co_return staged.error();
  }
  reserved.pages = record.chain;
  staged->fresh_clusters = record.clusters;
  const Result<> committed = co_await durability::commit_blob(io_, *space_, *staged, *dirty_mark_);
  if (!committed && !staged->root_in_doubt) space_->cancel(reserved);
  co_return committed;
}

Result<BlobRecord> StoreState::new_record(const BlobOptions& options) {
  BlobRecord record;
  for (const XattrView& xattr : options.xattrs) {
    HF_CHECK(check_xattr(xattr.name, xattr.value));
    const bool known = std::any_of(record.xattrs.begin(), record.xattrs.end(),
                                   [&xattr](const Xattr& other) { return other.name == xattr.name; });
    if (known) {
      return Error{
          .code = Errc::invalid_argument, .object = ObjectKind::xattr, .reason = "two xattrs have one name"};
    }
    record.xattrs.push_back({std::string(xattr.name), {xattr.value.begin(), xattr.value.end()}});
  }
  HF_TRY(record.clusters, space_->reserve_clusters(options.clusters));
  const Result<PageIndex> root = space_->reserve_root_page();
  if (!root) {
    space_->cancel({.pages = {}, .clusters = record.clusters});
    return root.error();
  }
  record.id = blob_id_of_root(*root);
  record.chain = {*root};
  return record;
}

Result<BlobHandle> StoreState::open_blob(BlobId id) {
  const auto found = blobs_.find(id.value);
  if (found != blobs_.end()) {
    if (found->second->deleting()) return blob_error(Errc::busy, id, "the blob is being deleted");
    return BlobHandle(*found->second);
  }
  for (const Blobstore::Damage& damage : damage_) {
    if (damage.id == id) return damage.error;
  }
  return blob_error(Errc::not_found, id, "no such blob");
}

Task<> StoreState::delete_blob(BlobId id) {
  HF_CO_CHECK(check_writable());
  HF_CO_CHECK(check_deletable(id));
  HF_CO_CHECK(co_await ensure_dirty());
  HF_CO_CHECK(check_deletable(id));
  BlobState& blob = *blobs_.at(id.value);
  blob.set_deleting(true);
  const durability::OwnedSpace owned = blob.owned_space();
  const Result<> deleted =
      co_await durability::delete_blob(io_, *space_, root_of_blob_id(id), owned, *dirty_mark_);
  blob.set_deleting(false);
  if (deleted) blobs_.erase(id.value);
  co_return deleted;
}

Result<> StoreState::check_deletable(BlobId id) const {
  const auto found = blobs_.find(id.value);
  if (found == blobs_.end()) return blob_error(Errc::not_found, id, "no such blob");
  if (found->second->open()) return blob_error(Errc::busy, id, "the blob is open");
  if (found->second->deleting()) return blob_error(Errc::busy, id, "the blob is being deleted");
  for (const auto& [other, blob] : blobs_) {
    if (blob->committed().parent() == id)
      return blob_error(Errc::busy, id, "a clone depends on this snapshot");
  }
  return {};
}

Blobstore::Info StoreState::info() const {
  return {.version = super_.version,
          .type = super_.type,
          .cluster_size = layout().cluster_size,
          .io_unit_size = io_unit_.value(),
          .total_clusters = layout().total_clusters - layout().first_data_cluster.value,
          .free_clusters = space_->used_clusters().clear_count(),
          .free_metadata_pages = space_->used_pages().clear_count(),
          .read_only = !check_writable(),
          .was_clean = was_clean_};
}

std::vector<BlobId> StoreState::blob_ids() const {
  std::vector<BlobId> ids;
  for (const auto& [id, blob] : blobs_) ids.push_back(BlobId{id});
  return ids;
}

Result<> StoreState::check_writable() const noexcept {
  if (read_only_) {
    return Error{
        .code = Errc::read_only, .object = ObjectKind::device, .reason = "the store was opened read-only"};
  }
  return check_not_stopped();
}

Result<> StoreState::check_not_stopped() const noexcept {
  if (write_stop_.stopped()) return write_stop_.error();
  return {};
}

Task<> StoreState::ensure_dirty() {
  AsyncMutex::Guard guard = co_await dirty_mutex_.lock();
  if (dirty_mark_) co_return {};
  CheckedSuper dirty = super_;
  dirty.clean = false;
  const SuperBlock page = encode_super_block(dirty);
  HF_CO_TRY(durability::DirtyMark mark, co_await durability::mark_dirty(io_, page));
  super_ = std::move(dirty);
  dirty_mark_.emplace(std::move(mark));
  co_return {};
}

durability::Masks StoreState::masks() const {
  Bitmap blob_ids(layout().md_len);
  for (const auto& [id, blob] : blobs_) blob_ids.set(root_of_blob_id(BlobId{id}).value);
  durability::Masks masks;
  const auto add = [this, &masks](const PageRegion& region, MaskType type, const Bitmap& bitmap) {
    AlignedBuffer bytes(layout().bytes_of_region(region));
    encode_mask(bytes.bytes(), type, bitmap);
    masks.regions.push_back({.byte = layout().byte_of_region(region), .bytes = std::move(bytes)});
  };
  add(layout().page_mask, MaskType::used_pages, space_->used_pages());
  add(layout().cluster_mask, MaskType::used_clusters, space_->used_clusters());
  if (layout().blob_id_mask.length != 0) add(layout().blob_id_mask, MaskType::used_blob_ids, blob_ids);
  return masks;
}

}  // namespace holdfast
