// SPDX-License-Identifier: BSD-3-Clause
#include "probe.hh"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>

namespace holdfast::nvme {
namespace {

constexpr uint32_t kSectorSize = 512;
constexpr uint32_t kPageSize = 4096;
constexpr uint32_t kUnitMax = 65536;
constexpr unsigned kLoopMajor = 7;
constexpr const char* kNotTold = "assumed: sysfs does not tell";

using Status = struct statx;

struct Probe {
  ProbeReport report;
  uint32_t smallest_block = kSectorSize;  // what the kernel lets us address
};

Result<> probe_disk(const FileDescriptor& disk, const Status& status, Probe& probe) noexcept;
void probe_file(const FileDescriptor& file, const Status& status, Probe& probe) noexcept;
Promise<uint32_t> probe_buffer_alignment(const Status& status, bool direct_io) noexcept;
std::string queue_folder_of(const Status& status);
bool punches_holes(const FileDescriptor& file, uint64_t size) noexcept;
std::string read_line(const std::string& path);
void overrule(const DeviceOptions& options, ProbeReport& report) noexcept;
Result<> check(const Probe& probe) noexcept;
Error contradicts(uint64_t value, const char* reason) noexcept;
bool is_unit(uint32_t bytes) noexcept;

}  // namespace

Result<ProbeReport> probe(const FileDescriptor& file, bool direct_io, const DeviceOptions& options) noexcept {
  Status status{};
  if (::statx(file.number(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_DIOALIGN, &status) != 0) {
    return error_of_errno(errno, "the device cannot be examined");
  }
  Probe probe;
  probe.report.direct_io = direct_io;
  probe.report.block_device = S_ISBLK(status.stx_mode);
  probe.report.buffer_alignment = probe_buffer_alignment(status, direct_io);
  if (probe.report.block_device) {
    HF_CHECK(probe_disk(file, status, probe));
  } else {
    probe_file(file, status, probe);
  }
  overrule(options, probe.report);
  HF_CHECK(check(probe));
  return probe.report;
}

QueueLimits read_queue_limits(const std::string& queue_folder) noexcept {
  QueueLimits limits;
  const std::string write_cache = read_line(queue_folder + "/write_cache");
  if (write_cache == "write back") limits.write_back = true;
  if (write_cache == "write through") limits.write_back = false;
  const std::string fua = read_line(queue_folder + "/fua");
  if (!fua.empty()) limits.fua = fua != "0";
  const std::string write_zeroes = read_line(queue_folder + "/write_zeroes_max_bytes");
  if (!write_zeroes.empty()) limits.write_zeroes = write_zeroes != "0";
  return limits;
}

namespace {

Result<> probe_disk(const FileDescriptor& disk, const Status& status, Probe& probe) noexcept {
  ProbeReport& report = probe.report;
  int logical_block = 0;
  unsigned physical_block = 0;
  if (::ioctl(disk.number(), BLKGETSIZE64, &report.byte_count) != 0 ||
      ::ioctl(disk.number(), BLKSSZGET, &logical_block) != 0 ||
      ::ioctl(disk.number(), BLKPBSZGET, &physical_block) != 0) {
    return error_of_errno(errno, "the block device does not tell its size");
  }
  probe.smallest_block = static_cast<uint32_t>(logical_block);
  report.block_size = {probe.smallest_block, "logical block size"};
  report.atomic_write_size = {std::bit_floor(std::clamp(physical_block, probe.smallest_block, kUnitMax)),
                              "physical block size"};

  const QueueLimits limits = read_queue_limits(queue_folder_of(status));
  if (status.stx_rdev_major == kLoopMajor) {
    report.volatile_cache = {true, "assumed for loop devices"};
  } else if (limits.write_back) {
    report.volatile_cache = {*limits.write_back, "sysfs queue/write_cache"};
  } else {
    report.volatile_cache = {true, kNotTold};
  }
  report.fua = {limits.fua.value_or(false), limits.fua ? "sysfs queue/fua" : kNotTold};
  // The kernel carries out PUNCH_HOLE on a block device as write-zeroes that may deallocate.
  report.discard = {limits.write_zeroes.value_or(false),
                    limits.write_zeroes ? "sysfs queue/write_zeroes_max_bytes" : kNotTold};
  return {};
}

void probe_file(const FileDescriptor& file, const Status& status, Probe& probe) noexcept {
  ProbeReport& report = probe.report;
  if (report.direct_io && (status.stx_mask & STATX_DIOALIGN) != 0 && status.stx_dio_offset_align != 0) {
    probe.smallest_block = status.stx_dio_offset_align;
  }
  report.byte_count = status.stx_size;
  report.block_size = {std::max(kPageSize, probe.smallest_block), "default for files"};
  report.atomic_write_size = {std::bit_floor(std::clamp(status.stx_blksize, kSectorSize, kPageSize)),
                              "assumed for files: the filesystem's block, at most 4096"};
  report.volatile_cache = {true, "assumed for files"};
  report.fua = {true, "RWF_DSYNC, kept by the kernel for files"};
  report.discard = {punches_holes(file, status.stx_size), "tried: PUNCH_HOLE behind the end of the file"};
}

// An alignment of 0 says that this file has no direct I/O after all; the first request will tell.
Promise<uint32_t> probe_buffer_alignment(const Status& status, bool direct_io) noexcept {
  if (!direct_io) return {1, "none: not direct I/O"};
  if ((status.stx_mask & STATX_DIOALIGN) != 0 && status.stx_dio_mem_align != 0) {
    return {status.stx_dio_mem_align, "statx STATX_DIOALIGN"};
  }
  return {kPageSize, "assumed: statx does not tell"};
}

// A partition has no queue folder of its own; the disk around it does.
std::string queue_folder_of(const Status& status) {
  const std::string device =
      "/sys/dev/block/" + std::to_string(status.stx_rdev_major) + ":" + std::to_string(status.stx_rdev_minor);
  const std::string own = device + "/queue";
  return ::access(own.c_str(), F_OK) == 0 ? own : device + "/../queue";
}

bool punches_holes(const FileDescriptor& file, uint64_t size) noexcept {
  return ::fallocate(file.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size),
                     kPageSize) == 0;
}

// Empty if there is no such file.
std::string read_line(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text;
  const ssize_t length = file.is_open() ? ::read(file.number(), text.data(), text.size()) : 0;
  std::string line(text.data(), length > 0 ? static_cast<size_t>(length) : 0);
  return line.substr(0, line.find('\n'));
}

template <class T>
void overrule_one(const std::optional<T>& option, Promise<T>& promise) noexcept {
  if (option) promise = {*option, "option"};
}

void overrule(const DeviceOptions& options, ProbeReport& report) noexcept {
  overrule_one(options.block_size, report.block_size);
  overrule_one(options.atomic_write_size, report.atomic_write_size);
  overrule_one(options.volatile_cache, report.volatile_cache);
  overrule_one(options.fua, report.fua);
  overrule_one(options.discard, report.discard);
}

Result<> check(const Probe& probe) noexcept {
  const ProbeReport& report = probe.report;
  const uint32_t block_size = report.block_size.value;
  const uint32_t atomic_write_size = report.atomic_write_size.value;
  if (!is_unit(block_size)) {
    return contradicts(block_size, "block_size must be a power of two from 512 to 65536");
  }
  if (block_size < probe.smallest_block) {
    return contradicts(block_size, "block_size is less than this device can address; use at least its own");
  }
  if (!is_unit(atomic_write_size)) {
    return contradicts(atomic_write_size, "atomic_write_size must be a power of two from 512 to 65536");
  }
  if (report.byte_count < block_size) {
    return contradicts(report.byte_count, "the device is smaller than one block");
  }
  return {};
}

Error contradicts(uint64_t value, const char* reason) noexcept {
  return {.code = Errc::invalid_argument, .object = ObjectKind::option, .number = value, .reason = reason};
}

bool is_unit(uint32_t bytes) noexcept {
  return std::has_single_bit(bytes) && bytes >= kSectorSize && bytes <= kUnitMax;
}

template <class T>
void append(std::string& text, const char* name, const Promise<T>& promise, const char* value) {
  text += name;
  text += value;
  text += "  (";
  text += promise.source;
  text += ")\n";
}

void append(std::string& text, const char* name, const Promise<bool>& promise) {
  append(text, name, promise, promise.value ? "yes" : "no");
}

void append(std::string& text, const char* name, const Promise<uint32_t>& promise) {
  append(text, name, promise, std::to_string(promise.value).c_str());
}

}  // namespace

DeviceGeometry ProbeReport::geometry() const noexcept {
  return {.block_size = block_size.value,
          .atomic_write_size = atomic_write_size.value,
          .block_count = byte_count / block_size.value,
          .buffer_alignment = buffer_alignment.value,
          .volatile_cache = volatile_cache.value,
          .fua = fua.value,
          .discard = discard.value,
          .discard_reads_zero = discard.value};
}

std::string describe(const ProbeReport& report) {
  std::string text = report.block_device ? "block device of " : "file of ";
  text += std::to_string(report.byte_count) + " bytes, ";
  text += report.direct_io ? "direct I/O\n" : "through the page cache: this filesystem has no O_DIRECT\n";
  append(text, "block size         ", report.block_size);
  append(text, "buffer alignment   ", report.buffer_alignment);
  append(text, "atomic write size  ", report.atomic_write_size);
  append(text, "volatile cache     ", report.volatile_cache);
  append(text, "FUA                ", report.fua);
  append(text, "discard            ", report.discard);
  return text;
}

}  // namespace holdfast::nvme
