// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace holdfast {

// Sixteen free bytes in the superblock that say whose store this is ("LVOLSTORE", "BLOBFS"), zero padded. All
// zero: none, and as an expectation: any.
struct StoreType {
  std::array<char, 16> bytes{};

  // Longer names are cut off after 16 bytes.
  static constexpr StoreType named(std::string_view name) {
    StoreType type;
    for (std::size_t i = 0; i < name.size() && i < type.bytes.size(); ++i) type.bytes[i] = name[i];
    return type;
  }
  friend bool operator==(const StoreType&, const StoreType&) = default;
};

struct FormatOptions {
  uint32_t cluster_size = 1 << 20;  // bytes, a multiple of 4096 and of the device's block size
  uint32_t metadata_pages = 0;  // 0: one for each cluster
  StoreType type;
  bool replace_existing = false;  // false: refuse a device on which a store begins, whole or damaged
};

struct OpenOptions {
  StoreType type;  // refuse a store of another type
  bool read_only = false;  // write nothing at all
  // Beside damaged blobs, allocate what no intact blob owns. It may be theirs: they cannot be repaired then.
  bool allocate_beside_damage = false;
  // Of a store that was closed, read only what its masks call used. Much faster for large stores, and safe
  // where every program that writes to the store flushes, as this library does and SPDK does not: after SPDK
  // and a power cut, a mark of "clean" may stand beside blobs that the masks do not know.
  bool trust_clean_mark = false;
};

// A name and its value. The bytes belong to the caller, who keeps them
// until the call that takes them has ended.
struct XattrView {
  std::string_view name;  // 1 to 65535 bytes, no NUL needed
  std::span<const std::byte> value;
};

// How the clusters of a blob stand in its metadata: as runs in its pages, or as a table of extent pages of
// 512 clusters each, of which one change rewrites one. Programs of before 2020 read runs only.
enum class ExtentFormat : uint8_t { automatic, runs, table };  // automatic: a table if thin, runs if thick

struct BlobOptions {
  uint64_t clusters = 0;
  bool thin = false;  // clusters are allocated by the first write to each; otherwise all at once
  ExtentFormat extents = ExtentFormat::automatic;
  std::span<const XattrView> xattrs;
};

// Options are arguments of awaited calls, which gcc 12 copies without destroying
// (docs/decisions/coroutines.md).
static_assert(std::is_trivially_destructible_v<FormatOptions> &&
              std::is_trivially_destructible_v<OpenOptions> && std::is_trivially_destructible_v<BlobOptions>);

}  // namespace holdfast
