// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "file_descriptor.hh"
#include "holdfast/nvme/loop.hh"
#include "holdfast/task.hh"

namespace holdfast::nvme {

// Makes a new file durable, and its name in its folder. Blocks.
Result<> sync_new_file(const FileDescriptor& file, const std::string& path) noexcept;

// Ends when the names that `folder` has by now are durable. On the loop's thread; the loop goes on meanwhile.
// May be abandoned; the folder may then be closed at once.
Task<> sync_folder(Loop& loop, const FileDescriptor& folder);

}  // namespace holdfast::nvme
