// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <rapidcheck.h>

#include <vector>

#include "engine/format/metadata_region.hh"

namespace holdfast {

// Some blobs that share a store, each with pages and clusters of its own.
struct Store {
  StoreLayout layout;
  std::vector<BlobRecord> records;  // in ascending order of id

  MetadataRegion region() const {
    MetadataRegion region(layout);
    for (const BlobRecord& record : records) region.put(record);
    return region;
  }

  Bitmap used_pages() const {
    Bitmap used(layout.md_len);
    for (const BlobRecord& record : records) {
      for (const PageIndex page : record.chain) used.set(page.value);
      for (const PageIndex page : record.extent_pages) {
        if (page.value != 0) used.set(page.value);
      }
    }
    return used;
  }

  Bitmap used_clusters() const {
    Bitmap used(layout.total_clusters);
    for (const BlobRecord& record : records) {
      for (const ClusterIndex cluster : record.clusters) {
        if (cluster.value != 0) used.set(cluster.value);
      }
    }
    return used;
  }
};

// Draws the blobs of a store one after the other.
class StoreMaker {
 public:
  static constexpr uint32_t kPages = 601;  // a prime: every step walks over all pages
  static constexpr uint32_t kClusters = 1 << 18;

  StoreMaker() : page_step_(*rc::gen::inRange<uint32_t>(1, kPages)) {
    store_.layout = layout_of(kClusters, kPages);
    next_cluster_ = store_.layout.first_data_cluster.value;
  }

  void add_blob() {
    BlobRecord record;
    record.id = id_of(*rc::gen::arbitrary<bool>() && store_.records.empty() ? 0 : take_page().value);
    record.flags.invalid = *rc::gen::element<uint64_t>(0, BlobFlags::kThin, BlobFlags::kExtentTable,
                                                       BlobFlags::kThin | BlobFlags::kExtentTable);
    if (*rc::gen::inRange(0, 4) == 0) record.flags.invalid |= BlobFlags::kExternalSnapshot;
    record.flags.data_ro = *rc::gen::arbitrary<uint64_t>();
    record.flags.md_ro = *rc::gen::arbitrary<uint64_t>();
    record.xattrs = draw_xattrs();
    record.internal_xattrs = draw_xattrs();
    if (!record.internal_xattrs.empty()) record.flags.invalid |= BlobFlags::kInternalXattr;
    draw_clusters(record);
    if (record.has_extent_table()) draw_extent_pages(record);
    record.chain.push_back(root_of_blob_id(record.id));
    const std::size_t length = encode_blob(record).size();
    while (record.chain.size() < length) record.chain.push_back(take_page());
    store_.records.push_back(std::move(record));
  }

  Store take() {
    std::ranges::sort(store_.records, {}, &BlobRecord::id);
    return std::move(store_);
  }

 private:
  // Never page 0: in an extent table it means "none".
  PageIndex take_page() {
    ++taken_;
    return PageIndex{static_cast<uint32_t>(uint64_t{taken_} * page_step_ % kPages)};
  }

  static std::vector<Xattr> draw_xattrs() {
    std::vector<Xattr> xattrs(*rc::gen::inRange<std::size_t>(0, 5));
    for (std::size_t i = 0; i < xattrs.size(); ++i) {
      xattrs[i].name = "x" + std::to_string(i);
      xattrs[i].name.resize(*rc::gen::element<std::size_t>(2, 3, 40, 300), '\xC3');
      const std::size_t largest = kLargestXattr - xattrs[i].name.size();
      const std::size_t size = *rc::gen::element<std::size_t>(0, 1, 8, 36, 1000, largest - 1, largest);
      xattrs[i].value.assign(size, std::byte{*rc::gen::arbitrary<uint8_t>()});
    }
    return xattrs;
  }

  // Stretches of holes, of neighbouring clusters, and of clusters that stand alone: a run for each of those.
  void draw_clusters(BlobRecord& record) {
    const int stretches = *rc::gen::inRange(0, 6);
    for (int i = 0; i < stretches; ++i) {
      const auto length = *rc::gen::inRange<std::size_t>(1, 1300);
      const auto kind = *rc::gen::inRange(record.thin() ? 0 : 1, 3);
      for (std::size_t n = 0; n < length; ++n) {
        record.clusters.push_back(ClusterIndex{kind == 0 ? 0 : next_cluster_});
        next_cluster_ += static_cast<uint32_t>(kind);
      }
    }
  }

  // A thin blob needs no page for 512 holes, but may have one.
  void draw_extent_pages(BlobRecord& record) {
    for (std::size_t first = 0; first < record.clusters.size(); first += kClustersPerExtentPage) {
      const auto part =
          std::span(record.clusters)
              .subspan(first)
              .first(std::min<std::size_t>(kClustersPerExtentPage, record.clusters.size() - first));
      const bool holes = std::ranges::all_of(part, [](ClusterIndex cluster) { return cluster.value == 0; });
      record.extent_pages.push_back(holes && *rc::gen::inRange(0, 4) != 0 ? PageIndex{0} : take_page());
    }
  }

  Store store_;
  uint32_t page_step_;
  uint32_t taken_ = 0;
  uint32_t next_cluster_ = 0;
};

inline rc::Gen<Store> stores(int largest = 5) {
  return rc::gen::exec([largest] {
    StoreMaker maker;
    const int blobs = *rc::gen::inRange(1, largest + 1);
    for (int i = 0; i < blobs; ++i) maker.add_blob();
    return maker.take();
  });
}

}  // namespace holdfast
