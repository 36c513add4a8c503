// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <coroutine>
#include <utility>

#include "holdfast/host/executor.hh"
#include "holdfast/task.hh"

namespace holdfast {

// Mutual exclusion between tasks of one executor, first come first served. The next owner is resumed from the
// executor's queue, never from inside the unlocking task.
class AsyncMutex {
 public:
  explicit AsyncMutex(Executor& home) noexcept : hand_over_(*this), home_(home) {}
  AsyncMutex(const AsyncMutex&) = delete;
  AsyncMutex& operator=(const AsyncMutex&) = delete;

  class [[nodiscard]] Guard {
   public:
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (mutex_ != nullptr) mutex_->unlock();
    }

   private:
    friend class AsyncMutex;
    explicit Guard(AsyncMutex& mutex) noexcept : mutex_(&mutex) {}
    AsyncMutex* mutex_;
  };

  // AsyncMutex::Guard guard = co_await mutex.lock();
  auto lock() noexcept { return Waiter(*this); }

 private:
  class Waiter {
   public:
    explicit Waiter(AsyncMutex& mutex) noexcept : mutex_(mutex) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
      if (queued_) mutex_.forget(*this);
    }

    bool await_ready() noexcept { return !std::exchange(mutex_.locked_, true); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      task_ = &awaiting.promise();
      mutex_.enqueue(*this);
    }
    Guard await_resume() noexcept { return Guard(mutex_); }

   private:
    friend class AsyncMutex;
    AsyncMutex& mutex_;
    detail::PromiseBase* task_ = nullptr;
    Waiter* next_ = nullptr;
    bool queued_ = false;
  };

  struct HandOver final : Work {
    explicit HandOver(AsyncMutex& owner) noexcept : mutex(owner) {}
    void run() noexcept override { mutex.wake_first(); }
    AsyncMutex& mutex;
  };

  void unlock() noexcept {
    if (first_ == nullptr) {
      locked_ = false;
    } else {
      home_.post(hand_over_);  // stays locked: nobody slips in before the first waiter
    }
  }

  void wake_first() noexcept {
    if (first_ == nullptr) {  // the waiter was abandoned meanwhile
      locked_ = false;
      return;
    }
    Waiter& first = *std::exchange(first_, first_->next_);
    first.queued_ = false;
    detail::run_until_it_waits(first.task_);
  }

  void enqueue(Waiter& waiter) noexcept {
    waiter.queued_ = true;
    Waiter** link = &first_;
    while (*link != nullptr) link = &(*link)->next_;
    *link = &waiter;
  }

  void forget(Waiter& waiter) noexcept {
    Waiter** link = &first_;
    while (*link != &waiter) link = &(*link)->next_;
    *link = waiter.next_;
  }

  Waiter* first_ = nullptr;
  HandOver hand_over_;
  Executor& home_;
  bool locked_ = false;
};

}  // namespace holdfast
