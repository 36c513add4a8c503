// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::tools {

// A file or block device, used through io_uring on this thread.
struct RealDevice {
  std::unique_ptr<nvme::Loop> loop;
  std::unique_ptr<nvme::FileDevice> device;
};

Result<RealDevice> open_device(const std::string& path, const nvme::DeviceOptions& options);

}  // namespace holdfast::tools
