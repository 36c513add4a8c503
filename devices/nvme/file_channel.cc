// SPDX-License-Identifier: BSD-3-Clause
#include "file_channel.hh"

#include "fault_points.hh"
#include "holdfast/assert.hh"
#include "request_check.hh"

namespace holdfast::nvme {

FileChannel::FileChannel(DeviceState& device, Loop& loop) : device_(device), loop_(loop) {
  flights_.reserve(loop.queue_depth());
  free_flights_.reserve(loop.queue_depth());
  for (uint32_t i = 0; i < loop.queue_depth(); ++i) {
    free_flights_.push_back(&flights_.emplace_back(*this, device, loop.ring()));
  }
}

FileChannel::~FileChannel() {
  HF_ASSERT(free_flights_.size() ==
            flights_.size());  // nothing in flight: the kernel would write into freed memory
  HF_ASSERT(finished_.empty());
}

void FileChannel::submit(IoRequest& request) noexcept {
  const std::errc refusal = refusal_of(request, device_.geometry, device_.read_only);
  const bool changes_nothing = request.kind == IoKind::discard && !device_.geometry.discard;
  if (refusal != std::errc{} || changes_nothing) return finish_later(request, refusal);
  if (fails_at_fault_point(request.kind)) return finish_later(request, std::errc::io_error);
  if (free_flights_.empty()) return waiting_.push(request);

  Flight& flight = *free_flights_.back();
  free_flights_.pop_back();
  flight.take_off(request);
}

// The flight goes to the next in line before the completion runs, which may submit again.
void FileChannel::landed(Flight& flight, IoRequest& request, std::errc result) noexcept {
  if (waiting_.empty()) {
    free_flights_.push_back(&flight);
  } else {
    flight.take_off(waiting_.pop());
  }
  request.on_complete(request, result);
}

void FileChannel::finish_later(IoRequest& request, std::errc result) noexcept {
  request.host_word[0] = static_cast<uint64_t>(result);
  if (finished_.empty()) loop_.post(*this);
  finished_.push(request);
}

// Completes what was finished before this turn; what the completions submit waits for the next one.
void FileChannel::run() noexcept {
  RequestLine finished = std::exchange(finished_, RequestLine{});
  while (!finished.empty()) {
    IoRequest& request = finished.pop();
    request.on_complete(request, static_cast<std::errc>(request.host_word[0]));
  }
}

}  // namespace holdfast::nvme
