// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>

#include "holdfast/channel.hh"
#include "holdfast/host/block_device.hh"

namespace holdfast::durability {

// [D1] data is durable before its flush, or its write with FUA, is acknowledged. User data has no order among
// itself; it only has these two ways of becoming durable. Any thread, on the channel's own. What a sender
// does that has a protocol of its own keeps the name that it has there: its barrier is what would be lost.

inline void make_data_flush(IoRequest& request, Purpose sender) noexcept {
  request.kind = IoKind::flush;
  request.fua = false;
  request.purpose = {Step::flush, sender.barrier == Barrier::none ? Barrier::D1 : sender.barrier};
}

// A device without FUA gets a flush after the write instead: the caller asks needs_data_flush() when the
// write has completed.
inline void make_data_write(IoRequest& request, bool durable, const DeviceGeometry& device,
                            Purpose sender) noexcept {
  request.fua = durable && device.fua && device.volatile_cache;
  const Purpose own{Step::user_data, durable ? Barrier::D1 : Barrier::none};
  request.purpose = sender.step == Step::none ? own : sender;
}

inline bool needs_data_flush(bool durable, const DeviceGeometry& device) noexcept {
  return durable && device.volatile_cache && !device.fua;
}

// A request to a blob that serves as a device: what the sender wants durable, and when, is the sender's
// protocol.
inline BlobIoKind blob_kind_of(const IoRequest& request) noexcept {
  switch (request.kind) {
    case IoKind::read: return BlobIoKind::read;
    case IoKind::write: return BlobIoKind::write;
    case IoKind::write_zeroes: return BlobIoKind::write_zeroes;
    case IoKind::discard: return BlobIoKind::unmap;
    case IoKind::flush: return BlobIoKind::flush;
  }
  std::unreachable();
}
inline void pass_on(const IoRequest& request, BlobIo& io) noexcept {
  io.kind = blob_kind_of(request);
  io.fua = request.fua;
  io.sender = request.purpose;
}

}  // namespace holdfast::durability
