// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "explore/trace.hh"
#include "holdfast/blob_device.hh"
#include "holdfast/simdisk/scheduler.hh"

namespace holdfast::sim {

// The blob that a volume lies in, as its device. What the volume sends is traced here, where units have the
// numbers that the volume gives them; the disk below sees clusters.
class BlobBelow final : public BlockDevice {
 public:
  BlobBelow(Blobstore& store, BlobHandle blob, Trace& trace, simdisk::Scheduler& scheduler)
      : device_(store, std::move(blob)), trace_(trace), scheduler_(scheduler) {}

  const DeviceGeometry& geometry() const noexcept override { return device_.geometry(); }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override;

 private:
  class TracedChannel;

  BlobDevice device_;
  Trace& trace_;
  simdisk::Scheduler& scheduler_;
};

}  // namespace holdfast::sim
