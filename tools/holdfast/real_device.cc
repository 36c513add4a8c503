// SPDX-License-Identifier: BSD-3-Clause
#include "real_device.hh"

namespace holdfast::tools {

Result<RealDevice> open_device(const std::string& path, const nvme::DeviceOptions& options) {
  RealDevice real;
  HF_TRY(real.loop, nvme::Loop::open());
  HF_TRY(real.device, nvme::FileDevice::open(path, options));
  return real;
}

}  // namespace holdfast::tools
