// SPDX-License-Identifier: BSD-3-Clause
#include "write_back.hh"

#include <cerrno>

#include "holdfast/assert.hh"

namespace holdfast::nvme {

WriteBack::Wait::Wait(WriteBack& write_back) noexcept {
  if (write_back.os_error_ != 0) {
    os_error.set(write_back.os_error_);
  } else {
    write_back.join(*this);
  }
}

WriteBack::Wait::~Wait() {
  if (waits_for_ != nullptr) waits_for_->leave(*this);
}

// A call that the kernel works on began before this wait: the next one serves it.
void WriteBack::join(Wait& wait) noexcept {
  wait.waits_for_ = this;
  wait.call_ = calls_ + 1;
  Wait** link = &first_;
  while (*link != nullptr) link = &(*link)->next_;
  *link = &wait;
  if (state_ == State::idle) begin();
}

void WriteBack::leave(Wait& wait) noexcept {
  Wait** link = &first_;
  while (*link != &wait) link = &(*link)->next_;
  *link = wait.next_;
  wait.waits_for_ = nullptr;
}

void WriteBack::begin() noexcept {
  state_ = State::in_kernel;
  ++calls_;
  ring_.start(*this);
}

void WriteBack::prepare(io_uring_sqe& entry) noexcept {
  io_uring_prep_fsync(&entry, file_, IORING_FSYNC_DATASYNC);
}

// Whoever is served may wait again, and gathers for the next call; or let everything go.
void WriteBack::answered(int32_t result) noexcept {
  if (result == -EINTR && !released_) return ring_.start(*this);
  state_ = State::answering;
  if (result < 0) os_error_ = -result;
  while (first_ != nullptr && (first_->call_ <= calls_ || os_error_ != 0)) {
    Wait& served = *first_;
    leave(served);
    served.os_error.set(os_error_);
  }
  state_ = State::idle;
  if (released_) {
    delete this;
  } else if (first_ != nullptr) {
    begin();
  }
}

void WriteBack::release() noexcept {
  HF_ASSERT(first_ == nullptr);
  if (state_ == State::idle) {
    delete this;
  } else {
    released_ = true;
  }
}

}  // namespace holdfast::nvme
