// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "holdfast/error.hh"

namespace holdfast::durability {

// A failed flush is final: nobody knows any more what is durable, and a device may drop what it failed to
// write while it reports success afterwards. The store writes nothing from
// then on, and says why. Shared by all threads.
class WriteStop {
 public:
  // Not every failure has the number of a device's: 0 counts as EIO.
  void flush_failed(int32_t os_error) noexcept {
    os_error_.store(os_error != 0 ? os_error : EIO, std::memory_order_release);
  }
  bool stopped() const noexcept { return os_error_.load(std::memory_order_acquire) != 0; }
  Error error() const noexcept {
    return {.code = Errc::read_only,
            .object = ObjectKind::device,
            .os_error = os_error_.load(std::memory_order_acquire),
            .reason = "a flush failed, and what is durable is not known any more: close and open again"};
  }

 private:
  std::atomic<int32_t> os_error_ = 0;
};

}  // namespace holdfast::durability
