// SPDX-License-Identifier: BSD-3-Clause
#include "durability/device_flush.hh"

#include "core/io_batch.hh"

namespace holdfast::durability {

// The shared one is submitted after the writes of all who share it have completed.
Task<> DeviceFlush::run(Barrier barrier) {
  const uint64_t wanted = ++wanted_;
  AsyncMutex::Guard guard = co_await mutex_.lock();
  if (write_stop_.stopped()) co_return write_stop_.error();
  if (done_ >= wanted) co_return {};
  const uint64_t covered = wanted_;
  IoBatch batch(channel_, 1);
  batch[0].kind = IoKind::flush;
  batch[0].purpose = {Step::flush, barrier};
  const auto flushed = co_await batch.run();
  const bool never_sent = !flushed && flushed.error().code == Errc::no_resources;
  if (never_sent) co_return flushed.error();
  if (!flushed) write_stop_.flush_failed(flushed.error().os_error);
  if (write_stop_.stopped()) co_return write_stop_.error();  // perhaps by a channel's flush meanwhile
  done_ = covered;
  co_return {};
}

}  // namespace holdfast::durability
