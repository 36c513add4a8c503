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
      io_(*channel_, write_stop_, home),
      super_mutex_(home),
      gates_(home) {}

Task<> StoreState::open(OpenOptions options) {
  HF_CO_TRY(durability::RecoveredStore recovered,
            co_await durability::read_store(io_, options.trust_clean_mark));
  if (options.type != StoreType{} && options.type != recovered.super.type) {
    co_return Error{
        .code = Errc::wrong_type, .object = ObjectKind::super_block, .reason = "the store has another type"};
  }
  super_ = std::move(recovered.super);
  was_clean_ = super_.clean;
  read_by_masks_ = recovered.by_masks;
  read_only_ = options.read_only;
  cluster_size_ = Divisor(super_.layout.cluster_size);
  io_unit_ = Divisor(device_.geometry().block_size);
  const uint32_t cluster_alignment = super_.layout.cluster_size & (~super_.layout.cluster_size + 1);
  atomic_write_size_ = std::min({device_.geometry().atomic_write_size, cluster_alignment,
                                 BlobIo::kSliceBuffers * device_.geometry().block_size});
  space_.emplace(std::move(recovered.used_pages), std::move(recovered.used_clusters));
  redos_ = std::move(recovered.replayed.redos);
  if (!recovered.replayed.damaged.empty() && !options.allocate_beside_damage) space_->seal();
  if (!super_.clean) dirty_mark_.emplace(recovered.settled);
  settled_.emplace(std::move(recovered.settled));
  for (const DamagedBlob& damaged : recovered.replayed.damaged)
    damage_.push_back({damaged.id, damaged.error});
  for (BlobRecord& record : recovered.replayed.blobs) {
    const uint64_t id = record.id.value;
    blobs_.emplace(id, std::make_unique<BlobState>(*this, std::move(record)));
  }
  co_return {};
}

// A store with damaged blobs stays dirty: clean masks would hand their space out. So does one in which a
// doubt cannot be ended for want of pages: its next open ends it.
Task<> StoreState::close() {
  HF_CO_CHECK(check_closable());
  if (close_error_) co_return *close_error_;
  const bool untouched = !dirty_mark_ && !super_in_doubt_;
  if (untouched || read_only_ || destroyed_ || !damage_.empty()) co_return {};
  HF_CO_CHECK(check_writable());
  const Result<> settled = co_await settle_everything();
  if (!settled && settled.error().code == Errc::no_space) co_return {};
  HF_CO_CHECK(settled);
  durability::Masks written = masks();
  super_.clean = true;
  durability::DirtyMark mark = std::move(*dirty_mark_);
  dirty_mark_.reset();
  const Result<> closed = co_await durability::mark_clean(io_, written, super_, std::move(mark));
  if (!closed) close_error_ = closed.error();
  co_return closed;
}

// Masks say what is taken, and so nothing may be in doubt.
Task<> StoreState::settle_everything() {
  HF_CO_CHECK(co_await ensure_dirty());
  HF_CO_CHECK(co_await undo_creations());
  for (const auto& [id, blob] : blobs_) HF_CO_CHECK(co_await blob->settle());
  co_return {};
}

Task<> StoreState::destroy() {
  HF_CO_CHECK(check_closable());
  HF_CO_CHECK(check_writable());
  destroyed_ = true;
  co_return co_await durability::destroy_store(io_);
}

Result<> StoreState::check_closable() const {
  for (const auto& [id, blob] : blobs_) {
    if (blob->open())
      return blob_error(Errc::busy, blob->id(),
                        "the blob is open; drop its handles before closing the store");
  }
  return {};
}

Task<> StoreState::set_super_blob(BlobId id) {
  HF_CO_CHECK(check_writable());
  const auto found = blobs_.find(id.value);
  if (found == blobs_.end()) co_return blob_error(Errc::not_found, id, "no such blob");
  if (found->second->deleting()) co_return blob_error(Errc::busy, id, "the blob is being deleted");
  SuperWords words;
  words.super_blob.emplace(id);
  co_return co_await change_super(words);
}

Task<> StoreState::clear_super_blob() {
  HF_CO_CHECK(check_writable());
  SuperWords words;
  words.super_blob.emplace();
  co_return co_await change_super(words);
}

Task<> StoreState::set_type(StoreType type) {
  HF_CO_CHECK(check_writable());
  if (super_.version < 2) {
    co_return Error{.code = Errc::unsupported,
                    .object = ObjectKind::super_block,
                    .reason = "a store of version 1 has no place for a type"};
  }
  SuperWords words;
  words.type = type;
  co_return co_await change_super(words);
}

