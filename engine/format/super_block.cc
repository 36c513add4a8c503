// SPDX-License-Identifier: BSD-3-Clause
#include "format/super_block.hh"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/crc32c.hh"
#include "format/mask.hh"
#include "holdfast/assert.hh"

namespace holdfast {
namespace {

constexpr std::array<char, 8> kSignature = {'S', 'P', 'D', 'K', 'B', 'L', 'O', 'B'};
constexpr uint64_t kNoBlob = ~uint64_t{0};
constexpr uint32_t kOldestVersion = 1;

Error super_error(Errc code, const char* reason) {
  return {.code = code, .object = ObjectKind::super_block, .byte = 0, .reason = reason};
}

Error option_error(Errc code, const char* reason) {
  return {.code = code, .object = ObjectKind::option, .reason = reason};
}

uint32_t checksum(const SuperBlock& super) {
  return crc32c(std::as_bytes(std::span(&super, 1)).first(offsetof(SuperBlock, crc)));
}

Result<> check_identity(const SuperBlock& super) {
  if (super.signature != kSignature)
    return super_error(Errc::not_a_store, "the signature SPDKBLOB is missing");
  if (super.crc != checksum(super))
    return super_error(Errc::corrupt, "the checksum does not match; nothing in it can be trusted");
  if (super.version < kOldestVersion || super.version > kNewestVersion) {
    return super_error(Errc::unsupported, "the store has a version that is not 1, 2 or 3");
  }
  return {};
}

uint32_t value_or_page_size(uint32_t value) { return value == 0 ? kPageSize : value; }

Result<> check_units(const StoreLayout& layout, uint32_t block_size) {
  if (layout.md_page_size < kPageSize || layout.md_page_size > (1U << 20) ||
      layout.md_page_size % kPageSize != 0) {
    return super_error(Errc::corrupt, "the md page size is not a multiple of 4096 up to 1 MiB");
  }
  if (layout.cluster_size < layout.md_page_size || layout.cluster_size % layout.md_page_size != 0) {
    return super_error(Errc::corrupt, "the cluster size is not a multiple of the md page size");
  }
  if (kPageSize % block_size != 0) {
    return super_error(Errc::unsupported, "the device's blocks are larger than a metadata page");
  }
  return {};
}

// A region lies behind the superblock and before the next one, and holds its bits.
Result<> check_mask(const PageRegion& mask, uint64_t bits, uint64_t limit, const StoreLayout& layout) {
  if (mask.start == 0 || mask.end() > limit)
    return super_error(Errc::corrupt, "a mask overlaps another region");
  if (mask_bytes(bits) > layout.bytes_of_region(mask))
    return super_error(Errc::corrupt, "a mask is too short for its bits");
  return {};
}

bool overlap(const PageRegion& a, const PageRegion& b) { return a.start < b.end() && b.start < a.end(); }

uint64_t end_of_metadata(const StoreLayout& layout) {
  return (uint64_t{layout.md_start} + layout.md_len) * layout.md_page_size;
}

Result<> check_regions(const StoreLayout& layout, uint32_t version) {
  if (layout.md_len == 0) return super_error(Errc::corrupt, "the store has no metadata page");
  HF_CHECK(check_mask(layout.page_mask, layout.md_len, layout.md_start, layout));
  HF_CHECK(check_mask(layout.cluster_mask, layout.total_clusters, layout.md_start, layout));
  const bool has_id_mask = version >= 3 && layout.blob_id_mask.length != 0;
  if (has_id_mask) HF_CHECK(check_mask(layout.blob_id_mask, layout.md_len, layout.md_start, layout));
  if (overlap(layout.page_mask, layout.cluster_mask) ||
      (has_id_mask && (overlap(layout.page_mask, layout.blob_id_mask) ||
                       overlap(layout.cluster_mask, layout.blob_id_mask)))) {
    return super_error(Errc::corrupt, "two masks overlap");
  }
  // In bytes: the number of the cluster after a region that leaves the device may have lost its upper bits.
  if (end_of_metadata(layout) > uint64_t{layout.total_clusters} * layout.cluster_size) {
    return super_error(Errc::corrupt, "the metadata region leaves the device");
  }
  return {};
}

ClusterIndex cluster_after_metadata(const StoreLayout& layout) {
  return ClusterIndex{
      static_cast<uint32_t>((end_of_metadata(layout) + layout.cluster_size - 1) / layout.cluster_size)};
}

Result<uint32_t> count_clusters(const SuperBlock& super, uint32_t cluster_size, uint64_t device_bytes) {
  const uint64_t store_bytes = super.size;
  if (store_bytes > device_bytes) {
    return super_error(Errc::corrupt, "the store is larger than the device; is this the whole image?");
  }
  const uint64_t clusters = (store_bytes == 0 ? device_bytes : store_bytes) / cluster_size;
  if (clusters == 0)
    return super_error(Errc::corrupt, "the device is smaller than one cluster; is this the whole image?");
  if (clusters > UINT32_MAX) return super_error(Errc::unsupported, "the store has more than 2^32 clusters");
  return static_cast<uint32_t>(clusters);
}

uint64_t pages_for_mask(uint64_t bits, uint32_t md_page_size) {
  return (mask_bytes(bits) + md_page_size - 1) / md_page_size;
}

Result<> check_options(const FormatOptions& options, uint32_t md_page_size, const DeviceGeometry& device) {
  if (options.cluster_size < md_page_size || options.cluster_size % md_page_size != 0) {
    return option_error(Errc::invalid_argument,
                        "the cluster size must be a multiple of the metadata page size");
  }
  const uint64_t clusters = device.byte_count() / options.cluster_size;
  if (clusters == 0) return option_error(Errc::no_space, "the device is smaller than one cluster");
  if (clusters > UINT32_MAX)
    return option_error(Errc::invalid_argument, "more than 2^32 clusters; choose larger ones");
  return {};
}

SuperBlock with_checked_values(const CheckedSuper& super) {
  SuperBlock media = super.media;
  media.version = super.version;
  media.clean = super.clean ? 1 : 0;
  media.super_blob = super.super_blob ? super.super_blob->value : kNoBlob;
  if (super.version >= 2) media.type = super.type.bytes;
  return media;
}

void set_balance(SuperBlock& super, uint32_t value) {
  const Le32 bytes = value;
  std::memcpy(super.reserved.data() + kBalanceOffset - offsetof(SuperBlock, reserved), &bytes, sizeof(bytes));
}

// The value of the four bytes that changes the checksum by `difference`. A CRC is linear: each bit of the
// value changes it in its own fixed way, and 32 such changes combine to any difference (Gauss's elimination,
// over one bit).
uint32_t balance_for(SuperBlock super, uint32_t difference) {
  const uint32_t without = checksum(super);
  std::array<uint32_t, 32> changes{};
  std::array<uint32_t, 32> values{};
  uint32_t value = 0;
  for (uint32_t bit = 0; bit < 32; ++bit) {
    uint32_t combined = uint32_t{1} << bit;
    set_balance(super, combined);
    uint32_t change = checksum(super) ^ without;
    while (change != 0 && changes[std::bit_width(change) - 1U] != 0) {
      const std::size_t top = std::bit_width(change) - 1U;
      change ^= changes[top];
      combined ^= values[top];
    }
    HF_ASSERT(change != 0);
    changes[std::bit_width(change) - 1U] = change;
    values[std::bit_width(change) - 1U] = combined;
  }
  while (difference != 0) {
    const std::size_t top = std::bit_width(difference) - 1U;
    difference ^= changes[top];
    value ^= values[top];
  }
  return value;
}

SuperBlock blank_super(const CheckedSuper& super, uint64_t device_bytes) {
  SuperBlock media;
  media.signature = kSignature;
  media.length = kPageSize;
  media.cluster_size = super.layout.cluster_size;
  media.used_page_mask_start = super.layout.page_mask.start;
  media.used_page_mask_len = super.layout.page_mask.length;
  media.used_cluster_mask_start = super.layout.cluster_mask.start;
  media.used_cluster_mask_len = super.layout.cluster_mask.length;
  media.used_blob_id_mask_start = super.layout.blob_id_mask.start;
  media.used_blob_id_mask_len = super.layout.blob_id_mask.length;
  media.md_start = super.layout.md_start;
  media.md_len = super.layout.md_len;
  media.size = device_bytes;
  media.io_unit_size = super.layout.io_unit_size;
  media.md_page_size = super.layout.md_page_size;
  return media;
}

}  // namespace

Result<CheckedSuper> parse_super_block(std::span<const std::byte> page, uint64_t device_bytes,
                                       uint32_t block_size) {
  if (page.size() < sizeof(SuperBlock))
    return super_error(Errc::not_a_store, "the device is smaller than a superblock");
  CheckedSuper super;
  std::memcpy(&super.media, page.data(), sizeof(SuperBlock));
  const SuperBlock& media = super.media;
  HF_CHECK(check_identity(media));

  super.version = media.version;
  super.clean = media.clean == 1;
  if (media.super_blob != kNoBlob) super.super_blob = BlobId{media.super_blob};
  if (super.version >= 2) super.type.bytes = media.type;

  StoreLayout& layout = super.layout;
  layout.md_page_size = value_or_page_size(super.version >= 3 ? media.md_page_size : Le32{});
  layout.io_unit_size = value_or_page_size(super.version >= 3 ? media.io_unit_size : Le32{});
  layout.cluster_size = media.cluster_size;
  HF_CHECK(check_units(layout, block_size));
  HF_TRY(layout.total_clusters, count_clusters(media, layout.cluster_size, device_bytes));
  layout.page_mask = {media.used_page_mask_start, media.used_page_mask_len};
  layout.cluster_mask = {media.used_cluster_mask_start, media.used_cluster_mask_len};
  if (super.version >= 3) layout.blob_id_mask = {media.used_blob_id_mask_start, media.used_blob_id_mask_len};
  layout.md_start = media.md_start;
  layout.md_len = media.md_len;
  layout.first_data_cluster = cluster_after_metadata(layout);
  HF_CHECK(check_regions(layout, super.version));
  return super;
}

SuperBlock encode_super_block(const CheckedSuper& super) {
  SuperBlock media = with_checked_values(super);
  media.crc = checksum(media);
  return media;
}

SuperBlock encode_super_in_one_sector(const CheckedSuper& super) {
  SuperBlock media = with_checked_values(super);
  set_balance(media, 0);
  set_balance(media, balance_for(media, checksum(media) ^ media.crc));
  HF_ASSERT(media.crc == checksum(media));
  return media;
}

Result<CheckedSuper> plan_store(const FormatOptions& options, const DeviceGeometry& device) {
  CheckedSuper super;
  StoreLayout& layout = super.layout;
  layout.md_page_size = std::max(kPageSize, device.block_size);
  layout.io_unit_size = device.block_size;
  layout.cluster_size = options.cluster_size;
  HF_CHECK(check_options(options, layout.md_page_size, device));
  layout.total_clusters = static_cast<uint32_t>(device.byte_count() / options.cluster_size);
  layout.md_len = options.metadata_pages == 0 ? layout.total_clusters : options.metadata_pages;

  uint64_t next = 1;
  const auto place = [&next](uint64_t pages, uint64_t reserved) {
    const PageRegion region{static_cast<uint32_t>(next), static_cast<uint32_t>(pages)};
    next += reserved;
    return region;
  };
  const uint64_t page_mask = pages_for_mask(layout.md_len, layout.md_page_size);
  const uint64_t cluster_mask = pages_for_mask(layout.total_clusters, layout.md_page_size);
  layout.page_mask = place(page_mask, page_mask);
  layout.cluster_mask = place(cluster_mask, std::max(cluster_mask, page_mask));  // the rest is for growing
  layout.blob_id_mask = place(page_mask, page_mask);
  layout.md_start = static_cast<uint32_t>(next);
  layout.first_data_cluster = cluster_after_metadata(layout);
  if (next + layout.md_len > UINT32_MAX || layout.first_data_cluster.value >= layout.total_clusters) {
    return option_error(
        Errc::no_space,
        "the metadata leaves no cluster for data; use fewer metadata pages or a larger device");
  }
  super.type = options.type;
  super.media = blank_super(super, device.byte_count());
  return super;
}

}  // namespace holdfast
