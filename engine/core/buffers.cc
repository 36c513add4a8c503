// SPDX-License-Identifier: BSD-3-Clause
#include "core/buffers.hh"

#include <algorithm>
#include <cstring>

namespace holdfast {
namespace {

// Calls use(memory, bytes, bytes of the part before them) for each piece of memory, in order.
template <class Use>
void for_each_piece(const BufferPart& part, Use use) {
  uint64_t skip = part.offset;
  uint64_t done = 0;
  for (const iovec& buffer : part.buffers) {
    if (done == part.length) return;
    if (skip >= buffer.iov_len) {
      skip -= buffer.iov_len;
      continue;
    }
    const std::size_t count = std::min<uint64_t>(buffer.iov_len - skip, part.length - done);
    use(static_cast<std::byte*>(buffer.iov_base) + skip, count, done);
    skip = 0;
    done += count;
  }
}

}  // namespace

std::optional<std::span<std::byte>> BufferPart::contiguous() const noexcept {
  std::optional<std::span<std::byte>> whole;
  for_each_piece(*this, [&](std::byte* memory, std::size_t count, uint64_t) {
    if (count == length) whole = std::span(memory, count);
  });
  return whole;
}

void BufferPart::copy_to(std::byte* target) const noexcept {
  for_each_piece(*this, [target](const std::byte* memory, std::size_t count, uint64_t done) {
    std::memcpy(target + done, memory, count);
  });
}

void BufferPart::copy_from(const std::byte* source) const noexcept {
  for_each_piece(*this, [source](std::byte* memory, std::size_t count, uint64_t done) {
    std::memcpy(memory, source + done, count);
  });
}

void BufferPart::fill_with_zeroes() const noexcept {
  for_each_piece(*this,
                 [](std::byte* memory, std::size_t count, uint64_t) { std::memset(memory, 0, count); });
}

}  // namespace holdfast
