// SPDX-License-Identifier: BSD-3-Clause
#include "explore/raw_store.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "format/mask.hh"

namespace holdfast::sim {
namespace {

using simdisk::kMediaPage;

constexpr std::size_t kRememberedMost = 4096;

MetadataPage page_at(const simdisk::Media& media, uint64_t byte) {
  MetadataPage page;
  media.read(byte, std::as_writable_bytes(std::span(&page, 1)));
  return page;
}

RootOnMedia follow_root(const simdisk::Media& media, const StoreLayout& layout, PageIndex index,
                        const MetadataPage& root) {
  RootOnMedia found{.id = BlobId{root.blob_id}, .page = layout.byte_of_page(index) / kMediaPage, .chain = {}};
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

// Of all pages that reading a store looks at: the masks are read of a clean one only.
simdisk::Hash128 hash_of_metadata(const simdisk::Media& media, const CheckedSuper& super) {
  const StoreLayout& layout = super.layout;
  std::vector<simdisk::Hash128> pages = {media.page_hash(0)};
  const uint64_t begin = super.clean ? kMediaPage : layout.byte_of_page(PageIndex{0});
  const uint64_t end = layout.byte_of_page(PageIndex{layout.md_len});
  for (uint64_t byte = begin; byte < end; byte += kMediaPage)
    pages.push_back(media.page_hash(byte / kMediaPage));
  return simdisk::hash_bytes(std::as_bytes(std::span(pages)));
}

Result<CheckedSuper> read_super(const simdisk::Media& media, uint32_t block_size) {
  std::array<std::byte, sizeof(SuperBlock)> page;
  media.read(0, page);
  return parse_super_block(page, media.size(), block_size);
}

void read_metadata(const simdisk::Media& media, RawStore& raw) {
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
}

}  // namespace

std::optional<std::string> name_of(const BlobRecord& blob) {
  const auto name = std::ranges::find(blob.xattrs, kNameXattr, &Xattr::name);
  if (name == blob.xattrs.end()) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(name->value.data()), name->value.size());
}

simdisk::EventNumber RootOnMedia::written_at(const simdisk::Media& media) const {
  const uint64_t byte = page * kMediaPage;
  return std::max(media.written_at_byte(byte), media.written_at_byte(byte + kMediaPage - 1));
}

RawStore read_raw_store(const simdisk::Media& media, uint32_t block_size) {
  RawStore raw;
  raw.super = read_super(media, block_size);
  if (raw.super) read_metadata(media, raw);
  return raw;
}

std::shared_ptr<const RawStore> RawStores::read(const simdisk::Media& media, uint32_t block_size) {
  RawStore raw;
  raw.super = read_super(media, block_size);
  if (!raw.super) return std::make_shared<const RawStore>(std::move(raw));
  const simdisk::Hash128 key = hash_of_metadata(media, *raw.super);
  if (const auto known = stores_.find(key); known != stores_.end()) return known->second;
  read_metadata(media, raw);
  if (stores_.size() == kRememberedMost) stores_.clear();
  return stores_[key] = std::make_shared<const RawStore>(std::move(raw));
}

}  // namespace holdfast::sim
