// SPDX-License-Identifier: BSD-3-Clause
#include "foreign/requests.hh"

namespace holdfast::sim {

ForeignRequests::ForeignRequests(BlockChannel& channel, std::span<const ForeignRequest> requests)
    : channel_(channel), entries_(requests.size()) {
  const uint32_t block_size = channel.geometry().block_size;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Entry& entry = entries_[i];
    entry.sender = this;
    entry.kind = requests[i].kind;
    entry.block = requests[i].byte / block_size;
    entry.block_count = requests[i].length / block_size;
    entry.on_complete = &ForeignRequests::completed;
    if (requests[i].bytes == nullptr) continue;
    entry.buffer = {.iov_base = requests[i].bytes, .iov_len = requests[i].length};
    entry.buffers = {&entry.buffer, 1};
  }
}

Task<> ForeignRequests::run() {
  if (entries_.empty()) co_return {};
  pending_ = entries_.size();
  for (Entry& entry : entries_) channel_.submit(entry);
  const std::errc status = co_await all_done_;
  if (status == std::errc{}) co_return {};
  co_return Error{.code = Errc::device_failed,
                  .object = ObjectKind::device,
                  .os_error = static_cast<int32_t>(status),
                  .reason = "a request of the foreign program failed"};
}

void ForeignRequests::completed(IoRequest& request, std::errc status) noexcept {
  ForeignRequests& sender = *static_cast<Entry&>(request).sender;
  if (sender.status_ == std::errc{}) sender.status_ = status;
  if (--sender.pending_ == 0) sender.all_done_.set(sender.status_);
}

}  // namespace holdfast::sim
