// SPDX-License-Identifier: BSD-3-Clause
#include "buffer_cursor.hh"

#include <algorithm>

namespace holdfast::nvme {
namespace {

// Shortens `piece` by `bytes`, which it has.
std::span<const iovec> without_tail(std::span<iovec> piece, uint64_t bytes) noexcept {
  while (bytes >= piece.back().iov_len) {
    bytes -= piece.back().iov_len;
    piece = piece.first(piece.size() - 1);
  }
  piece.back().iov_len -= bytes;
  return piece;
}

}  // namespace

BufferCursor::BufferCursor(std::span<const iovec> buffers) noexcept : buffers_(buffers) {
  for (const iovec& buffer : buffers) left_ += buffer.iov_len;
}

std::span<const iovec> BufferCursor::next_piece(uint64_t start, uint64_t unit,
                                                std::span<iovec> room) const noexcept {
  if (done_ == 0 && buffers_.size() <= kBuffersMax && left_ <= kBytesMax) return buffers_;

  size_t count = 0;
  uint64_t bytes = 0;
  for (uint64_t skip = skip_; count < std::min(room.size(), buffers_.size()) && bytes < kBytesMax; skip = 0) {
    const iovec& buffer = buffers_[count];
    const uint64_t length = std::min(buffer.iov_len - skip, kBytesMax - bytes);
    room[count++] = {static_cast<std::byte*>(buffer.iov_base) + skip, length};
    bytes += length;
  }
  const std::span<iovec> piece = room.first(count);
  if (bytes == left_) return piece;
  const uint64_t beyond_last_unit = (start + done_ + bytes) % unit;
  return beyond_last_unit < bytes ? without_tail(piece, beyond_last_unit) : piece;
}

void BufferCursor::advance(uint64_t bytes) noexcept {
  done_ += bytes;
  left_ -= bytes;
  skip_ += bytes;
  while (!buffers_.empty() && skip_ >= buffers_.front().iov_len) {
    skip_ -= buffers_.front().iov_len;
    buffers_ = buffers_.subspan(1);
  }
}

}  // namespace holdfast::nvme
