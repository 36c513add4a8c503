// SPDX-License-Identifier: BSD-3-Clause
#include "image_file.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::tools {
namespace {

Error file_error(const char* reason, int os_error, uint64_t byte = Error::kNowhere) {
  return {.code = Errc::device_failed,
          .object = ObjectKind::device,
          .os_error = os_error,
          .byte = byte,
          .reason = reason};
}

}  // namespace

Result<std::unique_ptr<ImageFile>> ImageFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return file_error("it cannot be opened", errno);
  struct stat status{};
  const bool known = fstat(descriptor, &status) == 0;
  const off_t size =
      known && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) ? lseek(descriptor, 0, SEEK_END) : -1;
  std::unique_ptr<ImageFile> image(new ImageFile(descriptor, size < 0 ? 0 : static_cast<uint64_t>(size)));
  if (size < 0) return file_error("it is neither a file nor a block device", 0);
  return image;
}

ImageFile::~ImageFile() { close(descriptor_); }

Result<> ImageFile::keep_writers_out() {
  if (flock(descriptor_, LOCK_SH | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return file_error("it cannot be locked against writers", errno);
  return Error{.code = Errc::busy,
               .object = ObjectKind::device,
               .os_error = EBUSY,
               .reason = "a program has it open for writing; close it there first"};
}

Result<> ImageFile::read(uint64_t byte, std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t count = pread(descriptor_, into.data(), into.size(), static_cast<off_t>(byte));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("it cannot be read", errno, byte);
    if (count == 0) return file_error("it ends before this byte; is this the whole image?", 0, byte);
    byte += static_cast<uint64_t>(count);
    into = into.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace holdfast::tools
