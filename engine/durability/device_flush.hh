// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "core/async_mutex.hh"
#include "durability/write_stop.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// Flushes of a device, joined: callers that arrive while a flush is on its way share the next one. A failed
// flush is final. One executor.
class DeviceFlush {
 public:
  DeviceFlush(BlockChannel& channel, WriteStop& write_stop, Executor& home) noexcept
      : channel_(channel), write_stop_(write_stop), mutex_(home) {}
  DeviceFlush(const DeviceFlush&) = delete;
  DeviceFlush& operator=(const DeviceFlush&) = delete;

  // Every write that had completed before this call is durable when it ends.
  Task<> run(Barrier barrier);

 private:
  BlockChannel& channel_;
  WriteStop& write_stop_;
  AsyncMutex mutex_;
  uint64_t wanted_ = 0;
  uint64_t done_ = 0;  // the last one wanted that a completed flush covers
};

}  // namespace holdfast::durability
