// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast {

// CRC-32C (Castagnoli) with initial value and final xor of all ones: crc32c("123456789") is 0xE3069283.
uint32_t crc32c(std::span<const std::byte> bytes) noexcept;

}  // namespace holdfast
