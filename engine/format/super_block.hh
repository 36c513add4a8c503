// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "core/little_endian.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/ids.hh"
#include "holdfast/options.hh"
#include "holdfast/result.hh"

namespace holdfast {

// Metadata structures are pages of 4096 bytes, whatever the md page size of the store.
inline constexpr uint32_t kPageSize = 4096;
// What every device writes wholly or not at all, whatever its blocks.
inline constexpr uint32_t kSectorBytes = 512;
inline constexpr uint32_t kNewestVersion = 3;

// The superblock as it lies at byte 0 of the device. Starts and lengths count md pages from byte 0. Bytes
// beyond what a version defines are reserved: they are kept as they were found.
struct SuperBlock {
  std::array<char, 8> signature{};  // "SPDKBLOB"
  Le32 version;                     // 1 to 3
  Le32 length;                      // 4096; not checked by anybody
  Le32 clean;                       // 1: the masks are valid
  Le64 super_blob;                  // chosen by the user; all ones: none
  Le32 cluster_size;
  Le32 used_page_mask_start;
  Le32 used_page_mask_len;
  Le32 used_cluster_mask_start;
  Le32 used_cluster_mask_len;
  Le32 md_start;
  Le32 md_len;                      // end of version 1
  std::array<char, 16> type{};      // version 2 on
  Le32 used_blob_id_mask_start;     // version 3 on; 0 before
  Le32 used_blob_id_mask_len;
  Le64 size;                        // bytes; 0: unknown
  Le32 io_unit_size;                // 0: 4096
  Le32 md_page_size;                // 0: 4096
  std::array<std::byte, 3996> reserved{};
  Le32 crc;                         // CRC-32C of everything before it
};
static_assert(sizeof(SuperBlock) == kPageSize);
static_assert(offsetof(SuperBlock, super_blob) == 20 && offsetof(SuperBlock, md_len) == 52);
static_assert(offsetof(SuperBlock, used_blob_id_mask_start) == 72 &&
              offsetof(SuperBlock, md_page_size) == 92);
static_assert(offsetof(SuperBlock, crc) == kPageSize - 4);
static_assert(std::has_unique_object_representations_v<SuperBlock>, "no padding may reach media");

// Four reserved bytes at the end of the first sector that balance the checksum where pages may tear.
inline constexpr std::size_t kBalanceOffset = kSectorBytes - sizeof(uint32_t);

// A region of a store, in md pages from byte 0.
struct PageRegion {
  uint32_t start = 0;
  uint32_t length = 0;

  uint64_t end() const noexcept { return uint64_t{start} + length; }
};

// Where everything lies, checked: regions are in order, inside the device, large enough, and do not overlap.
struct StoreLayout {
  uint32_t md_page_size = kPageSize;  // bytes
  uint32_t cluster_size = 0;          // bytes
  uint32_t io_unit_size = kPageSize;  // bytes, as the store was formatted
  uint32_t total_clusters = 0;        // those that hold metadata included
  PageRegion page_mask;
  PageRegion cluster_mask;
  PageRegion blob_id_mask;            // length 0 in versions 1 and 2
  uint32_t md_start = 0;              // md pages
  uint32_t md_len = 0;                // md pages
  ClusterIndex first_data_cluster;

  uint64_t byte_of_page(PageIndex page) const noexcept {
    return (uint64_t{md_start} + page.value) * md_page_size;
  }
  uint64_t byte_of_cluster(ClusterIndex cluster) const noexcept {
    return uint64_t{cluster.value} * cluster_size;
  }
  uint64_t byte_of_region(const PageRegion& region) const noexcept {
    return uint64_t{region.start} * md_page_size;
  }
  uint64_t bytes_of_region(const PageRegion& region) const noexcept {
    return uint64_t{region.length} * md_page_size;
  }
  bool holds_data(ClusterIndex cluster) const noexcept {
    return cluster >= first_data_cluster && cluster.value < total_clusters;
  }
};

// A superblock whose every field has been checked.
struct CheckedSuper {
  SuperBlock media;  // as found: the source of what is only carried along
  uint32_t version = kNewestVersion;
  bool clean = false;
  std::optional<BlobId> super_blob;
  StoreType type;
  StoreLayout layout;
};

// not_a_store: no superblock begins here. corrupt: one does, and byte 0 on cannot be trusted. unsupported: a
// version or a geometry that this library does not read.
Result<CheckedSuper> parse_super_block(std::span<const std::byte> page, uint64_t device_bytes,
                                       uint32_t block_size);

// The page to write: `media` with the checked values and a new checksum.
SuperBlock encode_super_block(const CheckedSuper& super);

// The same for devices that may tear a page: the checksum stays that of `media`, and four reserved bytes (508
// to 511) are chosen to make it right. So all that changes lies in the first sector.
SuperBlock encode_super_in_one_sector(const CheckedSuper& super);

// The layout that SPDK gives a new store of this device, byte for byte,
// with the reserve for a growing cluster mask.
Result<CheckedSuper> plan_store(const FormatOptions& options, const DeviceGeometry& device);

}  // namespace holdfast
