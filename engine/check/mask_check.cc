// SPDX-License-Identifier: BSD-3-Clause
#include "check/mask_check.hh"

#include <algorithm>

namespace holdfast {
namespace {

struct MaskKind {
  ObjectKind object = ObjectKind::none;
  const char* noun = "";
  PageRegion region;
  uint64_t bits = 0;
};

MaskKind kind_of(MaskType type, const StoreLayout& layout) {
  switch (type) {
    case MaskType::used_pages:
      return {ObjectKind::page_mask, "metadata page", layout.page_mask, layout.md_len};
    case MaskType::used_clusters:
      return {ObjectKind::cluster_mask, "cluster", layout.cluster_mask, layout.total_clusters};
    case MaskType::used_blob_ids:
      return {ObjectKind::blob_id_mask, "root page", layout.blob_id_mask, layout.md_len};
  }
  return {};
}

}  // namespace

// The blob ids first: a blob of which not even the root is left owns what nobody seems to own.
std::vector<Finding> MaskCheck::run() {
  const std::optional<Bitmap> pages = read_mask(MaskType::used_pages);
  const std::optional<Bitmap> clusters = read_mask(MaskType::used_clusters);
  const std::optional<Bitmap> blob_ids = read_mask(MaskType::used_blob_ids);
  if (blob_ids) check_blob_ids(*blob_ids, pages);
  if (pages) report(MaskType::used_pages, compare(*pages, say_.used_pages));
  if (clusters) report(MaskType::used_clusters, compare(*clusters, say_.used_clusters));
  return std::move(findings_);
}

std::optional<Bitmap> MaskCheck::read_mask(MaskType type) {
  const MaskKind kind = kind_of(type, layout_);
  std::vector<std::byte> bytes(mask_bytes(kind.bits));
  if (!source_.read(layout_.byte_of_region(kind.region), bytes)) {
    add(Severity::error, type, 0,
        "it cannot be read from the disk; SPDK will not load this store: copy its blobs to another");
    return std::nullopt;
  }
  Result<Bitmap> mask = parse_mask(bytes, type, kind.bits);
  if (mask) return std::move(*mask);
  add(Severity::error, type, 0,
      std::string("the store is clean, but ") + mask.error().reason +
          ", so SPDK takes wrong space for free; change something through Holdfast, which writes it anew");
  return std::nullopt;
}

MaskCheck::Differences MaskCheck::compare(const Bitmap& mask, const Bitmap& roots) {
  Differences differences;
  for (uint64_t bit = 0; bit < mask.size(); ++bit) {
    if (mask.test(bit) == roots.test(bit)) continue;
    (roots.test(bit) ? differences.unmarked : differences.unowned).add(bit, 1);
  }
  return differences;
}

// An id that is listed although its page is no root: if that page was never written, the id may have leaked;
// if the page is marked too, or holds something else, then there was a blob.
void MaskCheck::check_blob_ids(const Bitmap& mask, const std::optional<Bitmap>& page_mask) {
  Differences differences = compare(mask, say_.blob_ids);
  Differences leaked{.unmarked = std::move(differences.unmarked), .unowned = {}};
  NumberRanges blank;
  for (uint32_t bit = 0; bit < layout_.md_len; ++bit) {
    if (!mask.test(bit) || say_.blob_ids.test(bit)) continue;
    const Result<MetadataPage> media = reader_.read_page(PageIndex{bit});
    if (!media || !is_blank(*media)) {
      report_lost(PageIndex{bit}, media ? "is destroyed" : "cannot be read");
    } else if (page_mask && page_mask->test(bit)) {
      blank.add(bit, 1);
    } else {
      leaked.unowned.add(bit, 1);
    }
  }
  report(MaskType::used_blob_ids, leaked);
  if (blank.empty()) return;
  lost_blobs_ = true;
  add(Severity::error, MaskType::used_blob_ids, blank.first(),
      "it lists " + blank.named("root page") +
          ", where there are only zeroes; what was there is lost, unless it was never completely created: "
          "take "
          "it from a backup");
}

void MaskCheck::report_lost(PageIndex root, const char* state) {
  lost_blobs_ = true;
  findings_.push_back({.severity = Severity::error,
                       .object = ObjectKind::blob,
                       .number = blob_id_of_root(root).value,
                       .byte = layout_.byte_of_page(root),
                       .text = "the mask of blob ids lists this blob, but its root, metadata page " +
                               std::to_string(root.value) + ", " + state +
                               "; the blob is lost: take it from a backup, and change nothing in this store "
                               "if its data is to be searched for"});
}

void MaskCheck::report(MaskType type, const Differences& differences) {
  const MaskKind kind = kind_of(type, layout_);
  const bool damage = say_.damaged_blobs || lost_blobs_;
  const NumberRanges& unmarked = differences.unmarked;
  if (!unmarked.empty()) {
    add(Severity::error, type, unmarked.first(),
        "the store is clean, but the mask does not mark " + unmarked.named(kind.noun) +
            ", although in use; SPDK gives out again what is not marked: before it loads this store, " +
            (damage ? "copy the whole blobs to a new one"
                    : "change something through Holdfast, which writes the mask anew"));
  }
  const NumberRanges& unowned = differences.unowned;
  if (unowned.empty()) return;
  add(Severity::warning, type, unowned.first(),
      "it marks " + unowned.named(kind.noun) + " as used, which " +
          (damage
               ? "no whole blob owns; this may belong to the damaged blobs: change nothing in this store if "
                 "data is to be searched for"
               : "nobody owns; this space is lost until Holdfast changes something in this store and "
                 "writes the mask anew"));
}

void MaskCheck::add(Severity severity, MaskType type, uint64_t bit, std::string text) {
  const MaskKind kind = kind_of(type, layout_);
  findings_.push_back({.severity = severity,
                       .object = kind.object,
                       .number = bit,
                       .byte = layout_.byte_of_region(kind.region) + kMaskHeaderBytes + bit / 8,
                       .text = std::move(text)});
}

}  // namespace holdfast
