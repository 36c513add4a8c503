// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>

#include "holdfast/result.hh"

namespace holdfast::nvme {

// An open file, closed when its owner goes.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor();

  bool is_open() const noexcept { return number_ >= 0; }
  int number() const noexcept { return number_; }

 private:
  int number_ = -1;
};

// What the operating system answered, as an Error. `reason` is a literal: what was tried, and the remedy.
Error error_of_errno(int os_error, const char* reason) noexcept;

// Keeps every other claimant of the file or block device out until the descriptor that it returns is closed;
// busy if there is one. The descriptor is not for I/O: the kernel may hold a file a moment longer than the
// last io_uring operation on it takes to complete, and who closes a
// device must be able to open it again at once.
Result<FileDescriptor> claim(const std::string& path) noexcept;

}  // namespace holdfast::nvme
