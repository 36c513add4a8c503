// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "holdfast/host/block_device.hh"

namespace holdfast::durability {

// [D1] data is durable before its flush, or its write with FUA, is acknowledged. User data has no order among
// itself; it only has these two ways of becoming durable. Any thread, on the channel's own.

inline void make_data_flush(IoRequest& request) noexcept {
  request.kind = IoKind::flush;
  request.fua = false;
  request.purpose = {Step::flush, Barrier::D1};
}

// A device without FUA gets a flush after the write instead: the caller asks needs_data_flush() when the
// write has completed.
inline void make_data_write(IoRequest& request, bool durable, const DeviceGeometry& device) noexcept {
  request.fua = durable && device.fua && device.volatile_cache;
  request.purpose = {Step::user_data, durable ? Barrier::D1 : Barrier::none};
}

inline bool needs_data_flush(bool durable, const DeviceGeometry& device) noexcept {
  return durable && device.volatile_cache && !device.fua;
}

}  // namespace holdfast::durability
