// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace holdfast::nvme {

// A file as a block device, which is detached when this object and every user of the device are gone.
class LoopDevice {
 public:
  // Nothing if this process may not attach loop devices, or the kernel has none.
  static std::unique_ptr<LoopDevice> attach(const std::string& file, uint32_t sector_size);
  static bool available();

  LoopDevice(const LoopDevice&) = delete;
  LoopDevice& operator=(const LoopDevice&) = delete;
  ~LoopDevice();

  const std::string& path() const noexcept { return path_; }

 private:
  LoopDevice(int device, std::string path) noexcept;

  const int device_;
  const std::string path_;
};

}  // namespace holdfast::nvme
