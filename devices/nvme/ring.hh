// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>

#include "fifo.hh"
#include "holdfast/result.hh"

namespace holdfast::nvme {

// One thing that the kernel does for somebody. Borrowed by the ring from start() until answered() begins.
class Operation {
 public:
  virtual void prepare(io_uring_sqe& entry) noexcept = 0;
  // The result as the kernel gives it: a negative errno, or what the
  // operation counts. May start this operation again.
  virtual void answered(int32_t result) noexcept = 0;

  Operation* ring_next = nullptr;

 protected:
  ~Operation() = default;
};

// A thread's io_uring, with room for a fixed number of operations. Operations beyond it wait in line.
class Ring {
 public:
  static Result<std::unique_ptr<Ring>> open(uint32_t capacity) noexcept;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  // Queues the operation; the kernel sees it in the next turn.
  void start(Operation& operation) noexcept;

  // Hands everything queued to the kernel, sleeps until there is an answer if asked to, delivers the answers.
  void turn(bool sleep) noexcept;

  uint32_t in_kernel() const noexcept { return in_kernel_; }

 private:
  explicit Ring(uint32_t capacity) noexcept : capacity_(capacity) {}

  void queue(Operation& operation) noexcept;
  void enter(bool sleep) noexcept;
  void deliver(const io_uring_cqe& answer) noexcept;

  const uint32_t capacity_;
  uint32_t in_kernel_ = 0;  // queued for it, or with it
  Fifo<Operation, &Operation::ring_next> line_;
  io_uring uring_{};
};

}  // namespace holdfast::nvme
