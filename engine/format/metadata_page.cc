// SPDX-License-Identifier: BSD-3-Clause
#include "format/metadata_page.hh"

#include <cstring>

#include "core/crc32c.hh"

namespace holdfast {

uint32_t page_checksum(const MetadataPage& page) noexcept {
  return crc32c(std::as_bytes(std::span(&page, 1)).first(offsetof(MetadataPage, crc)));
}

bool is_zero(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return true;
  // Each byte is its successor, and the first is zero: compilers do not make a loop as fast.
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

DescriptorWalk::Step DescriptorWalk::next(Descriptor& descriptor) noexcept {
  while (rest_.size() >= kDescriptorHeader) {
    Le32 length;
    std::memcpy(&length, rest_.data() + 1, sizeof(length));
    const auto type = static_cast<uint8_t>(rest_[0]);
    if (type == 0 && length == 0) return Step::end;
    if (length > rest_.size() - kDescriptorHeader) return Step::broken;
    descriptor = {.type = type, .payload = rest_.subspan(kDescriptorHeader, length)};
    rest_ = rest_.subspan(kDescriptorHeader + length);
    if (type != 0) return Step::descriptor;
  }
  return Step::end;
}

}  // namespace holdfast
