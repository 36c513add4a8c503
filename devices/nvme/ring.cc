// SPDX-License-Identifier: BSD-3-Clause
#include "ring.hh"

#include <cerrno>

#include "file_descriptor.hh"
#include "holdfast/assert.hh"

namespace holdfast::nvme {
namespace {

// One thread submits, and completions are gathered only when it asks for them: no interrupt finds the thread
// in the middle of something else. Kernels before 6.1 do not know the flags and work without them.
int set_up(io_uring& uring, uint32_t capacity) noexcept {
  const int result =
      io_uring_queue_init(capacity, &uring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  return result == -EINVAL ? io_uring_queue_init(capacity, &uring, 0) : result;
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::open(uint32_t capacity) noexcept {
  std::unique_ptr<Ring> ring(new Ring(capacity));
  if (const int result = set_up(ring->uring_, capacity); result < 0) {
    ring->uring_.ring_fd = -1;
    return Error{
        .object = ObjectKind::device,
        .os_error = -result,
        .reason =
            "the kernel refuses an io_uring; see kernel.io_uring_disabled and the limit on locked memory"};
  }
  return ring;
}

Ring::~Ring() {
  if (uring_.ring_fd >= 0) io_uring_queue_exit(&uring_);
}

void Ring::start(Operation& operation) noexcept {
  if (in_kernel_ == capacity_ || !line_.empty()) return line_.push(operation);
  queue(operation);
}

void Ring::turn(bool sleep) noexcept {
  enter(sleep);
  unsigned head = 0;
  unsigned delivered = 0;
  io_uring_cqe* answer = nullptr;
  io_uring_for_each_cqe(&uring_, head, answer) {
    deliver(*answer);
    ++delivered;
  }
  io_uring_cq_advance(&uring_, delivered);
}

void Ring::queue(Operation& operation) noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(&uring_);
  HF_ASSERT(entry != nullptr);  // the submission queue has an entry for each operation that in_kernel_ counts
  operation.prepare(*entry);
  io_uring_sqe_set_data(entry, &operation);
  ++in_kernel_;
}

void Ring::enter(bool sleep) noexcept {
  const int result = sleep ? io_uring_submit_and_wait(&uring_, 1) : io_uring_submit_and_get_events(&uring_);
  // Interrupted, or the kernel is short of memory: what it did not take stays queued for the next turn.
  const bool taken = result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY;
  HF_ASSERT(taken);
}

void Ring::deliver(const io_uring_cqe& answer) noexcept {
  Operation& operation = *static_cast<Operation*>(io_uring_cqe_get_data(&answer));
  --in_kernel_;
  operation.answered(answer.res);
  while (!line_.empty() && in_kernel_ < capacity_) queue(line_.pop());
}

}  // namespace holdfast::nvme
