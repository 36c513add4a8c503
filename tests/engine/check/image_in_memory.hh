// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

#include "check/byte_source.hh"
#include "engine/format/metadata_region.hh"
#include "format/mask.hh"

namespace holdfast {

// A store whose superblock, masks and metadata lie in memory; of its data, which only zeroes stand for, it
// has as much as it says. Bytes can be made unreadable.
class ImageInMemory final : public ByteSource {
 public:
  ImageInMemory(uint32_t cluster_size, uint32_t clusters, uint32_t pages) {
    DeviceGeometry device;
    device.block_size = kPageSize;
    device.block_count = uint64_t{clusters} * cluster_size / kPageSize;
    FormatOptions options;
    options.cluster_size = cluster_size;
    options.metadata_pages = pages;
    const auto planned = plan_store(options, device);
    EXPECT_TRUE(planned);
    super = *planned;
    size_ = device.byte_count();
    head_.resize(layout().byte_of_cluster(layout().first_data_cluster));
    used_pages = Bitmap(pages);
    used_clusters = Bitmap(clusters);
    blob_ids = Bitmap(pages);
    for (uint32_t i = 0; i < layout().first_data_cluster.value; ++i) used_clusters.set(i);
  }

  uint64_t size() const noexcept override { return size_; }
  Result<> read(uint64_t byte, std::span<std::byte> into) override {
    for (const uint64_t bad : unreadable) {
      if (bad >= byte && bad - byte < into.size()) return Error{.byte = bad, .reason = "a bad sector"};
    }
    if (byte > size_ || into.size() > size_ - byte) return Error{.byte = byte, .reason = "behind the end"};
    std::ranges::fill(into, std::byte{0});
    if (byte >= head_.size()) return {};
    std::memcpy(into.data(), &head_[byte], std::min<uint64_t>(into.size(), head_.size() - byte));
    return {};
  }

  const StoreLayout& layout() const { return super.layout; }
  uint64_t byte_of_page(uint32_t page) const { return layout().byte_of_page(PageIndex{page}); }
  std::byte& at(uint64_t byte) { return head_[byte]; }
  MetadataPage page(uint32_t index) const {
    MetadataPage media;
    std::memcpy(&media, &head_[byte_of_page(index)], sizeof(media));
    return media;
  }
  void put(uint32_t index, const MetadataPage& media) {
    std::memcpy(&head_[byte_of_page(index)], &media, sizeof(media));
  }
  void wipe(uint32_t index, std::size_t bytes = kPageSize) {
    std::memset(&head_[byte_of_page(index)], 0, bytes);
  }
  // Changes a page and gives it a checksum that fits.
  template <class Change>
  void change(uint32_t index, Change change) {
    MetadataPage media = page(index);
    change(media);
    media.crc = page_checksum(media);
    put(index, media);
  }

  // Puts a blob where its record says that it lies, and marks what it owns.
  void put(const BlobRecord& record) {
    std::vector<MetadataPage> chain = encode_blob(record);
    link_chain(chain, record.chain);
    for (std::size_t i = 0; i < chain.size(); ++i) put(record.chain[i].value, chain[i]);
    for (std::size_t slot = 0; slot < record.extent_pages.size(); ++slot) {
      const PageIndex page = record.extent_pages[slot];
      if (page.value == 0) continue;
      put(page.value, encode_extent_page(record.id, extent_slot(record.clusters, slot)));
      used_pages.set(page.value);
    }
    for (const PageIndex page : record.chain) used_pages.set(page.value);
    for (const ClusterIndex cluster : record.clusters) {
      if (cluster.value != 0) used_clusters.set(cluster.value);
    }
    blob_ids.set(root_of_blob_id(record.id).value);
  }

  // Ends the store as a clean close does. The masks are those of this object, right or wrong.
  void close() {
    super.clean = true;
    write_super();
    encode_mask(region(layout().page_mask), MaskType::used_pages, used_pages);
    encode_mask(region(layout().cluster_mask), MaskType::used_clusters, used_clusters);
    if (layout().blob_id_mask.length == 0) return;
    encode_mask(region(layout().blob_id_mask), MaskType::used_blob_ids, blob_ids);
  }
  void write_super() {
    const SuperBlock media = encode_super_block(super);
    std::memcpy(head_.data(), &media, sizeof(media));
  }
  std::span<std::byte> region(const PageRegion& region) {
    return std::span(head_).subspan(layout().byte_of_region(region), layout().bytes_of_region(region));
  }

  CheckedSuper super;
  Bitmap used_pages;
  Bitmap used_clusters;
  Bitmap blob_ids;
  std::set<uint64_t> unreadable;  // bytes

 private:
  uint64_t size_ = 0;
  std::vector<std::byte> head_;
};

}  // namespace holdfast
