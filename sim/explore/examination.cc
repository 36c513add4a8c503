// SPDX-License-Identifier: BSD-3-Clause
#include "explore/examination.hh"

namespace holdfast::sim {
namespace {

// Block by block where not all can be read at once: what is unreadable must not hide the rest.
Task<std::vector<Tag>> read_blocks(StoreProgram& program, const Rig& rig, Blob& blob) {
  const uint32_t block_size = rig.geometry.block_size;
  AlignedBuffer content(blob.size());
  Result<> read;
  if (blob.size() > 0) read = co_await program.read(blob, 0, content.bytes());
  std::vector<Tag> tags;
  for (uint64_t block = 0; block * block_size < blob.size(); ++block) {
    const std::span<std::byte> bytes = content.bytes().subspan(block * block_size, block_size);
    Result<> again;
    if (!read) again = co_await program.read(blob, block * block_size, bytes);
    tags.push_back(again ? tag_of_block(bytes, block) : kUnreadable);
  }
  co_return tags;
}

Task<> read_blob(StoreProgram& program, const Rig& rig, BlobId id, Found& found) {
  HF_CO_TRY(BlobHandle blob, program.blobstore()->open_blob(id));
  FoundBlob result{.id = id,
                   .state = {.clusters = blob->clusters(), .read_only = blob->read_only(), .xattrs = {}},
                   .blocks = {}};
  for (const std::string_view name : blob->xattr_names()) {
    HF_CO_TRY(std::span<const std::byte> value, blob->xattr(name));
    result.state.xattrs[std::string(name)] = {value.begin(), value.end()};
  }
  const auto xattr = result.state.xattrs.find(std::string(kNameXattr));
  if (xattr == result.state.xattrs.end()) {
    found.strangers.push_back(id);
    co_return {};
  }
  const std::string name(reinterpret_cast<const char*>(xattr->second.data()), xattr->second.size());
  // What a volume's blob holds is the volume's to judge.
  const bool holds_volume = rig.scenario.volume && rig.scenario.volume->blob == name;
  if (!holds_volume) {
    HF_CO_TRY(result.blocks, co_await read_blocks(program, rig, *blob));
  }
  found.blobs[name] = std::move(result);
  co_return {};
}

}  // namespace

Task<> read_everything(StoreProgram& program, const Rig& rig, Found& found) {
  const std::span<const Blobstore::Damage> damaged = program.blobstore()->damaged_blobs();
  found.damaged.assign(damaged.begin(), damaged.end());
  for (const BlobId id : program.blobstore()->blob_ids())
    HF_CO_CHECK(co_await read_blob(program, rig, id, found));
  const std::optional<BlobId> super_blob = program.blobstore()->info().super_blob;
  for (const auto& [name, blob] : found.blobs) {
    if (blob.id == super_blob) found.super_blob = name;
  }
  co_return {};
}

}  // namespace holdfast::sim
