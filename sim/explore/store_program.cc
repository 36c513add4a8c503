// SPDX-License-Identifier: BSD-3-Clause
#include "explore/store_program.hh"

#include <algorithm>

#include "explore/raw_store.hh"

namespace holdfast::sim {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Error not_open() { return {.code = Errc::invalid_argument, .reason = "the store is not open at this step"}; }
Error no_such_blob() {
  return {.code = Errc::not_found, .object = ObjectKind::blob, .reason = "no blob of this name"};
}
Error holds_a_volume() {
  return {.code = Errc::invalid_argument,
          .object = ObjectKind::blob,
          .reason = "the content of this blob is the volume's"};
}
Error name_is_taken() {
  return {.code = Errc::already_exists, .object = ObjectKind::blob, .reason = "there is a blob of this name"};
}

BlobState state_of(const Blob& blob) {
  BlobState state{.clusters = blob.clusters(), .read_only = blob.read_only(), .xattrs = {}};
  for (const std::string_view name : blob.xattr_names()) {
    const auto value = blob.xattr(name);
    state.xattrs[std::string(name)] = {value->begin(), value->end()};
  }
  return state;
}

// Takes a request to the executor of its channel, and the answer back.
class Errand final : public Work {
 public:
  Errand(Channel& channel, BlobIo& io, Executor& home) noexcept : channel_(channel), io_(io), home_(home) {}

  void run() noexcept override {
    if (answered_) return done_.set(result_);
    io_.context = this;
    io_.on_complete = [](BlobIo& io, Result<> result) noexcept {
      auto& errand = *static_cast<Errand*>(io.context);
      errand.result_ = result;
      errand.answered_ = true;
      errand.home_.post(errand);
    };
    channel_.submit(io_);
  }
  Arrival<Result<>>& done() noexcept { return done_; }

 private:
  Channel& channel_;
  BlobIo& io_;
  Executor& home_;
  bool answered_ = false;
  Result<> result_;
  Arrival<Result<>> done_;
};

}  // namespace

Error StoreProgram::still_open() {
  return {.code = Errc::busy, .reason = "the store is open at this step; close it first"};
}

void StoreProgram::end() {
  handles_.clear();
  ids_.clear();
  channels_.clear();
  store_.reset();
}

Task<> StoreProgram::run(const StoreFormat& step, Model& model) {
  if (store_ != nullptr) co_return still_open();
  FormatOptions options;
  options.cluster_size = scenario_.store.cluster_size;
  options.metadata_pages = scenario_.store.metadata_pages;
  options.type = StoreType::named(scenario_.store.type);
  options.replace_existing = step.force;
  const uint64_t epoch = model.format_begins(scheduler_.last_event());
  const Result<> formatted = co_await Blobstore::format(disk_, home_, options);
  model.format_ends(epoch, ending_of(formatted));
  co_return formatted;
}

Task<> StoreProgram::run(const StoreOpen&, Model& model) {
  if (store_ != nullptr) co_return still_open();
  HF_CO_CHECK(co_await open(false));
  for (const auto& [name, id] : ids_) {
    if (!model.blobs().contains(name)) continue;
    HF_CO_TRY(BlobHandle blob, store_->open_blob(id));
    model.staged(name) = state_of(*blob);
  }
  model.open_acknowledged();
  co_return {};
}

Task<> StoreProgram::open(bool read_only) {
  OpenOptions options;
  options.read_only = read_only;
  HF_CO_TRY(store_, co_await Blobstore::open(disk_, home_, options));
  HF_CO_TRY(std::unique_ptr<Channel> channel, Channel::open(*store_, home_));
  channels_.insert_or_assign(0, OpenChannel{&home_, std::move(channel)});
  for (const BlobId id : store_->blob_ids()) {
    HF_CO_TRY(BlobHandle blob, store_->open_blob(id));
    const auto name = blob->xattr(kNameXattr);
    if (name) ids_[std::string(reinterpret_cast<const char*>(name->data()), name->size())] = id;
  }
  co_return {};
}

Task<> StoreProgram::run(const StoreClose&, Model& model) {
  if (store_ == nullptr) co_return not_open();
  handles_.clear();
  const Result<> closed = co_await store_->close();
  if (closed || closed.error().code != Errc::busy) end();
  if (closed) model.close_acknowledged();
  co_return closed;
}

