// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace holdfast {

// An unsigned integer as it lies on media: little endian, no alignment, no padding.
template <std::unsigned_integral T>
class Little {
 public:
  constexpr Little() = default;
  constexpr Little(T value) noexcept : bytes_(encode(value)) {}  // NOLINT: a number is written as itself
  constexpr operator T() const noexcept { return decode(bytes_); }

 private:
  using Bytes = std::array<std::byte, sizeof(T)>;
  static constexpr T swap_if_big(T value) noexcept {
    if constexpr (std::endian::native == std::endian::big) return std::byteswap(value);
    return value;
  }
  static constexpr Bytes encode(T value) noexcept { return std::bit_cast<Bytes>(swap_if_big(value)); }
  static constexpr T decode(const Bytes& bytes) noexcept { return swap_if_big(std::bit_cast<T>(bytes)); }

  Bytes bytes_{};
};

using Le16 = Little<uint16_t>;
using Le32 = Little<uint32_t>;
using Le64 = Little<uint64_t>;

}  // namespace holdfast
