// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "holdfast/host/executor.hh"
#include "holdfast/result.hh"
#include "holdfast/task.hh"

namespace holdfast::nvme {

class Ring;

struct LoopOptions {
  // Operations that the kernel works on at a time, 1 to 16384. What is submitted beyond that waits in line:
  // it neither fails nor allocates.
  uint32_t queue_depth = 128;
};

// One thread's io_uring: it runs posted work and the completions of the devices and maps that this thread
// uses.
//
// Thread: opened, turned and destroyed on one thread; only post() and stop() may be called from others. A
// thread may own several loops if it turns each of them.
// Lifetime: outlives every channel and map that was opened on it, and every call of post() and stop(): join
// the threads that post before the loop goes. Posted work that has not run when the loop is destroyed never
// runs.
// Order: a turn first runs the work that was posted before it, then hands to the kernel, in one system call,
// what was submitted since the last turn, then runs the completions that the kernel has. Neither work nor
// completions run outside of a turn, and turns do not nest.
class Loop final : public Executor {
 public:
  enum class Wait { no, yes };

  // Errors: invalid_argument (queue depth), device_failed (the kernel
  // refuses an io_uring; `os_error` says why).
  static Result<std::unique_ptr<Loop>> open(const LoopOptions& options = {}) noexcept;
  ~Loop() override;

  void post(Work& work) noexcept override;
  bool is_current() const noexcept override;

  // One turn. With Wait::yes the thread sleeps while there is nothing to run; it may still wake for nothing.
  void run_once(Wait wait) noexcept;

  // Turns until `done()`, which is asked between turns.
  template <class Predicate>
  void run_until(Predicate done) noexcept {
    while (!done()) run_once(Wait::yes);
  }

  // Starts `task` on this thread and turns until it has ended.
  template <class T>
  Result<T> run(Task<T> task) noexcept {
    task.start();
    run_until([&task] { return task.done(); });
    return task.take_result();
  }

  // Turns until stop(), which any thread may call, also before this call. One stop() ends one such call.
  void run_until_stopped() noexcept;
  void stop() noexcept;

  // For the devices and maps of this library.
  Ring& ring() noexcept { return *ring_; }
  uint32_t queue_depth() const noexcept { return queue_depth_; }

 private:
  class Doorbell;
  class Stop final : public Work {
   public:
    void run() noexcept override;
    std::atomic<bool> posted = false;
    bool reached = false;
  };

  Loop(uint32_t queue_depth, std::unique_ptr<Ring> ring, std::unique_ptr<Doorbell> doorbell) noexcept;

  bool run_posted() noexcept;
  bool may_go_to_sleep() noexcept;

  const std::thread::id thread_ = std::this_thread::get_id();
  const uint32_t queue_depth_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<Doorbell> doorbell_;
  std::atomic<Work*> posted_ = nullptr;  // newest first
  std::atomic<bool> may_sleep_ = false;  // whoever posts now must press the doorbell
  bool turning_ = false;
  Stop stop_;
};

}  // namespace holdfast::nvme
