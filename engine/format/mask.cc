// SPDX-License-Identifier: BSD-3-Clause
#include "format/mask.hh"

#include <cstring>

#include "core/little_endian.hh"

namespace holdfast {
namespace {

ObjectKind object_of(MaskType type) {
  switch (type) {
    case MaskType::used_pages: return ObjectKind::page_mask;
    case MaskType::used_clusters: return ObjectKind::cluster_mask;
    case MaskType::used_blob_ids: return ObjectKind::blob_id_mask;
  }
  return ObjectKind::none;
}

}  // namespace

Result<Bitmap> parse_mask(std::span<const std::byte> region, MaskType type, uint64_t bits) {
  if (region.size() < mask_bytes(bits))
    return Error{.code = Errc::corrupt, .object = object_of(type), .reason = "too short"};
  Le32 stated_bits;
  std::memcpy(&stated_bits, region.data() + 1, sizeof(stated_bits));
  if (region[0] != std::byte{static_cast<uint8_t>(type)} || stated_bits < bits) {
    return Error{.code = Errc::corrupt,
                 .object = object_of(type),
                 .reason = "its type or its number of bits is wrong"};
  }
  Bitmap bitmap(bits);
  for (uint64_t bit = 0; bit < bits; ++bit) {
    const std::byte byte = region[kMaskHeaderBytes + bit / 8];
    if ((byte >> (bit % 8) & std::byte{1}) != std::byte{0}) bitmap.set(bit);
  }
  return bitmap;
}

void encode_mask(std::span<std::byte> region, MaskType type, const Bitmap& bitmap) {
  HF_ASSERT(region.size() >= mask_bytes(bitmap.size()));
  std::memset(region.data(), 0, region.size());
  region[0] = std::byte{static_cast<uint8_t>(type)};
  const Le32 bits = static_cast<uint32_t>(bitmap.size());
  std::memcpy(region.data() + 1, &bits, sizeof(bits));
  for (uint64_t bit = 0; bit < bitmap.size(); ++bit) {
    if (bitmap.test(bit)) region[kMaskHeaderBytes + bit / 8] |= std::byte{1} << (bit % 8);
  }
}

}  // namespace holdfast