Task<> StoreProgram::run(const BlobCreate& step, Model& model) {
  if (store_ == nullptr) co_return not_open();
  if (model.exists(step.name)) co_return name_is_taken();
  BlobState state{
      .clusters = step.clusters, .read_only = false, .xattrs = {step.xattrs.begin(), step.xattrs.end()}};
  state.xattrs[std::string(kNameXattr)] = bytes_of(step.name);
  std::vector<XattrView> xattrs;
  for (const auto& [name, value] : state.xattrs) xattrs.push_back({name, value});
  BlobOptions options;
  options.clusters = step.clusters;
  options.thin = step.thin;
  options.extents = step.extents;
  options.xattrs = xattrs;
  // More than the device has is refused of a thick blob: the model needs no room for it.
  const uint64_t most = scenario_.device.size / scenario_.store.cluster_size;
  const uint64_t clusters = step.thin ? step.clusters : std::min(step.clusters, most);
  const uint64_t change = model.create_begins(step.name, state, blocks_of(clusters));
  const Result<BlobId> created = co_await store_->create_blob(options);
  model.change_ends(step.name, change, ending_of(created));
  if (!created) co_return created.error();
  ids_[step.name] = *created;
  co_return {};
}

Task<> StoreProgram::run(const BlobSetXattr& step, Model& model) {
  HF_CO_TRY(BlobHandle blob, handle(step.blob));
  HF_CO_CHECK(blob->set_xattr(step.xattr.first, step.xattr.second));
  model.staged(step.blob).xattrs[step.xattr.first] = step.xattr.second;
  co_return {};
}

Task<> StoreProgram::run(const BlobRemoveXattr& step, Model& model) {
  HF_CO_TRY(BlobHandle blob, handle(step.blob));
  HF_CO_CHECK(blob->remove_xattr(step.name));
  model.staged(step.blob).xattrs.erase(step.name);
  co_return {};
}

Task<> StoreProgram::run(const StoreDestroy&, Model& model) {
  if (store_ == nullptr) co_return not_open();
  handles_.clear();
  const uint64_t change = model.destroy_begins();
  const Result<> destroyed = co_await store_->destroy();
  model.destroy_ends(change, ending_of(destroyed));
  if (destroyed || destroyed.error().code != Errc::busy) end();
  co_return destroyed;
}

Task<> StoreProgram::run(const StoreSetSuperBlob& step, Model& model) {
  const auto id = ids_.find(step.blob);
  if (id == ids_.end()) co_return no_such_blob();
  const uint64_t change = model.super_blob_begins(step.blob);
  const Result<> set = co_await store_->set_super_blob(id->second);
  model.super_blob_ends(change, ending_of(set));
  co_return set;
}

Task<> StoreProgram::run(const StoreClearSuperBlob&, Model& model) {
  if (store_ == nullptr) co_return not_open();
  const uint64_t change = model.super_blob_begins("");
  const Result<> cleared = co_await store_->clear_super_blob();
  model.super_blob_ends(change, ending_of(cleared));
  co_return cleared;
}

Task<> StoreProgram::run(const BlobSetReadOnly& step, Model& model) {
  HF_CO_TRY(BlobHandle blob, handle(step.blob));
  HF_CO_CHECK(blob->set_read_only());
  model.staged(step.blob).read_only = true;
  co_return {};
}

Task<> StoreProgram::run(const BlobResize& step, Model& model) {
  HF_CO_TRY(BlobHandle blob, handle(step.blob));
  const uint64_t change = model.resize_begins(step.blob, step.clusters);
  const Result<> resized = co_await blob->resize(step.clusters);
  model.resize_ends(step.blob, change, ending_of(resized), blocks_of(step.clusters));
  co_return resized;
}

Task<> StoreProgram::run(const BlobSync& step, Model& model) {
  HF_CO_TRY(BlobHandle blob, handle(step.blob));
  const BlobState next = model.staged(step.blob);
  const uint64_t change = model.commit_begins(step.blob, next);
  const Result<> synced = co_await blob->sync();
  model.change_ends(step.blob, change, ending_of(synced));
  co_return synced;
}

Task<> StoreProgram::run(const BlobDelete& step, Model& model) {
  handles_.erase(step.blob);
  const auto id = ids_.find(step.blob);
  if (id == ids_.end()) co_return no_such_blob();
  const bool is_super = model.super_blob().newest() == step.blob;
  const uint64_t unnamed = is_super ? model.super_blob_begins("") : 0;
  const uint64_t change = model.delete_begins(step.blob);
  const Result<> deleted = co_await store_->delete_blob(id->second);
  model.change_ends(step.blob, change, ending_of(deleted));
  if (is_super) model.super_blob_ends(unnamed, ending_of(deleted));
  co_return deleted;
}

