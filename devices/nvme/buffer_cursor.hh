// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast::nvme {

// Walks over a request's buffers while the kernel carries them out, in as many pieces as it takes.
class BufferCursor {
 public:
  // What one system call takes.
  static constexpr size_t kBuffersMax = 1024;             // IOV_MAX
  static constexpr uint64_t kBytesMax = uint64_t{1} << 30;  // Linux stops a call just below 2 GiB

  BufferCursor() = default;
  explicit BufferCursor(std::span<const iovec> buffers) noexcept;

  uint64_t done() const noexcept { return done_; }
  uint64_t left() const noexcept { return left_; }

  // The buffers of the next call: the caller's own array as long as it fits one call and nothing of it is
  // done, otherwise a part that is laid out in `room`. Such a part of a request that begins at byte `start`
  // of the device ends between two units of `unit` bytes where `room` reaches that far, so that no unit is
  // written by two calls.
  std::span<const iovec> next_piece(uint64_t start, uint64_t unit, std::span<iovec> room) const noexcept;

  void advance(uint64_t bytes) noexcept;

 private:
  std::span<const iovec> buffers_;  // from the one that is next
  uint64_t skip_ = 0;  // bytes of it that are done
  uint64_t done_ = 0;
  uint64_t left_ = 0;
};

}  // namespace holdfast::nvme
