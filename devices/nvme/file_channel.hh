// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include "device_state.hh"
#include "fifo.hh"
#include "flight.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::nvme {

// One thread's way to an open file. Requests take off in the order in which they were submitted, each in a
// flight of its own; the number of flights is fixed, and requests beyond it wait in line.
class FileChannel final : public BlockChannel, private Work {
 public:
  FileChannel(DeviceState& device, Loop& loop);
  ~FileChannel() override;

  const DeviceGeometry& geometry() const noexcept override { return device_.geometry; }
  void submit(IoRequest& request) noexcept override;

  // From a flight: `request` has ended.
  void landed(Flight& flight, IoRequest& request, std::errc result) noexcept;

 private:
  using RequestLine = Fifo<IoRequest, &IoRequest::host_next>;

  void finish_later(IoRequest& request, std::errc result) noexcept;
  void run() noexcept override;

  DeviceState& device_;
  Loop& loop_;
  std::vector<Flight> flights_;
  std::vector<Flight*> free_flights_;  // the same size: never grows
  RequestLine waiting_;                // for a free flight
  RequestLine finished_;               // without the kernel; complete in the loop's next turn
};

}  // namespace holdfast::nvme
