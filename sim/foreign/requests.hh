// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "holdfast/host/block_device.hh"
#include "holdfast/task.hh"

namespace holdfast::sim {

// A piece of a device and what is done to it. `bytes` belong to the sender until the request has ended.
struct ForeignRequest {
  IoKind kind = IoKind::read;
  uint64_t byte = 0;
  uint64_t length = 0;          // bytes
  std::byte* bytes = nullptr;   // read, write
};

// Requests of a foreign program that are in flight together. They have no purpose that the engine's protocols
// know: no barrier is theirs to ignore, and no invariant takes them for a step of the engine.
class ForeignRequests {
 public:
  ForeignRequests(BlockChannel& channel, std::span<const ForeignRequest> requests);
  ForeignRequests(const ForeignRequests&) = delete;
  ForeignRequests& operator=(const ForeignRequests&) = delete;

  // Ends when all have completed, with an error if any of them failed.
  Task<> run();

 private:
  struct Entry : IoRequest {
    ForeignRequests* sender = nullptr;
    iovec buffer{};
  };

  static void completed(IoRequest& request, std::errc status) noexcept;

  BlockChannel& channel_;
  std::vector<Entry> entries_;
  std::size_t pending_ = 0;
  std::errc status_{};
  Arrival<std::errc> all_done_;
};

}  // namespace holdfast::sim
