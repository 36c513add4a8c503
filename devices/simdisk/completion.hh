// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>

#include "holdfast/simdisk/scheduler.hh"
#include "holdfast/task.hh"

namespace holdfast::simdisk {

class Completion;

// The task's half of what completes later: it is in the task's frame, and may go before the completion comes.
struct Awaited {
  Awaited() = default;
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;
  ~Awaited();

  Arrival<Result<>> result;
  Completion* completion = nullptr;
};

// The device's half. It is carried out even if nobody waits any more; not so when the program dies.
class Completion final : public Pending {
 public:
  using Effect = std::function<Result<>()>;

  static void add(Scheduler& scheduler, Executor& executor, Effect effect, Awaited& awaited) {
    scheduler.add_pending(std::make_unique<Completion>(executor, std::move(effect), awaited));
  }
  Completion(Executor& executor, Effect effect, Awaited& awaited)
      : executor_(executor), effect_(std::move(effect)), awaited_(&awaited) {
    awaited.completion = this;
  }
  ~Completion() override {
    if (awaited_ != nullptr) awaited_->completion = nullptr;
  }

  void happen() override {
    const Result<> result = effect_();
    if (awaited_ != nullptr) awaited_->result.set(result);
  }
  const Executor* executor() const noexcept override { return &executor_; }

 private:
  friend Awaited;
  Executor& executor_;
  Effect effect_;
  Awaited* awaited_;
};

inline Awaited::~Awaited() {
  if (completion != nullptr) completion->awaited_ = nullptr;
}

}  // namespace holdfast::simdisk
