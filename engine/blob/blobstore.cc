// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/blobstore.hh"

#include "blob/store_state.hh"
#include "durability/store.hh"

namespace holdfast {
namespace {

Result<> check_geometry(const DeviceGeometry& device) {
  const bool fits = device.block_size >= 512 && kPageSize % device.block_size == 0;
  if (!fits || device.buffer_alignment > AlignedBuffer::kAlignment) {
    return Error{
        .code = Errc::unsupported,
        .object = ObjectKind::device,
        .number = device.block_size,
        .reason = "blocks of 512 to 4096 bytes and buffers aligned to at most 4096 bytes are needed"};
  }
  return {};
}

// What is rewritten in place changes within one sector where the device promises no more.
Result<> check_sector_atomicity(const DeviceGeometry& device) {
  if (device.atomic_write_size >= kSectorBytes) return {};
  return Error{.code = Errc::unsupported,
               .object = ObjectKind::device,
               .number = device.atomic_write_size,
               .reason =
                   "the device does not promise to write 512 bytes atomically; open the store read-only, "
                   "or state the promise if it is known to hold"};
}

// A damaged superblock is a store too: only an explicit wish replaces it.
Task<> check_vacant(durability::MetadataIo& io) {
  AlignedBuffer page(sizeof(SuperBlock));
  HF_CO_CHECK(co_await io.read(0, page.bytes(), Step::read_super));
  const auto found = parse_super_block(page.bytes(), io.device().byte_count(), io.device().block_size);
  if (!found && found.error().code == Errc::not_a_store) co_return {};
  co_return Error{.code = Errc::already_exists,
                  .object = ObjectKind::super_block,
                  .byte = 0,
                  .reason = "a store begins on this device; ask to replace it if its content may be lost"};
}

}  // namespace

Blobstore::Blobstore(std::unique_ptr<StoreState> state) noexcept : state_(std::move(state)) {}
Blobstore::~Blobstore() = default;

Task<> Blobstore::format(BlockDevice& device, Executor& home, FormatOptions options) {
  HF_CO_CHECK(check_geometry(device.geometry()));
  HF_CO_CHECK(check_sector_atomicity(device.geometry()));
  HF_CO_TRY(CheckedSuper super, plan_store(options, device.geometry()));
  HF_CO_TRY(std::unique_ptr<BlockChannel> channel, device.open_channel(home));
  durability::WriteStop write_stop;
  durability::MetadataIo io(*channel, write_stop, home);
  if (!options.replace_existing) HF_CO_CHECK(co_await check_vacant(io));
  io.adopt(super.layout);
  co_return co_await durability::format_store(io, super);
}

Task<std::unique_ptr<Blobstore>> Blobstore::open(BlockDevice& device, Executor& home, OpenOptions options) {
  HF_CO_CHECK(check_geometry(device.geometry()));
  if (!options.read_only) HF_CO_CHECK(check_sector_atomicity(device.geometry()));
  HF_CO_TRY(std::unique_ptr<BlockChannel> channel, device.open_channel(home));
  auto state = std::make_unique<StoreState>(device, home, std::move(channel));
  HF_CO_CHECK(co_await state->open(options));
  co_return std::unique_ptr<Blobstore>(new Blobstore(std::move(state)));
}

Task<> Blobstore::close() { return state_->close(); }
Task<> Blobstore::destroy() { return state_->destroy(); }
Task<> Blobstore::set_super_blob(BlobId id) { return state_->set_super_blob(id); }
Task<> Blobstore::clear_super_blob() { return state_->clear_super_blob(); }
Task<> Blobstore::set_type(StoreType type) { return state_->set_type(type); }
Task<BlobId> Blobstore::create_blob(BlobOptions options) { return state_->create_blob(options); }
Task<> Blobstore::delete_blob(BlobId id) { return state_->delete_blob(id); }
Result<BlobHandle> Blobstore::open_blob(BlobId id) { return state_->open_blob(id); }
Blobstore::Info Blobstore::info() const { return state_->info(); }
std::vector<BlobId> Blobstore::blob_ids() const { return state_->blob_ids(); }
std::span<const Blobstore::Damage> Blobstore::damaged_blobs() const { return state_->damaged_blobs(); }

}  // namespace holdfast
