// SPDX-License-Identifier: BSD-3-Clause
#include "durability/recovery.hh"

#include <algorithm>

#include "format/mask.hh"

namespace holdfast::durability {
namespace {

// Large reads: a metadata region of hundreds of megabytes is bound by the device, not by the number of
// requests.
constexpr uint64_t kReadBytes = 1 << 20;

// Of more pages than this it is the device that fails.
constexpr uint32_t kUnreadablePagesMax = 64;

// What the masks of a clean store say.
struct StoredMasks {
  Bitmap pages;
  Bitmap clusters;
  Bitmap blob_ids;
};

Task<Bitmap> read_mask(MetadataIo& io, const StoreLayout& layout, const PageRegion& region, MaskType type,
                       uint64_t bits) {
  AlignedBuffer bytes(
      std::min(layout.bytes_of_region(region),
               (mask_bytes(bits) + layout.md_page_size - 1) / layout.md_page_size * layout.md_page_size));
  HF_CO_CHECK(co_await io.read(layout.byte_of_region(region), bytes.bytes(), Step::read_mask));
  co_return parse_mask(bytes.bytes(), type, bits);
}

Task<StoredMasks> read_masks(MetadataIo& io, const StoreLayout& layout) {
  HF_CO_TRY(Bitmap pages,
            co_await read_mask(io, layout, layout.page_mask, MaskType::used_pages, layout.md_len));
  HF_CO_TRY(Bitmap clusters, co_await read_mask(io, layout, layout.cluster_mask, MaskType::used_clusters,
                                                layout.total_clusters));
  HF_CO_TRY(Bitmap blob_ids,
            co_await read_mask(io, layout, layout.blob_id_mask, MaskType::used_blob_ids, layout.md_len));
  co_return StoredMasks{std::move(pages), std::move(clusters), std::move(blob_ids)};
}

// After a failed read of all of them: most can be read, and one that cannot harms no blob but its own.
Task<> replay_one_by_one(MetadataIo& io, const StoreLayout& layout, PageRun run, MetadataReplay& replay,
                         uint32_t& unreadable) {
  AlignedBuffer page(layout.md_page_size);
  for (uint32_t i = 0; i < run.count; ++i) {
    const PageIndex index{run.first.value + i};
    const Result<> read = co_await io.read(layout.byte_of_page(index), page.bytes(), Step::read_metadata);
    if (read) {
      replay.add_page(index, page.bytes());
      continue;
    }
    if (read.error().code != Errc::device_failed || ++unreadable > kUnreadablePagesMax) {
      co_return read.error();
    }
    replay.add_unreadable_page(index);
  }
  co_return {};
}

Task<ReplayedStore> replay_pages(MetadataIo& io, const StoreLayout& layout, const Bitmap& wanted) {
  MetadataReplay replay(layout);
  const auto at_most = static_cast<uint32_t>(std::max<uint64_t>(1, kReadBytes / layout.md_page_size));
  AlignedBuffer buffer(uint64_t{std::min(at_most, layout.md_len)} * layout.md_page_size);
  uint32_t unreadable = 0;
  PageRun run = next_run(wanted, PageIndex{0}, at_most);
  while (run.count > 0) {
    const std::span<std::byte> bytes = buffer.bytes().first(uint64_t{run.count} * layout.md_page_size);
    const Result<> read = co_await io.read(layout.byte_of_page(run.first), bytes, Step::read_metadata);
    if (!read) HF_CO_CHECK(co_await replay_one_by_one(io, layout, run, replay, unreadable));
    for (uint32_t i = 0; read && i < run.count; ++i) {
      replay.add_page(PageIndex{run.first.value + i},
                      bytes.subspan(uint64_t{i} * layout.md_page_size, layout.md_page_size));
    }
    run = next_run(wanted, PageIndex{run.first.value + run.count}, at_most);
  }
  co_return replay.finish();
}

Task<ReplayedStore> replay_everything(MetadataIo& io, const StoreLayout& layout) {
  Bitmap everything(layout.md_len);
  everything.set_all();
  co_return co_await replay_pages(io, layout, everything);
}

// What the masks say is believed where the blobs that they lead to agree: everything that a blob owns is
// marked, and the blobs are those that are listed.
bool agree(const StoredMasks& masks, const ReplayedStore& found, const StoreLayout& layout) {
  Bitmap ids(layout.md_len);
  for (const BlobRecord& blob : found.blobs) ids.set(root_of_blob_id(blob.id).value);
  return found.damaged.empty() && found.redos.empty() && ids == masks.blob_ids &&
         masks.pages.contains(found.used_pages) && masks.clusters.contains(found.clusters_in_mask(layout));
}

}  // namespace

Task<RecoveredStore> read_store(MetadataIo& io, bool trust_clean_mark) {
  HF_CO_TRY(Durable<Barrier::R1> settled, co_await io.settle());  // [R1]
  AlignedBuffer super_page(sizeof(SuperBlock));
  HF_CO_CHECK(co_await io.read(0, super_page.bytes(), Step::read_super));
  HF_CO_TRY(CheckedSuper super,
            parse_super_block(super_page.bytes(), io.device().byte_count(), io.device().block_size));
  io.adopt(super.layout);
  const StoreLayout& layout = super.layout;
  if (trust_clean_mark && super.clean && layout.blob_id_mask.length != 0) {
    const Result<StoredMasks> masks = co_await read_masks(io, layout);
    if (masks) {
      HF_CO_TRY(ReplayedStore found, co_await replay_pages(io, layout, masks->pages));
      if (agree(*masks, found, layout)) {
        co_return RecoveredStore{.super = std::move(super),
                                 .replayed = std::move(found),
                                 .used_pages = masks->pages,
                                 .used_clusters = masks->clusters,
                                 .by_masks = true,
                                 .settled = std::move(settled)};
      }
    }
  }
  HF_CO_TRY(ReplayedStore replayed, co_await replay_everything(io, layout));
  Bitmap used_pages = replayed.used_pages;
  Bitmap used_clusters = replayed.clusters_in_mask(layout);
  co_return RecoveredStore{.super = std::move(super),
                           .replayed = std::move(replayed),
                           .used_pages = std::move(used_pages),
                           .used_clusters = std::move(used_clusters),
                           .by_masks = false,
                           .settled = std::move(settled)};
}

}  // namespace holdfast::durability
