// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>

#include "file_descriptor.hh"
#include "holdfast/nvme/block_device.hh"

namespace holdfast::nvme {

// How this file's blocks become zeroes, best first.
enum class ZeroMethod { zero_range, punch_hole, write };

// What the channels of one device share.
struct DeviceState {
  FileDescriptor claim;  // open if the device is writable
  FileDescriptor file;
  ProbeReport report;
  DeviceGeometry geometry;  // what the report promises
  bool read_only = false;
  std::atomic<ZeroMethod> zero_method = ZeroMethod::zero_range;  // the best one not yet refused
  std::atomic<int> failed_flush = 0;  // the errno of the first flush that failed
};

}  // namespace holdfast::nvme
