// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/scheduler.hh"

#include <algorithm>
#include <utility>

namespace holdfast::simdisk {

void SimExecutor::post(Work& work) noexcept {
  if (!scheduler_.powered_) return;
  if (scheduler_.sequencer_ != nullptr) scheduler_.effects_.posted_to.push_back(index_);
  work.host_next = nullptr;
  *last_ = &work;
  last_ = &work.host_next;
}

bool SimExecutor::is_current() const noexcept { return scheduler_.current_ == this; }

Executor& Scheduler::add_executor() {
  return *executors_.emplace_back(std::make_unique<SimExecutor>(*this, executors_.size()));
}

void Scheduler::add_pending(std::unique_ptr<Pending> pending) {
  pending_.push_back(std::move(pending));
  names_.push_back(++last_name_);
}

bool Scheduler::step() {
  std::size_t ready = 0;
  for (const auto& executor : executors_) ready += executor->first_ != nullptr ? 1U : 0U;
  auto choice = choose(ready);
  if (!choice) return false;
  if (sequencer_ != nullptr) effects_ = {};
  if (*choice >= ready) {
    run_pending(*choice - ready);
  } else {
    const auto chosen = std::ranges::find_if(executors_, [&choice](const auto& executor) {
      return executor->first_ != nullptr && (*choice)-- == 0;
    });
    run_work(**chosen);
  }
  if (sequencer_ != nullptr) sequencer_->happened(effects_);
  return true;
}

// Executors that have work come first, then what is pending.
std::optional<std::size_t> Scheduler::choose(std::size_t ready) {
  const std::size_t count = ready + pending_.size();
  if (count == 0) return std::nullopt;
  if (sequencer_ != nullptr) return sequencer_->next(options());
  return choices_.choose(Domain::order, static_cast<uint32_t>(count));
}

std::vector<Option> Scheduler::options() const {
  std::vector<Option> options;
  for (const auto& executor : executors_) {
    if (executor->first_ != nullptr) options.push_back({executor->index_, executor->index_});
  }
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    options.push_back({names_[i], index_of(*pending_[i]->executor())});
  }
  return options;
}

// There are no others.
std::size_t Scheduler::index_of(const Executor& executor) noexcept {
  return static_cast<const SimExecutor&>(executor).index_;
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
  names_.clear();
  return std::exchange(pending_, {});
}

void Scheduler::run_work(SimExecutor& executor) {
  Work& work = *executor.first_;
  executor.first_ = work.host_next;
  if (executor.first_ == nullptr) executor.last_ = &executor.first_;
  now_ns_ += kWorkNs;
  effects_.executor = executor.index_;
  current_ = &executor;
  work.run();
  current_ = nullptr;
}

void Scheduler::run_pending(std::size_t index) {
  const std::unique_ptr<Pending> pending = std::move(pending_[index]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
  names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(index));
  now_ns_ += kCompletionNs;
  current_ = pending->executor();
  effects_.executor = index_of(*current_);
  pending->happen();
  current_ = nullptr;
}

}  // namespace holdfast::simdisk
