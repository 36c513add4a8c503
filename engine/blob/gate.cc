// SPDX-License-Identifier: BSD-3-Clause
#include "blob/gate.hh"

#include <utility>

namespace holdfast {

void Gate::wait(BlobIo& io) noexcept {
  io.next_waiting_ = nullptr;
  *last_waiting_ = &io;
  last_waiting_ = &io.next_waiting_;
}

void Gate::run() noexcept {
  closed_for_ = ordered_;
  round_ ^= 1;
  owes_answer_ = true;
  answer_if_drained();
  if (closed_for_ == nullptr) let_through();
}

// Orders come one after the other, so the round before this one ended with the order before.
void Gate::answer_if_drained() noexcept {
  if (in_flight_[round_ ^ 1] > 0) return;
  owes_answer_ = false;
  gates_.home_.post(answer_);
}

void Gate::let_through() noexcept {
  BlobIo* io = std::exchange(first_waiting_, nullptr);
  last_waiting_ = &first_waiting_;
  while (io != nullptr) std::exchange(io, io->next_waiting_)->go_on();
}

void Gate::Answer::run() noexcept { gate.gates_.one_answered(); }

Gates::~Gates() {
  for (Gate* gate = first_.load(); gate != nullptr;) delete std::exchange(gate, gate->next_);
}

Gate& Gates::add(Executor& executor) {
  Gate& gate = take_or_make(executor);
  gate.closed_for_ = closed_for_.load();
  return gate;
}

Gate& Gates::take_or_make(Executor& executor) {
  for (Gate* gate = first_.load(); gate != nullptr; gate = gate->next_) {
    if (&gate->executor_ == &executor && !gate->in_use_.exchange(true)) return *gate;
  }
  Gate& gate = *new Gate(*this, executor);
  gate.next_ = first_.load();
  while (!first_.compare_exchange_weak(gate.next_, &gate)) {
  }
  return gate;
}

Arrival<bool>& Gates::order(const BlobState* closed_for) noexcept {
  closed_for_.store(closed_for);
  Gate* const first = first_.load();
  answered_.emplace();
  awaited_ = 1;  // this function itself
  for (Gate* gate = first; gate != nullptr; gate = gate->next_) {
    if (!gate->in_use_.load()) continue;
    ++awaited_;
    gate->ordered_ = closed_for;
    gate->executor_.post(*gate);
  }
  one_answered();
  return *answered_;
}

void Gates::one_answered() noexcept {
  if (--awaited_ == 0) answered_->set(true);
}

}  // namespace holdfast
