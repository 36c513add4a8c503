// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "holdfast/blob.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/result.hh"

namespace holdfast {

// A blob as a block device: what needs a device of its own, a compressed volume or another store, can live in
// a blob, which may be thin.
//
// Thread: made and destroyed on the store's home executor; channels may be opened on any thread that the
// store's own device allows.
// Lifetime: the store outlives the device, and the device its channels. It keeps the blob open.
// Geometry: blocks are io units of the store. The device is as large as the blob when it was made; to use
// what the blob gains later, make another one. What a shrinking cuts off fails from then on. The other
// promises are those of the device below, about atomic writes, the cache, FUA, discards and buffers; only,
// atomic writes are not promised beyond the alignment of clusters or beyond eight blocks. Space: the first
// write to a cluster of a thin blob allocates it, which takes longer than other writes and can end with
// no_space_on_device. Discarding gives no cluster back to the store: the device below discards what the blob
// has, and what was never allocated stays so. Never-allocated blocks read as zeroes, whatever the device
// promises of discarded ones. Order: a completed write, also one that allocated, is durable as on any device:
// after a flush, or with FUA. Requests reach the device below with the purpose that they have here. Limits:
// each channel works on kDepth requests at a time and has memory for those from its beginning; what is
// submitted beyond waits in line.
//
// Errors of requests, besides the contract's invalid_argument: what the device below answered;
// no_space_on_device; no_such_device_or_address (the blob no longer reaches so far); read_only_file_system
// (the blob or the store refuses changes); not_supported (the blob has a parent); not_enough_memory (too many
// operations in flight on the home executor); otherwise io_error.
class BlobDevice final : public BlockDevice {
 public:
  static constexpr uint32_t kDepth = 128;

  BlobDevice(Blobstore& store, BlobHandle blob) noexcept;

  const DeviceGeometry& geometry() const noexcept override { return geometry_; }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override;

 private:
  Blobstore& store_;
  const BlobHandle blob_;
  const DeviceGeometry geometry_;
};

}  // namespace holdfast
