// SPDX-License-Identifier: BSD-3-Clause
#include "explore/examination.hh"

#include <algorithm>
#include <cstring>

#include "format/mask.hh"

namespace holdfast::sim {
namespace {

using simdisk::kMediaPage;

MetadataPage page_at(const simdisk::Media& media, uint64_t byte) {
  MetadataPage page;
  media.read(byte, std::as_writable_bytes(std::span(&page, 1)));
  return page;
}

RootOnMedia follow_root(const simdisk::Media& media, const StoreLayout& layout, PageIndex index,
                        const MetadataPage& root) {
  RootOnMedia found{.id = BlobId{root.blob_id},
                    .page = layout.byte_of_page(index) / kMediaPage,
                    .written_at = 0,
                    .chain = {}};
  const uint64_t byte = found.page * kMediaPage;
  found.written_at = std::max(media.written_at_byte(byte), media.written_at_byte(byte + kMediaPage - 1));
  uint32_t next = root.crc == page_checksum(root) ? uint32_t{root.next} : kNoPage;
  while (next < layout.md_len && found.chain.size() < layout.md_len) {
    const uint64_t byte_of_next = layout.byte_of_page(PageIndex{next});
    found.chain.push_back(byte_of_next / kMediaPage);
    const MetadataPage page = page_at(media, byte_of_next);
    const bool belongs = page.blob_id == root.blob_id && page.crc == page_checksum(page);
    next = belongs ? uint32_t{page.next} : kNoPage;
  }
  return found;
}

Bitmap mask_on_media(const simdisk::Media& media, const StoreLayout& layout, const PageRegion& region,
                     MaskType type, uint64_t bits) {
  std::vector<std::byte> bytes(layout.bytes_of_region(region));
  media.read(layout.byte_of_region(region), bytes);
  return parse_mask(bytes, type, bits).value_or(Bitmap());
}

// A store whose masks are not readable, or say something else than its roots.
bool masks_agree(const simdisk::Media& media, const StoreLayout& layout, const ReplayedStore& replayed) {
  const Bitmap pages = mask_on_media(media, layout, layout.page_mask, MaskType::used_pages, layout.md_len);
  const Bitmap clusters =
      mask_on_media(media, layout, layout.cluster_mask, MaskType::used_clusters, layout.total_clusters);
  const Bitmap ids =
      mask_on_media(media, layout, layout.blob_id_mask, MaskType::used_blob_ids, layout.md_len);
  Bitmap blobs(layout.md_len);
  for (const BlobRecord& blob : replayed.blobs) blobs.set(root_of_blob_id(blob.id).value);
  return pages == replayed.used_pages && clusters == replayed.clusters_in_mask(layout) && ids == blobs;
}

class MediaSource final : public ByteSource {
 public:
  explicit MediaSource(const simdisk::Media& media) noexcept : media_(media) {}
  uint64_t size() const noexcept override { return media_.size(); }
  Result<> read(uint64_t byte, std::span<std::byte> into) override {
    media_.read(byte, into);
    return {};
  }

 private:
  const simdisk::Media& media_;
};

// Block by block where not all can be read at once: what is unreadable must not hide the rest.
Task<std::vector<Tag>> read_blocks(Session& session, const Rig& rig, Blob& blob) {
  const uint32_t block_size = rig.geometry.block_size;
  AlignedBuffer content(blob.size());
  Result<> read;
  if (blob.size() > 0) read = co_await session.read(blob, 0, content.bytes());
  std::vector<Tag> tags;
  for (uint64_t block = 0; block * block_size < blob.size(); ++block) {
    const std::span<std::byte> bytes = content.bytes().subspan(block * block_size, block_size);
    Result<> again;
    if (!read) again = co_await session.read(blob, block * block_size, bytes);
    tags.push_back(again ? tag_of_block(bytes, block) : kUnreadable);
  }
  co_return tags;
}

Task<> read_blob(Session& session, const Rig& rig, BlobId id, Found& found) {
  HF_CO_TRY(BlobHandle blob, session.store()->open_blob(id));
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
    HF_CO_TRY(result.blocks, co_await read_blocks(session, rig, *blob));
  }
  found.blobs[name] = std::move(result);
  co_return {};
}

}  // namespace

std::optional<std::string> name_of(const BlobRecord& blob) {
  const auto name = std::ranges::find(blob.xattrs, kNameXattr, &Xattr::name);
  if (name == blob.xattrs.end()) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(name->value.data()), name->value.size());
}

RawStore read_raw_store(const simdisk::Media& media, uint32_t block_size) {
  RawStore raw;
  std::vector<std::byte> super_page(sizeof(SuperBlock));
  media.read(0, super_page);
  raw.super = parse_super_block(super_page, media.size(), block_size);
  if (!raw.super) return raw;
  const StoreLayout& layout = raw.super->layout;
  MetadataReplay replay(layout);
  for (uint32_t i = 0; i < layout.md_len; ++i) {
    const uint64_t byte = layout.byte_of_page(PageIndex{i});
    if (media.page_hash(byte / kMediaPage) == simdisk::Hash128{}) continue;
    const MetadataPage page = page_at(media, byte);
    replay.add_page(PageIndex{i}, std::as_bytes(std::span(&page, 1)));
    if (page.blob_id == blob_id_of_root(PageIndex{i}).value && page.sequence == 0) {
      raw.roots.push_back(follow_root(media, layout, PageIndex{i}, page));
    }
  }
  raw.replayed = replay.finish();
  MediaSource source(media);
  raw.check = check_store(source).value_or(CheckReport());
  raw.masks_agree = !raw.super->clean || masks_agree(media, layout, raw.replayed);
  return raw;
}

Task<> read_everything(Session& session, const Rig& rig, Found& found) {
  const std::span<const Blobstore::Damage> damaged = session.store()->damaged_blobs();
  found.damaged.assign(damaged.begin(), damaged.end());
  for (const BlobId id : session.store()->blob_ids())
    HF_CO_CHECK(co_await read_blob(session, rig, id, found));
  const std::optional<BlobId> super_blob = session.store()->info().super_blob;
  for (const auto& [name, blob] : found.blobs) {
    if (blob.id == super_blob) found.super_blob = name;
  }
  co_return {};
}

}  // namespace holdfast::sim
