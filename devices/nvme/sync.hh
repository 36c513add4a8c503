// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "file_descriptor.hh"
#include "holdfast/nvme/loop.hh"
#include "holdfast/task.hh"

namespace holdfast::nvme {

// Makes a new file durable, and its name in its folder. Blocks.
Result<> sync_new_file(const FileDescriptor& file, const std::string& path) noexcept;

enum class SyncScope {
  data,      // the bytes, and what is needed to read them back
  all,       // everything; for a folder, its names
};

// Ends when what was written to `file` before the call is durable. On the loop's thread; the loop goes on
// meanwhile. May be abandoned; the file may then be closed at once.
Task<> sync(Loop& loop, const FileDescriptor& file, SyncScope scope);

}  // namespace holdfast::nvme
