// SPDX-License-Identifier: BSD-3-Clause
#include "devices/nvme/loop_device.hh"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "devices/nvme/scratch.hh"

namespace holdfast::nvme {
namespace {

int free_device_number() {
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return -1;
  const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
  ::close(control);
  return number;
}

}  // namespace

std::unique_ptr<LoopDevice> LoopDevice::attach(const std::string& file, uint32_t sector_size) {
  const int backing = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (backing < 0) return nullptr;
  loop_config config{};
  config.fd = static_cast<uint32_t>(backing);
  config.block_size = sector_size;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;

  std::unique_ptr<LoopDevice> attached;
  bool again = true;
  while (again) {
    std::string path = "/dev/loop" + std::to_string(free_device_number());
    const int device = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    again = false;
    if (device >= 0 && ::ioctl(device, LOOP_CONFIGURE, &config) == 0) {
      attached.reset(new LoopDevice(device, std::move(path)));
    } else if (device >= 0) {
      again = errno == EBUSY;  // another process was faster
      ::close(device);
    }
  }
  ::close(backing);
  return attached;
}

bool LoopDevice::available() {
  const Scratch scratch;
  std::ofstream(scratch.path("file")).flush();
  std::filesystem::resize_file(scratch.path("file"), 65536);
  return attach(scratch.path("file"), 512) != nullptr;
}

LoopDevice::LoopDevice(int device, std::string path) noexcept : device_(device), path_(std::move(path)) {}
LoopDevice::~LoopDevice() { ::close(device_); }

}  // namespace holdfast::nvme