Task<> StoreProgram::run(const DataIo& step, Model& model) {
  if (holds_volume(step.blob) && step.kind != DataKind::read) co_return holds_a_volume();
  HF_CO_TRY(BlobHandle blob, handle(step.blob));
  const uint32_t block_size = disk_.geometry().block_size;
  const uint64_t first = step.offset / block_size;
  const uint64_t count = step.length / block_size;
  // What leaves the blob is refused and changes nothing.
  const bool inside = step.offset <= blob->size() && step.length <= blob->size() - step.offset;
  const bool writes = step.kind != DataKind::read && inside;
  Model::Write write;
  if (writes) write = model.write_begins(step.blob, first, count, step.kind != DataKind::write);
  const bool reads = step.kind == DataKind::read && inside;
  Model::Read read;
  if (reads) read = model.read_begins(step.blob, first, count);

  AlignedBuffer buffer(step.length);
  for (uint64_t i = 0; i < count && step.kind == DataKind::write; ++i) {
    fill_block(buffer.bytes().subspan(i * block_size, block_size), write.tag, first + i);
  }
  const iovec whole{.iov_base = buffer.bytes().data(), .iov_len = step.length};
  BlobIo io;
  io.kind = step.kind == DataKind::read           ? BlobIoKind::read
            : step.kind == DataKind::write        ? BlobIoKind::write
            : step.kind == DataKind::write_zeroes ? BlobIoKind::write_zeroes
                                                  : BlobIoKind::unmap;
  io.blob = &*blob;
  io.offset = step.offset;
  io.length = step.length;
  io.fua = step.fua;
  if (step.kind == DataKind::read || step.kind == DataKind::write) io.buffers = {&whole, 1};
  const Result<> done = co_await perform(io, step.channel);
  if (writes && done) model.write_ends(step.blob, write, first, count, step.fua);
  if (writes && !done) model.write_fails(step.blob, write, first, count);
  if (reads && done) check_read(step, buffer.bytes(), read, model);
  co_return done;
}

// What is read while the power is on must be what was written there last, or is being written, and of this
// blob.
void StoreProgram::check_read(const DataIo& step, std::span<const std::byte> bytes, const Model::Read& read,
                              const Model& model) {
  const uint32_t block_size = disk_.geometry().block_size;
  const uint64_t birth = model.blobs().at(step.blob).birth;
  for (uint64_t i = 0; i < read.blocks.size(); ++i) {
    const uint64_t block = read.first_block + i;
    const Tag tag = tag_of_block(bytes.subspan(i * block_size, block_size), block);
    if (model.may_return(step.blob, read, i, tag)) continue;
    const bool may_be_lost = contract_ == Contract::byzantine;
    if (may_be_lost && (tag == kZeroes || tag == kForeign || birth_of(tag) == birth)) continue;
    wrong_read_ = Error{.code = Errc::corrupt,
                        .object = ObjectKind::blob,
                        .number = block,
                        .reason = "a read returned bytes that this block never held, or holds no more"};
  }
}

Task<> StoreProgram::run(const DataFlush&, Model& model) {
  if (store_ == nullptr) co_return not_open();
  BlobIo io;
  io.kind = BlobIoKind::flush;
  const uint64_t began = model.flush_begins();
  const Result<> flushed = co_await perform(io, 0);
  if (flushed) model.flush_ends(began);
  co_return flushed;
}

Task<> StoreProgram::read(Blob& blob, uint64_t offset, std::span<std::byte> into) {
  const iovec whole{.iov_base = into.data(), .iov_len = into.size()};
  BlobIo io;
  io.kind = BlobIoKind::read;
  io.blob = &blob;
  io.offset = offset;
  io.length = into.size();
  io.buffers = {&whole, 1};
  co_return co_await perform(io, 0);
}

uint64_t StoreProgram::blocks_of(uint64_t clusters) const {
  return clusters * (scenario_.store.cluster_size / disk_.geometry().block_size);
}

Task<> StoreProgram::perform(BlobIo& io, uint32_t channel) {
  auto open = channels_.find(channel);
  if (open == channels_.end()) {
    Executor& executor = scheduler_.add_executor();
    HF_CO_TRY(std::unique_ptr<Channel> opened, Channel::open(*store_, executor));
    open = channels_.emplace(channel, OpenChannel{&executor, std::move(opened)}).first;
  }
  if (channel == 0) co_return co_await open->second.channel->perform(io);
  Errand errand(*open->second.channel, io, home_);
  open->second.executor->post(errand);
  Arrival<Result<>>& done = errand.done();
  co_return co_await done;
}

Result<BlobHandle> StoreProgram::open_blob(const std::string& name) {
  if (store_ == nullptr) return not_open();
  const auto id = ids_.find(name);
  if (id == ids_.end()) return no_such_blob();
  return store_->open_blob(id->second);
}

Result<BlobHandle> StoreProgram::handle(const std::string& name) {
  const auto known = handles_.find(name);
  if (known != handles_.end()) return known->second;
  HF_TRY(BlobHandle opened, open_blob(name));
  return handles_.emplace(name, std::move(opened)).first->second;
}

}  // namespace holdfast::sim
