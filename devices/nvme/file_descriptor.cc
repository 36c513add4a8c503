// SPDX-License-Identifier: BSD-3-Clause
#include "file_descriptor.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::nvme {
namespace {

Errc code_of_errno(int os_error) noexcept {
  switch (os_error) {
    case EBUSY: return Errc::busy;
    case EEXIST: return Errc::already_exists;
    case EINVAL: return Errc::invalid_argument;
    case ENOENT: return Errc::not_found;
    case EROFS: return Errc::read_only;
    case ENOSPC:
    case EDQUOT: return Errc::no_space;
    case ENOMEM:
    case EMFILE:
    case ENFILE: return Errc::no_resources;
    default: return Errc::device_failed;
  }
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (is_open()) ::close(number_);
}

Error error_of_errno(int os_error, const char* reason) noexcept {
  return {
      .code = code_of_errno(os_error), .object = ObjectKind::device, .os_error = os_error, .reason = reason};
}

// A mounted block device is claimed by its filesystem; O_EXCL respects that claim. Files know only the lock.
Result<FileDescriptor> claim(const std::string& path) noexcept {
  struct stat status{};
  const bool block_device = ::stat(path.c_str(), &status) == 0 && S_ISBLK(status.st_mode);
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | (block_device ? O_EXCL : 0)));
  const bool claimed = file.is_open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0;
  if (claimed) return file;
  if (errno == EBUSY || errno == EWOULDBLOCK) {
    return Error{
        .code = Errc::busy,
        .object = ObjectKind::device,
        .os_error = EBUSY,
        .reason = "mounted, or open for writing in another process or in this one; close it there first"};
  }
  return error_of_errno(errno, "the file cannot be claimed for writing");
}

}  // namespace holdfast::nvme
