// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace holdfast {

// A part of what a caller's buffers hold together: `length` bytes from `offset` on.
struct BufferPart {
  std::span<const iovec> buffers;
  uint64_t offset = 0;
  uint64_t length = 0;

  // The part as one piece of memory, if it lies in one buffer.
  std::optional<std::span<std::byte>> contiguous() const noexcept;
  // `length` bytes.
  void copy_to(std::byte* target) const noexcept;
  void copy_from(const std::byte* source) const noexcept;
  void fill_with_zeroes() const noexcept;
};

// In the header: every request of data asks it.
inline uint64_t length_of(std::span<const iovec> buffers) noexcept {
  uint64_t length = 0;
  for (const iovec& buffer : buffers) length += buffer.iov_len;
  return length;
}

}  // namespace holdfast
