// SPDX-License-Identifier: BSD-3-Clause
#include "blob/blob_state.hh"

#include <algorithm>

#include "blob/stage.hh"
#include "blob/store_state.hh"
#include "core/blob_error.hh"
#include "durability/blob.hh"

namespace holdfast {
namespace {

auto find_xattr(auto& record, std::string_view name) {
  return std::find_if(record.xattrs.begin(), record.xattrs.end(),
                      [name](const Xattr& xattr) { return xattr.name == name; });
}

}  // namespace

BlobState::BlobState(StoreState& store, BlobRecord record)
    : store_(store),
      committed_(std::move(record)),
      staged_(committed_),
      map_(committed_.clusters),
      size_(committed_.clusters.size() * uint64_t{store.layout().cluster_size}),
      read_only_(committed_.data_read_only()),
      metadata_mutex_(store.home()) {}

Result<std::span<const std::byte>> BlobState::xattr(std::string_view name) const {
  const auto found = find_xattr(staged_, name);
  if (found == staged_.xattrs.end()) return blob_error(Errc::not_found, id(), "no xattr of this name");
  return std::span<const std::byte>(found->value);
}

std::vector<std::string_view> BlobState::xattr_names() const {
  std::vector<std::string_view> names;
  for (const Xattr& xattr : staged_.xattrs) names.push_back(xattr.name);
  return names;
}

// Overwriting keeps the xattr's place in the list, and so the bytes of a commit do not depend on history.
Result<> BlobState::set_xattr(std::string_view name, std::span<const std::byte> value) {
  HF_CHECK(check_changeable());
  HF_CHECK(check_xattr(name, value));
  const auto found = find_xattr(staged_, name);
  if (found != staged_.xattrs.end()) {
    found->value.assign(value.begin(), value.end());
  } else {
    staged_.xattrs.push_back({std::string(name), {value.begin(), value.end()}});
  }
  ++staged_changes_;
  return {};
}

Result<> BlobState::remove_xattr(std::string_view name) {
  HF_CHECK(check_changeable());
  const auto found = find_xattr(staged_, name);
  if (found == staged_.xattrs.end()) return blob_error(Errc::not_found, id(), "no xattr of this name");
  staged_.xattrs.erase(found);
  ++staged_changes_;
  return {};
}

// Changes that arrive while the commit is under way belong to the next one. The blob stays open meanwhile:
// with its last handle it would forget what is being committed, and could be deleted.
Task<> BlobState::sync() {
  const BlobHandle keeps_open(*this);
  AsyncMutex::Guard guard = co_await metadata_mutex_.lock();
  if (staged_changes_ == committed_changes_) co_return {};
  const uint64_t changes = staged_changes_;
  BlobRecord next = staged_;
  HF_CO_CHECK(co_await store_.ensure_dirty());
  HF_CO_TRY(durability::StagedCommit staged, stage_commit(store_.layout(), store_.space(), next));
  staged.superseded.pages.assign(committed_.chain.begin() + 1, committed_.chain.end());
  staged.superseded.pages.insert(staged.superseded.pages.end(), doubtful_pages_.begin(),
                                 doubtful_pages_.end());

  const Result<> committed =
      co_await durability::commit_blob(store_.io(), store_.space(), staged, store_.dirty_mark());
  if (!committed) {
    if (staged.root_in_doubt) {
      doubtful_pages_.insert(doubtful_pages_.end(), staged.chain.indices.begin(), staged.chain.indices.end());
    } else {
      store_.space().cancel({.pages = staged.chain.indices, .clusters = {}});
    }
    co_return committed.error();
  }
  doubtful_pages_.clear();
  staged_.chain = next.chain;
  committed_ = std::move(next);
  committed_changes_ = changes;
  co_return {};
}

Result<> BlobState::check_unallocated(bool for_change) const noexcept {
  if (for_change)
    return blob_error(Errc::unsupported, id(), "writing to unallocated clusters of a thin blob");
  if (committed_.has_parent())
    return blob_error(Errc::unsupported, id(), "reading a clone's clusters from its parent");
  return {};
}

durability::OwnedSpace BlobState::owned_space() const {
  durability::OwnedSpace owned;
  owned.pages = committed_.chain;
  owned.pages.insert(owned.pages.end(), doubtful_pages_.begin(), doubtful_pages_.end());
  for (const PageIndex page : committed_.extent_pages) {
    if (page.value != 0) owned.pages.push_back(page);
  }
  for (const ClusterIndex cluster : committed_.clusters) {
    if (cluster.value != 0) owned.clusters.push_back(cluster);
  }
  return owned;
}

void BlobState::handle_dropped() noexcept {
  HF_ASSERT(handles_ > 0);
  if (--handles_ > 0 || staged_changes_ == committed_changes_) return;
  staged_ = committed_;
  staged_changes_ = committed_changes_;
}

Result<> BlobState::check_changeable() const {
  HF_CHECK(store_.check_writable());
  if (committed_.metadata_read_only()) return blob_error(Errc::read_only, id(), "the blob is read-only");
  return {};
}

}  // namespace holdfast
