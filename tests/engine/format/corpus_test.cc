// SPDX-License-Identifier: BSD-3-Clause
// What readers of this format have done wrong before (docs/bug-corpus.md), stated as what this one does.
#include <gtest/gtest.h>

#include <vector>

#include "format/mask.hh"
#include "format/super_block.hh"

namespace holdfast {
namespace {

TEST(MasksOfAnyLength, AreReadToTheirLastBit) {
  for (uint64_t bits = 1; bits <= 70; ++bits) {
    Bitmap all(bits);
    all.set_all();
    std::vector<std::byte> region(mask_bytes(bits) + 7, std::byte{0xFF});
    encode_mask(region, MaskType::used_clusters, all);
    EXPECT_EQ(parse_mask(region, MaskType::used_clusters, bits).value().set_count(), bits);
    Bitmap last(bits);
    last.set(bits - 1);
    encode_mask(region, MaskType::used_pages, last);
    EXPECT_EQ(parse_mask(region, MaskType::used_pages, bits).value(), last);
  }
}

TEST(PlacesOnALargeDevice, AreNotCutOffAt32Bits) {
  StoreLayout layout;
  layout.cluster_size = 1 << 20;
  layout.md_page_size = 4096;
  layout.md_start = 1 << 20;
  constexpr uint32_t kLast = 0xFFFFFFFE;
  EXPECT_EQ(layout.byte_of_cluster(ClusterIndex{kLast}), uint64_t{kLast} << 20);
  EXPECT_EQ(layout.byte_of_page(PageIndex{kLast}), (uint64_t{1} << 32) + (uint64_t{kLast} << 12));
  EXPECT_EQ(layout.byte_of_region({.start = kLast, .length = 1}), uint64_t{kLast} << 12);
  EXPECT_EQ(layout.bytes_of_region({.start = 1, .length = kLast}), uint64_t{kLast} << 12);
}

}  // namespace
}  // namespace holdfast
