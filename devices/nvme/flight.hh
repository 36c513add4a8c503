// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <system_error>

#include "buffer_cursor.hh"
#include "device_state.hh"
#include "holdfast/host/block_device.hh"
#include "ring.hh"

namespace holdfast::nvme {

class FileChannel;

// One request while the kernel works on it: in one operation, or in several where the kernel stops short,
// takes less in one call, does not know a better way, or needs a flush behind it.
class Flight final : public Operation {
 public:
  Flight(FileChannel& channel, DeviceState& device, Ring& ring) noexcept
      : channel_(&channel), device_(&device), ring_(&ring) {}

  void take_off(IoRequest& request) noexcept;

  void prepare(io_uring_sqe& entry) noexcept override;
  void answered(int32_t result) noexcept override;

 private:
  // What the kernel is asked for now.
  enum class Leg { transfer, zero_range, punch_hole, write_zeroes, flush };

  Leg first_leg() const noexcept;
  uint64_t next_byte() const noexcept { return start_ + done_; }
  void prepare_transfer(io_uring_sqe& entry) noexcept;
  void prepare_zeroes(io_uring_sqe& entry) noexcept;
  uint64_t next_range(uint64_t piece_max) const noexcept;
  bool take_worse_way(int os_error) noexcept;
  void advance(uint64_t bytes) noexcept;
  void land(int os_error) noexcept;

  FileChannel* channel_;
  DeviceState* device_;
  Ring* ring_;

  IoRequest* request_ = nullptr;
  Leg leg_ = Leg::flush;
  uint64_t start_ = 0;  // bytes
  uint64_t done_ = 0;
  uint64_t left_ = 0;
  BufferCursor cursor_;            // transfer
  std::array<iovec, 16> piece_{};  // lives as long as the kernel may read it
};

}  // namespace holdfast::nvme
