// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/scheduler.hh"

#include <utility>

namespace holdfast::simdisk {

void SimExecutor::post(Work& work) noexcept {
  if (!scheduler_.powered_) return;
  work.host_next = nullptr;
  *last_ = &work;
  last_ = &work.host_next;
}

bool SimExecutor::is_current() const noexcept { return scheduler_.current_ == this; }

Executor& Scheduler::add_executor() { return *executors_.emplace_back(std::make_unique<SimExecutor>(*this)); }

bool Scheduler::step() {
  uint32_t ready = 0;
  for (const auto& executor : executors_) ready += executor->first_ != nullptr ? 1U : 0U;
  const auto options = ready + static_cast<uint32_t>(pending_.size());
  if (options == 0) return false;

  uint32_t choice = choices_.choose(Domain::order, options);
  if (choice >= ready) {
    run_pending(choice - ready);
    return true;
  }
  for (const auto& executor : executors_) {
    if (executor->first_ != nullptr && choice-- == 0) {
      run_work(*executor);
      return true;
    }
  }
  std::unreachable();
}

void Scheduler::power_off() noexcept {
  powered_ = false;
  drop_everything();
}

void Scheduler::program_dies() {
  for (const std::unique_ptr<Pending>& pending : drop_everything()) pending->program_dies();
}

std::vector<std::unique_ptr<Pending>> Scheduler::drop_everything() noexcept {
  for (const auto& executor : executors_) {
    executor->first_ = nullptr;
    executor->last_ = &executor->first_;
  }
  return std::exchange(pending_, {});
}

void Scheduler::run_work(SimExecutor& executor) {
  Work& work = *executor.first_;
  executor.first_ = work.host_next;
  if (executor.first_ == nullptr) executor.last_ = &executor.first_;
  now_ns_ += kWorkNs;
  current_ = &executor;
  work.run();
  current_ = nullptr;
}

void Scheduler::run_pending(std::size_t index) {
  const std::unique_ptr<Pending> pending = std::move(pending_[index]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
  now_ns_ += kCompletionNs;
  current_ = pending->executor();
  pending->happen();
  current_ = nullptr;
}

}  // namespace holdfast::simdisk