Task<> StoreState::change_super(SuperWords words) {
  HF_CO_CHECK(co_await ensure_dirty());
  AsyncMutex::Guard guard = co_await super_mutex_.lock();
  CheckedSuper changed = super_;
  if (words.super_blob) changed.super_blob = *words.super_blob;
  if (words.type) changed.type = *words.type;
  co_return co_await write_super(std::move(changed));
}

// The id of a blob that goes may be used again. Where a change of the super blob failed, media may hold it.
Task<> StoreState::forget_super_blob(BlobId gone) {
  AsyncMutex::Guard guard = co_await super_mutex_.lock();
  const bool named = super_.super_blob == gone;
  if (!named && !super_in_doubt_) co_return {};
  CheckedSuper changed = super_;
  if (named) changed.super_blob.reset();
  co_return co_await write_super(std::move(changed));
}

// For holders of the mutex.
Task<> StoreState::write_super(CheckedSuper changed) {
  super_in_doubt_ = true;
  HF_CO_CHECK(co_await durability::change_super(io_, changed, *dirty_mark_));
  super_in_doubt_ = false;
  super_ = std::move(changed);
  co_return {};
}

Task<BlobId> StoreState::create_blob(BlobOptions options) {
  HF_CO_CHECK(check_writable());
  BlobRecord record;
  HF_CO_TRY(record.xattrs, check_xattrs(options.xattrs));
  HF_CO_CHECK(co_await ensure_dirty());
  HF_CO_CHECK(co_await commit_creation(record, options));
  const BlobId id = record.id;
  blobs_.emplace(id.value, std::make_unique<BlobState>(*this, std::move(record)));
  co_return id;
}

Task<> StoreState::commit_creation(BlobRecord& record, BlobOptions options) {
  HF_CO_CHECK(reserve_for(record, options));
  const PageIndex root = record.chain[0];
  const StageContext context{.layout = layout(), .space = *space_, .form = io_.root_form()};
  Result<durability::StagedCommit> staged = stage_creation(context, record);
  if (!staged) {
    space_->cancel({.pages = {root}, .clusters = {}});
    co_return staged.error();
  }
  staged->reserved.pages.push_back(root);
  const Result<> committed = co_await durability::commit_blob(io_, *space_, *staged, *dirty_mark_);
  if (committed) co_return {};
  if (!staged->in_doubt) {
    space_->cancel(staged->reserved);
    co_return committed;
  }
  failed_creations_.push_back(std::move(staged->reserved));
  [[maybe_unused]] const Result<> undone = co_await undo_creations();
  co_return committed;
}

// The root write failed, and media may name the blob. If it cannot be erased either, its space stays taken
// until the next change or close() tries again, or the next open decides.
Task<> StoreState::undo_creations() {
  while (!failed_creations_.empty()) {
    const durability::StagedDelete failed{
        failed_creations_.back().pages.back(), failed_creations_.back(), {}};
    failed_creations_.pop_back();
    const Result<> undone = co_await durability::delete_blob(io_, *space_, failed, *dirty_mark_);
    if (!undone) {
      failed_creations_.push_back(failed.owned);
      co_return undone;
    }
  }
  co_return {};
}

Result<std::vector<Xattr>> StoreState::check_xattrs(std::span<const XattrView> xattrs) const {
  std::vector<Xattr> checked;
  for (const XattrView& xattr : xattrs) {
    HF_CHECK(check_xattr(xattr.name, xattr.value));
    const bool known = std::any_of(checked.begin(), checked.end(),
                                   [&xattr](const Xattr& other) { return other.name == xattr.name; });
    if (known) {
      return Error{
          .code = Errc::invalid_argument, .object = ObjectKind::xattr, .reason = "two xattrs have one name"};
    }
    checked.push_back({std::string(xattr.name), {xattr.value.begin(), xattr.value.end()}});
  }
  return checked;
}

Result<> StoreState::reserve_for(BlobRecord& record, const BlobOptions& options) {
  HF_TRY(const BlobId id, reserve_id());
  record.id = id;
  record.chain = {root_of_blob_id(id)};
  const bool table =
      options.extents == ExtentFormat::table || (options.extents == ExtentFormat::automatic && options.thin);
  if (options.thin) record.flags.invalid |= BlobFlags::kThin;
  if (table) record.flags.invalid |= BlobFlags::kExtentTable;
  Result<std::vector<ClusterIndex>> clusters = first_clusters(id, options);
  if (!clusters) {
    space_->cancel({.pages = record.chain, .clusters = {}});
    return clusters.error();
  }
  record.clusters = std::move(*clusters);
  return {};
}

