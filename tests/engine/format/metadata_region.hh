// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "format/replay.hh"

namespace holdfast {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// A number as it lies on media, to stand between other bytes.
template <class Number>
std::string le(Number number) {
  const Little<Number> bytes = number;
  std::string text(sizeof(bytes), '\0');
  std::memcpy(text.data(), &bytes, sizeof(bytes));
  return text;
}

inline std::string numbers(std::initializer_list<uint32_t> list) {
  std::string text;
  for (const uint32_t number : list) text += le(number);
  return text;
}

// A descriptor whose length tells the truth.
inline std::string descriptor(DescriptorType type, std::string_view payload) {
  return static_cast<char>(type) + le(static_cast<uint32_t>(payload.size())) + std::string(payload);
}

inline std::string flags(uint64_t invalid, uint64_t data_ro = 0, uint64_t md_ro = 0) {
  return descriptor(DescriptorType::flags, le(invalid) + le(data_ro) + le(md_ro));
}

inline std::string xattr(DescriptorType type, std::string_view name, std::string_view value) {
  const std::string lengths =
      le(static_cast<uint16_t>(name.size())) + le(static_cast<uint16_t>(value.size()));
  return descriptor(type, lengths + std::string(name) + std::string(value));
}

inline BlobId id_of(uint32_t root) { return blob_id_of_root(PageIndex{root}); }

// A page made by hand, sealed.
inline MetadataPage page_of(uint32_t root, uint32_t sequence, std::string_view descriptors,
                            uint32_t next = kNoPage) {
  MetadataPage page;
  page.blob_id = id_of(root).value;
  page.sequence = sequence;
  std::memcpy(page.descriptors.data(), descriptors.data(), std::min(descriptors.size(), kDescriptorBytes));
  page.next = next;
  page.crc = page_checksum(page);
  return page;
}

inline std::span<const std::byte> raw(const MetadataPage& page) { return std::as_bytes(std::span(&page, 1)); }

// The layout of a store of `clusters` clusters of 1 MiB with `pages` md pages, as far as replaying looks.
inline StoreLayout layout_of(uint32_t clusters, uint32_t pages) {
  StoreLayout layout;
  layout.cluster_size = 1 << 20;
  layout.total_clusters = clusters;
  layout.md_start = 4;
  layout.md_len = pages;
  layout.first_data_cluster = ClusterIndex{(4 + pages + 255) / 256};
  return layout;
}

// The md pages of a store, blank to begin with.
class MetadataRegion {
 public:
  explicit MetadataRegion(const StoreLayout& layout)
      : layout_(layout), pages_(layout.md_len, MetadataPage{}) {
    for (MetadataPage& page : pages_) std::memset(static_cast<void*>(&page), 0, sizeof(page));
  }

  const StoreLayout& layout() const { return layout_; }
  MetadataPage& operator[](uint32_t index) { return pages_[index]; }
  const MetadataPage& operator[](uint32_t index) const { return pages_[index]; }
  void seal(uint32_t index) { pages_[index].crc = page_checksum(pages_[index]); }

  // Puts a blob where its record says that it lies.
  void put(const BlobRecord& record) {
    std::vector<MetadataPage> chain = encode_blob(record);
    link_chain(chain, record.chain);
    for (std::size_t i = 0; i < chain.size(); ++i) pages_[record.chain[i].value] = chain[i];
    for (std::size_t slot = 0; slot < record.extent_pages.size(); ++slot) {
      const PageIndex page = record.extent_pages[slot];
      if (page.value != 0)
        pages_[page.value] = encode_extent_page(record.id, extent_slot(record.clusters, slot));
    }
  }

  ReplayedStore replay() const {
    MetadataReplay replay(layout_);
    for (uint32_t i = 0; i < layout_.md_len; ++i) replay.add_page(PageIndex{i}, raw(pages_[i]));
    return replay.finish();
  }

 private:
  StoreLayout layout_;
  std::vector<MetadataPage> pages_;
};

inline std::vector<ClusterIndex> clusters(std::initializer_list<uint32_t> list) {
  std::vector<ClusterIndex> result;
  for (const uint32_t cluster : list) result.push_back(ClusterIndex{cluster});
  return result;
}

inline std::vector<PageIndex> pages(std::initializer_list<uint32_t> list) {
  std::vector<PageIndex> result;
  for (const uint32_t page : list) result.push_back(PageIndex{page});
  return result;
}

}  // namespace holdfast
