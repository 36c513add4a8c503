// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

#include "holdfast/host/executor.hh"
#include "holdfast/host/purpose.hh"
#include "holdfast/result.hh"

namespace holdfast {

// What a device promises. A host that is not sure states the weaker promise.
struct DeviceGeometry {
  uint32_t block_size = 4096;         // bytes; the unit of IoRequest::block
  uint32_t atomic_write_size = 4096;  // bytes, a power of two: an aligned piece of a write of this size is
                                      // old or new after a power cut, never a mix
  uint64_t block_count = 0;
  uint32_t buffer_alignment = 4096;   // bytes: addresses of buffers handed to submit()
  bool volatile_cache = true;         // false: a completed write is already durable
  bool fua = false;                   // a write may ask to be durable at its completion
  bool discard = false;  // discard is carried out (otherwise it completes and changes nothing)
  bool discard_reads_zero = false;  // a discarded block reads as zeroes

  uint64_t byte_count() const noexcept { return block_count * block_size; }
};

enum class IoKind : uint8_t { read, write, write_zeroes, discard, flush };

// One request to a device. Owned by the caller; borrowed by the channel from submit() until on_complete
// begins, together with the buffers and the iovec array that `buffers` points at.
struct IoRequest {
  IoKind kind = IoKind::read;
  bool fua = false;  // write, write_zeroes: durable at completion; only if the geometry offers it
  Purpose purpose;
  uint64_t block = 0;  // first block; unused by flush
  uint64_t block_count = 0;  // read, write: the buffers hold exactly this many blocks
  // read, write: addresses aligned to buffer_alignment, lengths to block_size
  std::span<const iovec> buffers;
  void (*on_complete)(IoRequest&, std::errc) noexcept = nullptr;  // std::errc{} is success

  // The channel's own words while it borrows the request.
  IoRequest* host_next = nullptr;
  uint64_t host_word[4] = {};
};

// One thread's way to a device: used and completed on the executor that it was opened for. The contract:
//  1. on_complete never runs inside submit().
//  2. Requests in flight together complete, and reach media, in any order.
//  3. A completed write may still be lost. It is durable once a flush that was submitted after its
//     completion, on any channel of the device, completes; or once it completes, if it was sent with FUA or
//     the device has no volatile cache.
//  4. Metadata requests in flight never overlap. Overlapping user data is legal: each atomic unit ends as
//     one of them.
//  5. A request that fails has done any part of its work, or none.
//  6. Blocks outside the device are the caller's error: the request completes with invalid_argument.
class BlockChannel {
 public:
  BlockChannel() = default;
  BlockChannel(const BlockChannel&) = delete;
  BlockChannel& operator=(const BlockChannel&) = delete;
  virtual ~BlockChannel() = default;  // with nothing in flight

  virtual const DeviceGeometry& geometry() const noexcept = 0;
  virtual void submit(IoRequest& request) noexcept = 0;
};

// A device that any number of threads may open channels on. Outlives its channels.
class BlockDevice {
 public:
  BlockDevice() = default;
  BlockDevice(const BlockDevice&) = delete;
  BlockDevice& operator=(const BlockDevice&) = delete;
  virtual ~BlockDevice() = default;

  virtual const DeviceGeometry& geometry() const noexcept = 0;
  // On the thread of `executor`, which must be one of this host's own.
  virtual Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept = 0;
};

}  // namespace holdfast
