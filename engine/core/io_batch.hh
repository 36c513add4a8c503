// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <system_error>
#include <vector>

#include "holdfast/host/block_device.hh"
#include "holdfast/task.hh"

namespace holdfast {

// Requests that are in flight together and awaited together. Dropping a batch that is in flight is legal only
// when its device will never complete it.
class IoBatch {
 public:
  IoBatch(BlockChannel& channel, std::size_t count) : channel_(channel), entries_(count) {}
  IoBatch(const IoBatch&) = delete;
  IoBatch& operator=(const IoBatch&) = delete;

  // Another number of requests, all of them new, for another run(). Up to the first number nothing is
  // allocated.
  void resize(std::size_t count) {
    entries_.resize(count);
    for (Entry& entry : entries_) static_cast<IoRequest&>(entry) = IoRequest{};
  }
  std::size_t size() const noexcept { return entries_.size(); }

  // Fill in every request before run(); set_buffer() is for the request with one buffer.
  IoRequest& operator[](std::size_t index) noexcept { return entries_[index]; }
  void set_buffer(std::size_t index, void* data, std::size_t size) noexcept {
    entries_[index].buffer = {.iov_base = data, .iov_len = size};
    entries_[index].buffers = {&entries_[index].buffer, 1};
  }

  // Ends when all have completed, with the first error.
  Task<> run() {
    if (entries_.empty()) co_return {};
    pending_ = entries_.size();
    failure_ = {};
    all_done_.emplace();
    for (Entry& entry : entries_) {
      entry.batch = this;
      entry.on_complete = &IoBatch::completed;
      channel_.submit(entry);
    }
    Arrival<Failure>& all_done = *all_done_;
    const Failure failure = co_await all_done;
    if (failure.status == std::errc{}) co_return {};
    co_return Error{.code = Errc::device_failed,
                    .object = ObjectKind::device,
                    .os_error = static_cast<int32_t>(failure.status),
                    .byte = failure.byte,
                    .reason = name_of(failure.step)};
  }

 private:
  struct Entry : IoRequest {
    IoBatch* batch = nullptr;
    iovec buffer{};
  };
  struct Failure {
    std::errc status{};
    uint64_t byte = Error::kNowhere;
    Step step = Step::none;
  };

  static void completed(IoRequest& request, std::errc status) noexcept {
    IoBatch& batch = *static_cast<Entry&>(request).batch;
    if (status != std::errc{} && batch.failure_.status == std::errc{}) {
      batch.failure_ = {status, request.block * batch.channel_.geometry().block_size, request.purpose.step};
    }
    if (--batch.pending_ == 0) batch.all_done_->set(batch.failure_);
  }

  BlockChannel& channel_;
  std::vector<Entry> entries_;
  std::size_t pending_ = 0;
  Failure failure_;
  std::optional<Arrival<Failure>> all_done_;
};

}  // namespace holdfast
