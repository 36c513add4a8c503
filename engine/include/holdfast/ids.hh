// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstdint>

namespace holdfast {

// Numbers that name different things do not mix: a page index is not a cluster index, although both
// are 32-bit words on media. Conversions between units are named functions of format/geometry.hh.
template <class Tag, class Representation>
struct StrongNumber {
  Representation value = 0;

  constexpr StrongNumber() = default;
  constexpr explicit StrongNumber(Representation number) : value(number) {}
  friend constexpr auto operator<=>(StrongNumber, StrongNumber) = default;
};

// A metadata page, counted from the start of the metadata region (superblock field md_start).
using PageIndex = StrongNumber<struct PageIndexTag, uint32_t>;
// A cluster, counted from byte 0 of the device. 0 in a cluster map means "not allocated": cluster 0
// always holds the superblock, so no blob can own it.
using ClusterIndex = StrongNumber<struct ClusterIndexTag, uint32_t>;
// A blob: bit 32 is always set, the low 32 bits are the metadata page of the blob's root.
using BlobId = StrongNumber<struct BlobIdTag, uint64_t>;

inline constexpr uint64_t kBlobIdFlag = uint64_t{1} << 32;

constexpr BlobId blob_id_of_root(PageIndex root) { return BlobId{kBlobIdFlag | root.value}; }
constexpr PageIndex root_of_blob_id(BlobId id) { return PageIndex{static_cast<uint32_t>(id.value)}; }

}  // namespace holdfast
