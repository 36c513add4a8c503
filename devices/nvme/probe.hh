// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "file_descriptor.hh"
#include "holdfast/nvme/block_device.hh"

namespace holdfast::nvme {

// What the kernel tells about a disk in its sysfs folder. What it does not tell is absent.
struct QueueLimits {
  std::optional<bool> write_back;
  std::optional<bool> fua;
  std::optional<bool> write_zeroes;
};
QueueLimits read_queue_limits(const std::string& queue_folder) noexcept;

// Asks the kernel, fills in what it does not tell, lets the options overrule both, and checks that the result
// makes sense. `file` is a regular file or a block device; `direct_io` is how it was opened.
Result<ProbeReport> probe(const FileDescriptor& file, bool direct_io, const DeviceOptions& options) noexcept;

}  // namespace holdfast::nvme
