// SPDX-License-Identifier: BSD-3-Clause
#include "core/crc32c.hh"

#include <isa-l/crc.h>

namespace holdfast {

uint32_t crc32c(std::span<const std::byte> bytes) noexcept {
  // The library's prototype is not const; it only reads.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~0U);
}

}  // namespace holdfast
