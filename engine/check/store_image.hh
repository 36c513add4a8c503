// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "check/byte_source.hh"
#include "format/mask.hh"
#include "format/replay.hh"
#include "format/super_block.hh"
#include "holdfast/result.hh"

namespace holdfast {

// A store as its bytes say, read by the format library alone: nothing is trusted, nothing is written, no
// device is needed. Dirty stores are replayed in memory. The source outlives the image.
class StoreImage {
 public:
  static Result<StoreImage> read(ByteSource& source);

  const CheckedSuper& super() const noexcept { return super_; }
  const StoreLayout& layout() const noexcept { return super_.layout; }
  const ReplayedStore& replayed() const noexcept { return replayed_; }
  const BlobRecord* find(BlobId id) const noexcept;
  uint64_t free_clusters() const noexcept;

  // Where a cluster of a blob is read from: its own cluster, else its parent's, else nowhere (zeroes).
  Result<std::optional<ClusterIndex>> locate(const BlobRecord& blob, uint64_t cluster) const;
  // `into` lies inside one cluster.
  Result<> read_content(const BlobRecord& blob, uint64_t offset, std::span<std::byte> into) const;

  // The masks as they lie on media, which are only to be believed in a clean store.
  Result<Bitmap> read_mask(MaskType type) const;
  // One metadata page, unchecked.
  Result<MetadataPage> read_page(PageIndex page) const;

 private:
  explicit StoreImage(ByteSource& source) noexcept : source_(&source) {}

  ByteSource* source_;
  CheckedSuper super_;
  ReplayedStore replayed_;
};

}  // namespace holdfast
