// SPDX-License-Identifier: BSD-3-Clause
#include "blob/blob_state.hh"

#include <algorithm>
#include <numeric>
#include <utility>

#include "blob/gate.hh"
#include "blob/store_state.hh"
#include "core/blob_error.hh"
#include "durability/blob.hh"

namespace holdfast {
namespace {

auto find_xattr(auto& xattrs, std::string_view name) {
  return std::find_if(xattrs.begin(), xattrs.end(),
                      [name](const Xattr& xattr) { return xattr.name == name; });
}

std::vector<std::size_t> extent_slots_of(std::span<const Allocation> allocations) {
  std::vector<std::size_t> slots;
  for (const Allocation& each : allocations) slots.push_back(each.cluster / kClustersPerExtentPage);
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

}  // namespace

BlobState::BlobState(StoreState& store, BlobRecord record)
    : store_(store),
      id_(record.id),
      committed_(std::move(record)),
      staged_{.xattrs = committed_.xattrs, .read_only = false},
      map_(committed_.clusters),
      cluster_size_(store.layout().cluster_size),
      thin_(committed_.thin()),
      has_parent_(committed_.has_parent()),
      metadata_mutex_(store.home()) {
  judge_writes();
}

uint64_t BlobState::allocated_clusters() const noexcept {
  return static_cast<uint64_t>(
      std::ranges::count_if(committed_.clusters, [](ClusterIndex cluster) { return cluster.value != 0; }));
}

Result<std::span<const std::byte>> BlobState::xattr(std::string_view name) const {
  const auto found = find_xattr(staged_.xattrs, name);
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
  const auto found = find_xattr(staged_.xattrs, name);
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
  const auto found = find_xattr(staged_.xattrs, name);
  if (found == staged_.xattrs.end()) return blob_error(Errc::not_found, id(), "no xattr of this name");
  staged_.xattrs.erase(found);
  ++staged_changes_;
  return {};
}

Result<> BlobState::set_read_only() {
  HF_CHECK(check_changeable());
  staged_.read_only = true;
  ++staged_changes_;
  return {};
}

// Changes that arrive while the commit is under way belong to the next one. The blob stays open meanwhile:
// with its last handle it would forget what is being committed, and could be deleted.
Task<> BlobState::sync() {
  const BlobHandle keeps_open(*this);
  AsyncMutex::Guard guard = co_await metadata_mutex_.lock();
  if (staged_changes_ == committed_changes_ && !doubts_.any) co_return {};
  HF_CO_CHECK(check_changeable());
  const uint64_t changes = staged_changes_;
  HF_CO_CHECK(co_await store_.ensure_dirty());
  BlobRecord next = committed_;
  next.xattrs = staged_.xattrs;
  if (staged_.read_only) next.flags.data_ro |= BlobFlags::kReadOnly;
  HF_CO_CHECK(co_await commit(next));
  committed_changes_ = changes;
  co_return {};
}

Task<> BlobState::resize(uint64_t clusters) {
  const BlobHandle keeps_open(*this);
  AsyncMutex::Guard guard = co_await metadata_mutex_.lock();
  HF_CO_CHECK(check_changeable());
  if (clusters == committed_.clusters.size()) co_return co_await end_doubts();
  HF_CO_CHECK(store_.check_size(id(), clusters));
  HF_CO_CHECK(co_await store_.ensure_dirty());
  if (clusters > committed_.clusters.size()) co_return co_await grow(clusters);
  co_return co_await shrink(clusters);
}

Task<> BlobState::grow(uint64_t clusters) {
  const uint64_t present = committed_.clusters.size();
  std::vector<uint64_t> wanted;
  if (!thin()) {
    HF_CO_CHECK(store_.space().check_free_clusters(clusters - present));
    wanted.resize(clusters - present);
    std::iota(wanted.begin(), wanted.end(), present);
  }
  BlobRecord next = committed_;
  next.clusters.resize(clusters);
  HF_CO_CHECK(co_await commit(next, wanted));
  map_.grow(committed_.clusters);
  co_return {};
}

// While the gates are closed no request is on its way to a cluster that others may own when they open again.
Task<> BlobState::shrink(uint64_t clusters) {
  Gates& gates = store_.gates();
  AsyncMutex::Guard gates_are_ours = co_await gates.lock();
  Arrival<bool>& closed = gates.order(this);
  [[maybe_unused]] const bool all_closed = co_await closed;
  BlobRecord next = committed_;
  next.clusters.resize(clusters);
  const Result<> committed = co_await commit(next);
  if (committed) {
    map_.shrink(clusters);
  } else if (doubts_.any) {
    doubts_.less = true;
    judge_writes();
  }
  Arrival<bool>& opened = gates.order(nullptr);
  [[maybe_unused]] const bool all_open = co_await opened;
  co_return committed;
}

Task<> BlobState::settle() {
  const BlobHandle keeps_open(*this);
  AsyncMutex::Guard guard = co_await metadata_mutex_.lock();
  co_return co_await end_doubts();
}

// After a change that failed media may hold it nevertheless, and show it after a power cut.
Task<> BlobState::end_doubts() {
  if (!doubts_.any) co_return {};
  BlobRecord next = committed_;
  co_return co_await commit(next);
}

// `next` becomes the blob's state, with a place for each cluster that is wanted. What is taken for it is
// taken here: a commit for which there is no frame takes nothing.
Task<> BlobState::commit(BlobRecord& next, std::span<const uint64_t> wanted) {
  const StageContext context = stage_context();
  MetadataPage root_on_media;
  if (context.form == RootForm::pointer && !committed_.pointer_root)
    HF_CO_CHECK(co_await store_.io().read_page(committed_.chain[0], root_on_media));
  HF_CO_TRY(const std::vector<ClusterIndex> places, context.space.reserve_clusters(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) next.clusters[wanted[i]] = places[i];
  HF_CO_TRY(durability::StagedCommit staged, stage_change(context, committed_, next, doubts_, root_on_media));
  const Result<> committed =
      co_await durability::commit_blob(store_.io(), context.space, staged, store_.dirty_mark());
  if (!committed) {
    keep_doubts(staged, {});
    co_return committed;
  }
  doubts_ = {};
  committed_ = std::move(next);
  judge_writes();
  co_return {};
}

// A redo that may be on media names what was reserved, as a root does.
void BlobState::keep_doubts(const durability::StagedCommit& failed,
                            std::span<const std::size_t> extent_slots) {
  if (!failed.in_doubt && failed.redos.empty()) return store_.space().cancel(failed.reserved);
  doubts_.any = true;
  doubts_.space.add(failed.reserved);
  doubts_.redos = failed.redos;  // those of earlier failures are among them
  doubts_.extent_slots.insert(doubts_.extent_slots.end(), extent_slots.begin(), extent_slots.end());
}

void BlobState::deletion_failed() noexcept {
  doubts_.any = doubts_.less = true;
  judge_writes();
}

// A write to what media may no longer hold could be acknowledged as durable, and be lost with the power.
void BlobState::judge_writes() noexcept {
  const char* refusal = nullptr;
  if (doubts_.less)
    refusal = "the shrinking or deletion of the blob failed and may be on media; sync it, or try that again";
  if (committed_.data_read_only()) refusal = "the blob is read-only";
  write_refusal_.store(refusal, std::memory_order_release);
}

// Requests that arrive while clusters are being allocated are served together afterwards.
void BlobState::allocate_for(BlobIo& io) noexcept {
  io.next_waiting_ = nullptr;
  *last_waiting_ = &io;
  last_waiting_ = &io.next_waiting_;
  if (serving_ && !serving_->done()) return;
  serving_.emplace(serve_waiting());
  serving_->start();
  if (!serving_->done()) return;
  const Result<> served = serving_->take_result();
  BlobIo* unserved = std::exchange(first_waiting_, nullptr);
  last_waiting_ = &first_waiting_;
  if (!served) let_go_on(unserved, served);  // there was no frame for the task
}

Task<> BlobState::serve_waiting() {
  while (first_waiting_ != nullptr) {
    AsyncMutex::Guard guard = co_await metadata_mutex_.lock();
    BlobIo* first = std::exchange(first_waiting_, nullptr);
    last_waiting_ = &first_waiting_;
    const Result<> together = co_await allocate(first);
    if (together || together.error().code != Errc::no_space) {
      let_go_on(first, together);
      continue;
    }
    while (first != nullptr) {  // there may be room for some of them
      BlobIo* alone = std::exchange(first, first->next_waiting_);
      alone->next_waiting_ = nullptr;
      const Result<> allocated = co_await allocate(alone);
      let_go_on(alone, allocated);
    }
  }
  co_return {};
}

// Gives places to all clusters that the requests write to and that have none, in one commit.
Task<> BlobState::allocate(BlobIo* first) {
  const std::vector<uint64_t> wanted = unallocated(first);
  if (wanted.empty()) co_return {};
  HF_CO_CHECK(co_await store_.ensure_dirty());
  const bool in_place =
      store_.io().writes_pages_whole() && !doubts_.any && fits_in_extent_pages(committed_, wanted);
  if (in_place) {
    HF_CO_CHECK(co_await commit_in_extent_pages(wanted));
  } else {
    BlobRecord next = committed_;
    HF_CO_CHECK(co_await commit(next, wanted));
  }
  for (const uint64_t cluster : wanted) map_.publish(cluster, committed_.clusters[cluster]);
  co_return {};
}

Task<> BlobState::commit_in_extent_pages(std::span<const uint64_t> wanted) {
  HF_CO_TRY(const std::vector<ClusterIndex> places, store_.space().reserve_clusters(wanted.size()));
  std::vector<Allocation> allocations;
  for (std::size_t i = 0; i < wanted.size(); ++i) allocations.push_back({wanted[i], places[i]});
  durability::StagedCommit staged = stage_extent_pages(stage_context(), committed_, allocations);
  const Result<> committed =
      co_await durability::commit_blob(store_.io(), store_.space(), staged, store_.dirty_mark());
  if (!committed) {
    keep_doubts(staged, extent_slots_of(allocations));
    co_return committed;
  }
  for (const Allocation& each : allocations) committed_.clusters[each.cluster] = each.place;
  co_return {};
}

// In ascending order, each once. A request that the blob no longer reaches to finds that out itself.
std::vector<uint64_t> BlobState::unallocated(const BlobIo* first) const {
  std::vector<uint64_t> clusters;
  for (const BlobIo* io = first; io != nullptr; io = io->next_waiting_) {
    const uint64_t begin = (io->offset + io->done_) / cluster_size_;
    const uint64_t end = (io->offset + io->length + cluster_size_ - 1) / cluster_size_;
    for (uint64_t i = begin; i < std::min<uint64_t>(end, committed_.clusters.size()); ++i) {
      if (committed_.clusters[i].value == 0) clusters.push_back(i);
    }
  }
  std::ranges::sort(clusters);
  clusters.erase(std::unique(clusters.begin(), clusters.end()), clusters.end());
  return clusters;
}

void BlobState::let_go_on(BlobIo* first, const Result<>& allocated) noexcept {
  while (first != nullptr) {
    BlobIo& io = *std::exchange(first, first->next_waiting_);
    io.channel_->take_up(io, allocated);
  }
}

StageContext BlobState::stage_context() const noexcept {
  return {.layout = store_.layout(), .space = store_.space(), .form = store_.io().root_form()};
}

Error BlobState::parent_unsupported() const noexcept {
  return blob_error(Errc::unsupported, id(), "clusters that a clone has from its parent");
}

durability::StagedDelete BlobState::stage_delete() const {
  durability::StagedDelete staged{
      .root = committed_.chain[0], .owned = doubts_.space, .redos = doubts_.redos};
  durability::OwnedSpace& owned = staged.owned;
  owned.pages.insert(owned.pages.end(), committed_.chain.begin(), committed_.chain.end());
  for (const PageIndex page : committed_.extent_pages) {
    if (page.value != 0) owned.pages.push_back(page);
  }
  for (const ClusterIndex cluster : committed_.clusters) {
    if (cluster.value != 0) owned.clusters.push_back(cluster);
  }
  return staged;
}

void BlobState::handle_dropped() noexcept {
  HF_ASSERT(handles_ > 0);
  if (--handles_ > 0 || staged_changes_ == committed_changes_) return;
  staged_ = {.xattrs = committed_.xattrs, .read_only = false};
  staged_changes_ = committed_changes_;
}

Result<> BlobState::check_changeable() const {
  HF_CHECK(store_.check_writable());
  if (committed_.metadata_read_only()) return blob_error(Errc::read_only, id(), "the blob is read-only");
  return {};
}

}  // namespace holdfast