Result<std::vector<ClusterIndex>> StoreState::first_clusters(BlobId id, const BlobOptions& options) {
  if (!options.thin) HF_CHECK(space_->check_free_clusters(options.clusters));
  HF_CHECK(check_size(id, options.clusters));
  if (!options.thin) return space_->reserve_clusters(options.clusters);
  return std::vector<ClusterIndex>(options.clusters);
}

Result<BlobId> StoreState::reserve_id() {
  HF_TRY(const PageIndex root, space_->reserve_root_page());
  return blob_id_of_root(root);
}

Result<> StoreState::check_size(BlobId id, uint64_t clusters) const {
  ClusterBudget budget(layout());
  const auto fits = [&budget](uint64_t wanted) {
    if (wanted > budget.largest_blob()) return false;
    budget.take(wanted);
    return true;
  };
  bool all_fit = true;
  bool counted = false;
  for (const auto& [other, blob] : blobs_) {
    if (!counted && other >= id.value) {
      all_fit = all_fit && fits(clusters);
      counted = true;
    }
    if (other != id.value) all_fit = all_fit && fits(blob->committed().clusters.size());
  }
  if (!counted) all_fit = all_fit && fits(clusters);
  if (all_fit) return {};
  return Error{.code = Errc::invalid_argument,
               .object = ObjectKind::blob,
               .number = id.value,
               .reason = "the blobs of this store would have more clusters than it can be read again with"};
}

Result<BlobHandle> StoreState::open_blob(BlobId id) {
  const auto found = blobs_.find(id.value);
  if (found != blobs_.end()) {
    if (found->second->deleting()) return blob_error(Errc::busy, id, "the blob is being deleted");
    return BlobHandle(*found->second);
  }
  return why_absent(id);
}

Error StoreState::why_absent(BlobId id) const noexcept {
  for (const Blobstore::Damage& damage : damage_) {
    if (damage.id == id) return damage.error;
  }
  return blob_error(Errc::not_found, id, "no such blob");
}

Task<> StoreState::delete_blob(BlobId id) {
  HF_CO_CHECK(check_writable());
  HF_CO_CHECK(check_deletable(id));
  BlobState& blob = *blobs_.at(id.value);
  blob.set_deleting(true);
  const Result<> deleted = co_await delete_unused(blob);
  blob.set_deleting(false);
  if (deleted) {
    blobs_.erase(id.value);
  } else {
    blob.deletion_failed();
  }
  co_return deleted;
}

Task<> StoreState::delete_unused(BlobState& blob) {
  HF_CO_CHECK(co_await ensure_dirty());
  HF_CO_CHECK(co_await forget_super_blob(blob.id()));
  const durability::StagedDelete staged = blob.stage_delete();
  co_return co_await durability::delete_blob(io_, *space_, staged, *dirty_mark_);
}

Result<> StoreState::check_deletable(BlobId id) const {
  const auto found = blobs_.find(id.value);
  if (found == blobs_.end()) return why_absent(id);
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
          .super_blob = super_.super_blob,
          .cluster_size = layout().cluster_size,
          .io_unit_size = io_unit_.value(),
          .total_clusters = layout().total_clusters - layout().first_data_cluster.value,
          .free_clusters = space_->used_clusters().clear_count(),
          .free_metadata_pages = space_->used_pages().clear_count(),
          .read_only = !check_writable(),
          .was_clean = was_clean_,
          .read_by_masks = read_by_masks_};
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
  if (destroyed_) {
    return Error{
        .code = Errc::not_a_store, .object = ObjectKind::device, .reason = "the store was destroyed"};
  }
  return check_not_stopped();
}

Result<> StoreState::check_not_stopped() const noexcept {
  if (write_stop_.stopped()) return write_stop_.error();
  return {};
}

Task<> StoreState::ensure_dirty() {
  AsyncMutex::Guard guard = co_await super_mutex_.lock();
  if (!dirty_mark_) {
    CheckedSuper dirty = super_;
    dirty.clean = false;
    super_in_doubt_ = true;
    HF_CO_TRY(durability::DirtyMark mark, co_await durability::mark_dirty(io_, dirty));
    super_in_doubt_ = false;
    super_ = std::move(dirty);
    dirty_mark_.emplace(std::move(mark));
  }
  if (!redos_.empty()) {
    HF_CO_CHECK(co_await durability::finish_conversions(io_, *space_, redos_, *settled_, *dirty_mark_));
    redos_.clear();
  }
  if (!failed_creations_.empty()) {
    [[maybe_unused]] const Result<> undone = co_await undo_creations();
  }
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
