// SPDX-License-Identifier: BSD-3-Clause
#include "format/redo.hh"

#include <algorithm>
#include <cstring>

#include "core/crc32c.hh"

namespace holdfast {
namespace {

struct RedoPayload {
  std::array<char, 8> mark;
  std::array<Le32, kPageSize / kSectorBytes> replaced;
};
constexpr std::array<char, 8> kMark = {'H', 'O', 'L', 'D', 'R', 'E', 'D', 'O'};
constexpr std::size_t kRedoBytes = kDescriptorHeader + sizeof(RedoPayload);

std::span<const std::byte> bytes_of(const MetadataPage& page) { return std::as_bytes(std::span(&page, 1)); }

}  // namespace

SectorChecksums sector_checksums(std::span<const std::byte> page) noexcept {
  SectorChecksums checksums{};
  for (std::size_t i = 0; i < checksums.size(); ++i)
    checksums[i] = crc32c(page.subspan(i * kSectorBytes, kSectorBytes));
  return checksums;
}

MetadataPage pointer_root(BlobId id, PageIndex next) noexcept {
  MetadataPage root;
  root.blob_id = id.value;
  root.next = next.value;
  root.crc = page_checksum(root);
  return root;
}

MetadataPage make_redo(const MetadataPage& pointer_root, const MetadataPage& replaced) noexcept {
  RedoPayload payload{.mark = kMark, .replaced = {}};
  const SectorChecksums checksums = sector_checksums(bytes_of(replaced));
  std::copy(checksums.begin(), checksums.end(), payload.replaced.begin());
  MetadataPage redo = pointer_root;
  const Le32 length = sizeof(payload);
  std::memcpy(redo.descriptors.data() + 1, &length, sizeof(length));
  std::memcpy(redo.descriptors.data() + kDescriptorHeader, &payload, sizeof(payload));
  redo.crc = page_checksum(redo);
  return redo;
}

bool ParsedRedo::completes(const SectorChecksums& torn) const noexcept {
  const SectorChecksums completed = sector_checksums(bytes_of(root));
  for (std::size_t i = 0; i < torn.size(); ++i) {
    if (torn[i] != completed[i] && torn[i] != replaced[i]) return false;
  }
  return true;
}

std::optional<ParsedRedo> parse_redo(PageIndex index, const MetadataPage& page, uint32_t md_len) noexcept {
  const BlobId id{page.blob_id};
  const PageIndex root = root_of_blob_id(id);
  if (id != blob_id_of_root(root) || root == index || root.value >= md_len) return std::nullopt;
  if (page.sequence != 0 || page.next >= md_len || page.crc != page_checksum(page)) return std::nullopt;
  Le32 length;
  RedoPayload payload;
  std::memcpy(&length, page.descriptors.data() + 1, sizeof(length));
  std::memcpy(&payload, page.descriptors.data() + kDescriptorHeader, sizeof(payload));
  const bool marked =
      page.descriptors[0] == std::byte{0} && length == sizeof(payload) && payload.mark == kMark;
  if (!marked || !is_zero(std::span(page.descriptors).subspan(kRedoBytes))) return std::nullopt;
  ParsedRedo redo{.root = pointer_root(id, PageIndex{page.next})};
  std::copy(payload.replaced.begin(), payload.replaced.end(), redo.replaced.begin());
  return redo;
}

}  // namespace holdfast
