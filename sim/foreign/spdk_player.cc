// SPDX-License-Identifier: BSD-3-Clause
#include "foreign/spdk_player.hh"

namespace holdfast::sim {
namespace {

constexpr std::string_view kName = "name";

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Error no_such_blob() {
  return {.code = Errc::not_found, .object = ObjectKind::blob, .reason = "SPDK finds no blob of this name"};
}

}  // namespace

// Of a device that makes every page durable and whole by itself, nothing is ever open but what is in flight.
Task<> SpdkPlayer::play(const SpdkSession& session) {
  model_.foreign_begins(!geometry_.volatile_cache && geometry_.atomic_write_size >= kPageSize);
  const Result<> played = co_await play_to_its_end(session);
  model_.foreign_ends(played && session.unload);
  co_return played;
}

Task<> SpdkPlayer::play_to_its_end(const SpdkSession& session) {
  HF_CO_CHECK(co_await writer_.load());
  touch_what_was_in_flight();
  for (const SpdkAction& action : session.actions) {
    Task<> running = std::visit([this](const auto& verb) { return run(verb); }, action);
    HF_CO_CHECK(co_await std::move(running));
    model_.foreign_operation_ends();
  }
  if (session.unload) HF_CO_CHECK(co_await writer_.unload());
  co_return {};
}

Task<> SpdkPlayer::run(const BlobCreate& action) {
  const auto id = writer_.next_id();
  if (!id || model_.exists(action.name)) {
    co_return Error{.code = id ? Errc::already_exists : Errc::no_space,
                    .object = ObjectKind::blob,
                    .reason = "SPDK has no place for this blob, or there is one of its name"};
  }
  BlobState state{.clusters = action.clusters,
                  .read_only = false,
                  .xattrs = {action.xattrs.begin(), action.xattrs.end()}};
  state.xattrs[std::string(kName)] = bytes_of(action.name);
  SpdkBlob wanted{.clusters = action.clusters,
                  .thin = action.thin,
                  .table = action.extents != ExtentFormat::runs,
                  .xattrs = {}};
  for (const auto& [name, value] : state.xattrs) wanted.xattrs.push_back({name, value});
  const uint64_t change = model_.create_begins(action.name, state, blocks_of(action.clusters));
  model_.foreign_touches(action.name, id->value);
  const Result<BlobId> created = co_await writer_.create(wanted);
  model_.change_ends(action.name, change, ending_of(created));
  if (!created) co_return created.error();
  co_return {};
}

Task<> SpdkPlayer::run(const BlobSetXattr& action) {
  HF_CO_TRY(const BlobId id, touch(action.blob));
  BlobState next = *model_.blobs().at(action.blob).state.newest();
  next.xattrs[action.xattr.first] = action.xattr.second;
  const uint64_t change = model_.commit_begins(action.blob, next);
  const Xattr xattr{.name = action.xattr.first, .value = action.xattr.second};
  const Result<> set = co_await writer_.set_xattr(id, xattr);
  model_.change_ends(action.blob, change, ending_of(set));
  co_return set;
}

Task<> SpdkPlayer::run(const BlobResize& action) {
  HF_CO_TRY(const BlobId id, touch(action.blob));
  const uint64_t change = model_.resize_begins(action.blob, action.clusters);
  const Result<> resized = co_await writer_.resize(id, action.clusters);
  model_.resize_ends(action.blob, change, ending_of(resized), blocks_of(action.clusters));
  co_return resized;
}

// SPDK leaves the superblock's word for the super blob as it is: it names nothing from then on.
Task<> SpdkPlayer::run(const BlobDelete& action) {
  HF_CO_TRY(const BlobId id, touch(action.blob));
  const bool is_super = model_.super_blob().newest() == action.blob;
  const uint64_t unnamed = is_super ? model_.super_blob_begins("") : 0;
  const uint64_t change = model_.delete_begins(action.blob);
  const Result<> deleted = co_await writer_.remove(id);
  model_.change_ends(action.blob, change, ending_of(deleted));
  if (is_super) model_.super_blob_ends(unnamed, ending_of(deleted));
  co_return deleted;
}

Task<> SpdkPlayer::run(const DataIo& action) {
  HF_CO_TRY(const BlobId id, touch(action.blob));
  const uint32_t block_size = geometry_.block_size;
  const uint64_t first = action.offset / block_size;
  const uint64_t count = action.length / block_size;
  const Model::Write write = model_.write_begins(action.blob, first, count, false);
  AlignedBuffer buffer(action.length);
  for (uint64_t i = 0; i < count; ++i)
    fill_block(buffer.bytes().subspan(i * block_size, block_size), write.tag, first + i);
  const Result<> written = co_await writer_.write(id, action.offset, buffer.bytes());
  if (written) model_.write_ends(action.blob, write, first, count, false);
  co_return written;
}

// The engine died in a change, and what it had written last may still be lost. SPDK reads it without making
// it durable, and gives away what only the former state owns.
void SpdkPlayer::touch_what_was_in_flight() {
  std::vector<std::string> names;
  for (const auto& [name, blob] : model_.blobs()) {
    if (blob.state.count() > 1) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (const auto id = writer_.find(name)) model_.foreign_touches(name, id->value);
  }
  model_.foreign_operation_ends();
}

Result<BlobId> SpdkPlayer::touch(const std::string& name) {
  const auto id = writer_.find(name);
  if (!id || !model_.exists(name)) return no_such_blob();
  model_.foreign_touches(name, id->value);
  return *id;
}

}  // namespace holdfast::sim
