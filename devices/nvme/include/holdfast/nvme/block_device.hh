// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "holdfast/host/block_device.hh"
#include "holdfast/result.hh"

namespace holdfast::nvme {

// What to open, and what to believe of it. An option that is left out is probed or assumed: see ProbeReport.
struct DeviceOptions {
  // Create a new file of so many bytes, all zeroes; it must not exist yet.
  std::optional<uint64_t> create_bytes{};
  // Writes, write-zeroes, discards and flushes complete with read_only_file_system.
  bool read_only = false;

  // Bytes, a power of two from 512 to 65536; not less than what the device can address.
  std::optional<uint32_t> block_size{};
  // Bytes, a power of two from 512 to 65536; may be less than a block.
  std::optional<uint32_t> atomic_write_size{};
  // False only if power loss cannot lose a completed write.
  std::optional<bool> volatile_cache{};
  std::optional<bool> fua{};
  std::optional<bool> discard{};
};

// One promise of a device and its source, for example "sysfs
// queue/write_cache", "assumed for files", "option".
template <class T>
struct Promise {
  T value{};
  const char* source = "";  // string literal
};

// What is promised of a device, and by whom. Ask it before trusting a new kind of disk.
struct ProbeReport {
  bool block_device = false;  // else a regular file
  bool direct_io = false;  // else the filesystem has no O_DIRECT, and I/O goes through the page cache
  uint64_t byte_count = 0;
  Promise<uint32_t> block_size;
  Promise<uint32_t> buffer_alignment;
  Promise<uint32_t> atomic_write_size;
  Promise<bool> volatile_cache;
  Promise<bool> fua;
  Promise<bool> discard;  // as PUNCH_HOLE, which always reads as zeroes afterwards

  DeviceGeometry geometry() const noexcept;
};

// One line a promise, for people.
std::string describe(const ProbeReport& report);

// A regular file or a block device, used through io_uring, with O_DIRECT where the filesystem has it.
//
// What is promised by default:
//  - atomic_write_size of a block device is its physical block size. For NVMe that already holds what the
//    controller guarantees for a write that loses power. The kernel's atomic_write_unit_max does not help: it
//    is a promise to writes marked RWF_ATOMIC alone, and a long write cannot be marked.
//  - atomic_write_size of a file is the smaller of 4096 and the filesystem's block. This is an assumption
//    about the disk below, which the filesystem does not tell: if that disk can tear a 4 KiB write, set the
//    option to 512.
//  - volatile_cache is true unless the kernel calls a block device "write through". Files, and loop devices,
//    which are files, are assumed to have one.
//  - fua: files have it (the kernel follows such a write with what the disk needs), block devices as sysfs
//    says.
//
// Thread: opened, and destroyed after its channels, on any thread; a channel belongs to the thread of its
// loop.
// Exclusion: a writable device is claimed (flock; O_EXCL too on a block device). A second writer, or one of a
// mounted disk, gets busy. Who only reads is let in, and may see the writer's half-done work.
// Errors: a request that fails carries the kernel's errno. A read behind the end of a file that somebody
// shortened is io_error. After one failed flush every later flush of the device fails: the kernel tells once
// that it lost a write, and believes the next flush to be complete.
//
// With the CMake option HOLDFAST_FIU, libfiu can make real requests fail: the points holdfast/nvme/read,
// write, write_zeroes, discard and flush end such a request with io_error before it reaches the kernel.
class FileDevice final : public BlockDevice {
 public:
  // Creation ends with the file's size and its directory entry durable. If power fails before, a file of that
  // name may be left that holds nothing yet: remove it. May block on the disk.
  // Errors: not_found, already_exists, busy, device_failed, no_resources, no_space; invalid_argument if an
  // option contradicts the device (the reason says which).
  static Result<std::unique_ptr<FileDevice>> open(const std::string& path,
                                                  const DeviceOptions& options = {}) noexcept;
  ~FileDevice() override;

  const DeviceGeometry& geometry() const noexcept override;
  const ProbeReport& probe_report() const noexcept;

  // `executor` is a Loop; anything else is invalid_argument. The channel can have as many requests with the
  // kernel at a time as the loop is deep.
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override;

 private:
  struct State;
  explicit FileDevice(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace holdfast::nvme
