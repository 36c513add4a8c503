// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "holdfast/assert.hh"
#include "holdfast/result.hh"

namespace holdfast {

// Task<T> is an operation with steps. It is lazy (nothing runs before it is awaited or started), is awaited
// or started once, stays on one thread, and ends with a Result<T>. Destroying an unfinished task abandons it
// where it stands, with every task that it awaits: nothing more of it runs. A task must not be destroyed from
// inside itself.
//
// A task that waits holds no stack: whoever completes its event resumes it from a loop, never from a tail
// call, so the stack is as deep as tasks are nested, in every build (docs/decisions/coroutines.md).
template <class T = void>
class Task;

// Frames of tasks come from this thread's pool, which has a limit; a task for which there was no frame ends
// with Errc::no_resources when it is awaited.
struct FramePoolUse {
  uint64_t live = 0;
  uint64_t limit = 0;
};
FramePoolUse frame_pool_use() noexcept;
void set_frame_pool_limit(uint64_t frames) noexcept;

namespace detail {

void* allocate_frame(std::size_t bytes) noexcept;
void free_frame(void* frame, std::size_t bytes) noexcept;

struct PromiseBase {
  std::coroutine_handle<> self;
  PromiseBase* awaited_by = nullptr;
  bool finished = false;

  struct FinalSuspend {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> done) const noexcept {
      done.promise().finished = true;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalSuspend final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { assertion_failed("no exception leaves a task", __FILE__, __LINE__); }

  static void* operator new(std::size_t bytes) noexcept { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }
};

// Runs `task` until it waits again; each task that finishes hands over to the one that awaits it.
inline void run_until_it_waits(PromiseBase* task) noexcept {
  while (task != nullptr) {
    task->self.resume();
    if (!task->finished) return;
    task = task->awaited_by;
  }
}

template <class T>
struct Promise : PromiseBase {
  std::optional<Result<T>> result;

  Task<T> get_return_object() noexcept;
  static Task<T> get_return_object_on_allocation_failure() noexcept;
  void return_value(Result<T> value) noexcept { result.emplace(std::move(value)); }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)), started_(other.started_) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      frame_ = std::exchange(other.frame_, nullptr);
      started_ = other.started_;
    }
    return *this;
  }
  ~Task() { destroy(); }

  // For a task that nobody awaits: start() runs it to its first wait;
  // done() tells whether it ended; then take_result().
  void start() noexcept {
    HF_ASSERT(!started_);
    started_ = true;
    if (frame_) frame_.resume();
  }
  bool done() const noexcept { return !frame_ || frame_.promise().finished; }
  Result<T> take_result() noexcept {
    if (!frame_) return out_of_frames();
    HF_ASSERT(frame_.promise().finished);
    return std::move(*frame_.promise().result);
  }

  auto operator co_await() && noexcept { return Awaiter{*this}; }

 private:
  friend promise_type;

  struct Awaiter {
    Task& task;

    bool await_ready() const noexcept { return !task.frame_; }
    // Starts the task inside this call. False: it already ended, and the awaiting task goes on.
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      HF_ASSERT(!task.started_);
      task.started_ = true;
      task.frame_.promise().awaited_by = &awaiting.promise();
      task.frame_.resume();
      return !task.frame_.promise().finished;
    }
    Result<T> await_resume() noexcept { return task.take_result(); }
  };

  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  static Error out_of_frames() noexcept {
    return {.code = Errc::no_resources,
            .reason = "too many operations in flight on this thread; retry when one has ended"};
  }
  void destroy() noexcept {
    if (frame_) frame_.destroy();
    frame_ = nullptr;
  }

  std::coroutine_handle<promise_type> frame_;
  bool started_ = false;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  auto frame = std::coroutine_handle<Promise<T>>::from_promise(*this);
  self = frame;
  return Task<T>(frame);
}

template <class T>
Task<T> Promise<T>::get_return_object_on_allocation_failure() noexcept {
  return Task<T>(nullptr);
}

}  // namespace detail

// A value that arrives once, from outside of any task, on the waiting task's thread: a device's completion, a
// timer, a grant. One task waits for it. set() resumes that task before it returns, so the setter must not
// touch what the task may destroy.
template <class T>
class Arrival {
 public:
  Arrival() = default;
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  void set(T value) noexcept {
    HF_ASSERT(!value_);
    value_.emplace(std::move(value));
    detail::run_until_it_waits(std::exchange(waiting_, nullptr));
  }

  bool await_ready() const noexcept { return value_.has_value(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    HF_ASSERT(waiting_ == nullptr);
    waiting_ = &awaiting.promise();
  }
  T await_resume() noexcept { return std::move(*value_); }

 private:
  std::optional<T> value_;
  detail::PromiseBase* waiting_ = nullptr;
};

}  // namespace holdfast
