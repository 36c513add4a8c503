// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace holdfast {

// A unit of work that waits for its executor. Owned by whoever posts it; borrowed by the executor from
// post() until run() begins. It is not copied and must not be posted again before run() begins.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  virtual void run() noexcept = 0;

  Work* host_next = nullptr;  // the executor's own link

 protected:
  ~Work() = default;
};

// One thread of the host that runs work and device completions, one at a time.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  // From any thread. `work.run()` is called later on this executor's thread, never inside post().
  // Work posted by one thread runs in the order in which it was posted.
  virtual void post(Work& work) noexcept = 0;

  // True on the thread that runs this executor's work.
  virtual bool is_current() const noexcept = 0;
};

}  // namespace holdfast
