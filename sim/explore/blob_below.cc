// SPDX-License-Identifier: BSD-3-Clause
#include "explore/blob_below.hh"

#include <utility>

namespace holdfast::sim {

class BlobBelow::TracedChannel final : public BlockChannel {
 public:
  TracedChannel(BlobBelow& device, std::unique_ptr<BlockChannel> below) noexcept
      : device_(device), below_(std::move(below)) {}

  const DeviceGeometry& geometry() const noexcept override { return below_->geometry(); }
  void submit(IoRequest& request) noexcept override {
    device_.trace_.submitted_by_volume(device_.scheduler_.next_event(), request);
    below_->submit(request);
  }

 private:
  BlobBelow& device_;
  std::unique_ptr<BlockChannel> below_;
};

Result<std::unique_ptr<BlockChannel>> BlobBelow::open_channel(Executor& executor) noexcept {
  HF_TRY(std::unique_ptr<BlockChannel> below, device_.open_channel(executor));
  return std::unique_ptr<BlockChannel>(std::make_unique<TracedChannel>(*this, std::move(below)));
}

}  // namespace holdfast::sim
