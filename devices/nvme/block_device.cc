// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/nvme/block_device.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "device_state.hh"
#include "file_channel.hh"
#include "probe.hh"
#include "sync.hh"

namespace holdfast::nvme {
namespace {

Result<> create_file(const std::string& path, uint64_t bytes) noexcept;
Result<> open_existing(const std::string& path, const DeviceOptions& options, DeviceState& state) noexcept;
Result<> is_device(const std::string& path) noexcept;

}  // namespace

struct FileDevice::State : DeviceState {};

Result<std::unique_ptr<FileDevice>> FileDevice::open(const std::string& path,
                                                     const DeviceOptions& options) noexcept {
  if (options.create_bytes) HF_CHECK(create_file(path, *options.create_bytes));
  auto state = std::make_unique<State>();
  if (const Result<> opened = open_existing(path, options, *state); !opened) {
    if (options.create_bytes) ::unlink(path.c_str());
    return opened.error();
  }
  return std::unique_ptr<FileDevice>(new FileDevice(std::move(state)));
}

FileDevice::FileDevice(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
FileDevice::~FileDevice() = default;

const DeviceGeometry& FileDevice::geometry() const noexcept { return state_->geometry; }
const ProbeReport& FileDevice::probe_report() const noexcept { return state_->report; }

Result<std::unique_ptr<BlockChannel>> FileDevice::open_channel(Executor& executor) noexcept {
  auto* loop = dynamic_cast<Loop*>(&executor);
  if (loop == nullptr) {
    return Error{.code = Errc::invalid_argument,
                 .object = ObjectKind::device,
                 .reason = "a channel of this device needs a holdfast::nvme::Loop as its executor"};
  }
  return std::make_unique<FileChannel>(*state_, *loop);
}

namespace {

Result<> create_file(const std::string& path, uint64_t bytes) noexcept {
  const FileDescriptor file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644));
  if (!file.is_open()) return error_of_errno(errno, "the file cannot be created");
  Result<> made;
  if (::ftruncate(file.number(), static_cast<off_t>(bytes)) != 0) {
    made = error_of_errno(errno, "the new file cannot be given its size");
  } else {
    made = sync_new_file(file, path);
  }
  if (!made) ::unlink(path.c_str());
  return made;
}

Result<> open_existing(const std::string& path, const DeviceOptions& options, DeviceState& state) noexcept {
  HF_CHECK(is_device(path));
  if (!options.read_only) {
    HF_TRY(state.claim, claim(path));
  }

  const int flags = O_CLOEXEC | (options.read_only ? O_RDONLY : O_RDWR);
  bool direct_io = true;
  state.file = FileDescriptor(::open(path.c_str(), flags | O_DIRECT));
  if (!state.file.is_open() && errno == EINVAL) {
    direct_io = false;
    state.file = FileDescriptor(::open(path.c_str(), flags));
  }
  if (!state.file.is_open()) return error_of_errno(errno, "the device cannot be opened");
  HF_TRY(state.report, probe(state.file, direct_io, options));
  state.geometry = state.report.geometry();
  state.read_only = options.read_only;
  return {};
}

// Asked before opening: merely to open something else may block, or have effects.
Result<> is_device(const std::string& path) noexcept {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return error_of_errno(errno, "the device cannot be found");
  if (S_ISBLK(status.st_mode) || S_ISREG(status.st_mode)) return {};
  return Error{.code = Errc::invalid_argument,
               .object = ObjectKind::device,
               .reason = "neither a regular file nor a block device; name one of these"};
}

}  // namespace
}  // namespace holdfast::nvme
