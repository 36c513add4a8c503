// SPDX-License-Identifier: BSD-3-Clause
#include "check/store_image.hh"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/blob_error.hh"

namespace holdfast {
namespace {

constexpr uint32_t kSmallestBlock = 512;  // an image does not say what device it lay on
constexpr uint64_t kReadBytes = 1 << 20;
constexpr int kDeepestParent = 64;

Result<ReplayedStore> replay(ByteSource& source, const StoreLayout& layout) {
  MetadataReplay replay(layout);
  const uint32_t at_once = static_cast<uint32_t>(std::max<uint64_t>(1, kReadBytes / layout.md_page_size));
  std::vector<std::byte> buffer(uint64_t{at_once} * layout.md_page_size);
  for (uint32_t first = 0; first < layout.md_len; first += at_once) {
    const uint32_t count = std::min(at_once, layout.md_len - first);
    const auto bytes = std::span(buffer).first(uint64_t{count} * layout.md_page_size);
    HF_CHECK(source.read(layout.byte_of_page(PageIndex{first}), bytes));
    for (uint32_t i = 0; i < count; ++i) {
      replay.add_page(PageIndex{first + i},
                      bytes.subspan(uint64_t{i} * layout.md_page_size, layout.md_page_size));
    }
  }
  return replay.finish();
}

}  // namespace

Result<StoreImage> StoreImage::read(ByteSource& source) {
  std::vector<std::byte> page(sizeof(SuperBlock));
  if (source.size() < page.size()) {
    return Error{.code = Errc::not_a_store,
                 .object = ObjectKind::super_block,
                 .byte = 0,
                 .reason = "the image is smaller than a superblock"};
  }
  HF_CHECK(source.read(0, page));
  StoreImage image(source);
  HF_TRY(image.super_, parse_super_block(page, source.size(), kSmallestBlock));
  HF_TRY(image.replayed_, replay(source, image.layout()));
  return image;
}

const BlobRecord* StoreImage::find(BlobId id) const noexcept {
  const auto found = std::lower_bound(replayed_.blobs.begin(), replayed_.blobs.end(), id,
                                      [](const BlobRecord& blob, BlobId wanted) { return blob.id < wanted; });
  return found != replayed_.blobs.end() && found->id == id ? &*found : nullptr;
}

uint64_t StoreImage::free_clusters() const noexcept {
  return layout().total_clusters - layout().first_data_cluster.value - replayed_.used_clusters.set_count();
}

// A smaller parent ends early, and what lies behind its end is zeroes.
Result<std::optional<ClusterIndex>> StoreImage::locate(const BlobRecord& blob, uint64_t cluster) const {
  const BlobRecord* owner = &blob;
  for (int depth = 0; depth < kDeepestParent; ++depth) {
    if (cluster >= owner->clusters.size()) return std::optional<ClusterIndex>();
    if (owner->clusters[cluster].value != 0) return std::optional(owner->clusters[cluster]);
    if ((owner->flags.invalid & BlobFlags::kExternalSnapshot) != 0) {
      return blob_error(Errc::unsupported, blob.id,
                        "it is a clone of an external snapshot, whose content is not on this disk");
    }
    const std::optional<BlobId> parent = owner->parent();
    if (!parent) return std::optional<ClusterIndex>();
    owner = find(*parent);
    if (owner == nullptr)
      return blob_error(Errc::corrupt, blob.id, "the snapshot that it is a clone of is not there");
  }
  return blob_error(Errc::corrupt, blob.id, "it has more than 64 snapshots above it, or they form a circle");
}

Result<> StoreImage::read_content(const BlobRecord& blob, uint64_t offset, std::span<std::byte> into) const {
  const uint64_t cluster = offset / layout().cluster_size;
  HF_TRY(const std::optional<ClusterIndex> place, locate(blob, cluster));
  if (!place) {
    std::memset(into.data(), 0, into.size());
    return {};
  }
  return source_->read(layout().byte_of_cluster(*place) + offset % layout().cluster_size, into);
}

Result<Bitmap> StoreImage::read_mask(MaskType type) const {
  const PageRegion& region = type == MaskType::used_pages      ? layout().page_mask
                             : type == MaskType::used_clusters ? layout().cluster_mask
                                                               : layout().blob_id_mask;
  const uint64_t bits = type == MaskType::used_clusters ? layout().total_clusters : layout().md_len;
  std::vector<std::byte> bytes(std::min(layout().bytes_of_region(region), mask_bytes(bits)));
  if (!bytes.empty()) HF_CHECK(source_->read(layout().byte_of_region(region), bytes));
  return parse_mask(bytes, type, bits);
}

Result<MetadataPage> StoreImage::read_page(PageIndex page) const {
  MetadataPage media;
  HF_CHECK(source_->read(layout().byte_of_page(page), std::as_writable_bytes(std::span(&media, 1))));
  return media;
}

}  // namespace holdfast
