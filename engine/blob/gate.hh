// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/async_mutex.hh"
#include "holdfast/channel.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/task.hh"

namespace holdfast {

class BlobState;
class Gates;

// Keeps a channel's requests away from a blob whose clusters the home executor is about to take back. Home
// sends an order; the channel answers when no request that it sent before is in flight any more. Requests
// that meet a closed gate wait in it. Used on the channel's executor.
class Gate final : private Work {
 public:
  Gate(Gates& gates, Executor& executor) noexcept : gates_(gates), executor_(executor), answer_(*this) {}

  bool closed_for(const BlobState& blob) const noexcept { return closed_for_ == &blob; }
  void wait(BlobIo& io) noexcept;

  // Around each request to the device: the tag that enter() returns is for leave().
  uint8_t enter() noexcept {
    ++in_flight_[round_];
    return round_;
  }
  void leave(uint8_t round) noexcept {
    --in_flight_[round];
    if (owes_answer_) answer_if_drained();
  }

 private:
  friend class Gates;

  void run() noexcept override;  // an order arrives
  void answer_if_drained() noexcept;
  void let_through() noexcept;

  struct Answer final : Work {
    explicit Answer(Gate& answering) noexcept : gate(answering) {}
    void run() noexcept override;
    Gate& gate;
  };

  Gates& gates_;
  Executor& executor_;
  Answer answer_;
  std::atomic<bool> in_use_ = true;
  Gate* next_ = nullptr;                // in the list of all gates
  const BlobState* ordered_ = nullptr;  // what the order on its way says
  const BlobState* closed_for_ = nullptr;
  bool owes_answer_ = false;
  uint8_t round_ = 0;             // requests of before an order and of after it are counted apart
  uint32_t in_flight_[2] = {0, 0};
  BlobIo* first_waiting_ = nullptr;
  BlobIo** last_waiting_ = &first_waiting_;
};

// All gates of a store. Opened and closed by the home executor, for one blob at a time.
class Gates {
 public:
  explicit Gates(Executor& home) noexcept : home_(home), mutex_(home) {}
  Gates(const Gates&) = delete;
  Gates& operator=(const Gates&) = delete;
  ~Gates();

  // Channels come and go on their own threads. A gate without a channel gets no orders, and is given to the
  // next channel of its executor.
  Gate& add(Executor& executor);
  static void remove(Gate& gate) noexcept { gate.in_use_.store(false); }

  // Home executor. From lock() until the guard is gone the gates are the caller's; order() closes them for a
  // blob, or opens them for all (nullptr). What it returns arrives when every channel has done so.
  auto lock() noexcept { return mutex_.lock(); }
  Arrival<bool>& order(const BlobState* closed_for) noexcept;

 private:
  friend class Gate;
  Gate& take_or_make(Executor& executor);
  void one_answered() noexcept;

  Executor& home_;
  AsyncMutex mutex_;
  // A channel that comes takes its gate into use and then asks for whom it is closed; an order says for whom
  // and then asks which gates are in use. All of it in one total order, so that one of the two sees the
  // other.
  std::atomic<Gate*> first_ = nullptr;
  std::atomic<const BlobState*> closed_for_ = nullptr;
  uint32_t awaited_ = 0;
  std::optional<Arrival<bool>> answered_;
};

}  // namespace holdfast
