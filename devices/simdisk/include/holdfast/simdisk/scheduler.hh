// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "holdfast/host/executor.hh"
#include "holdfast/simdisk/choice_stream.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast::simdisk {

class Scheduler;

// One executor of the simulated host. All of them live on one thread, and the scheduler decides who runs.
class SimExecutor final : public Executor {
 public:
  explicit SimExecutor(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

  void post(Work& work) noexcept override;
  bool is_current() const noexcept override;

 private:
  friend class Scheduler;
  Scheduler& scheduler_;
  Work* first_ = nullptr;
  Work** last_ = &first_;
};

// Something that can happen at any moment and has not happened yet: a device's request in flight.
class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;
  virtual void happen() = 0;
  // The program that waits for it is dead: what the device carries out all the same. Nobody is told.
  virtual void program_dies() {}
  virtual const Executor* executor() const noexcept = 0;  // whose thread it happens on
};

// Virtual time, and the decision what happens next. One step is one
// thing: a piece of posted work, or one completion.
class Scheduler {
 public:
  // `first_event`: where the numbers of this power-on time begin, so that events of a run are numbered once.
  explicit Scheduler(ChoiceStream& choices, EventNumber first_event = 0)
      : choices_(choices), events_(first_event) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  Executor& add_executor();
  void add_pending(std::unique_ptr<Pending> pending) { pending_.push_back(std::move(pending)); }

  // False: nothing can happen any more.
  bool step();
  template <class Predicate>
  bool run_until(Predicate done) {
    while (!done()) {
      if (!step()) return false;
    }
    return true;
  }

  // The power is cut: nothing that waits will ever happen, nor anything that is posted later.
  void power_off() noexcept;
  // The program dies, the devices go on: posted work is dropped, and what is in flight ends as its device
  // says. The caller then destroys the program's objects.
  void program_dies();

  EventNumber next_event() noexcept { return ++events_; }
  EventNumber last_event() const noexcept { return events_; }
  uint64_t now_ns() const noexcept { return now_ns_; }
  ChoiceStream& choices() noexcept { return choices_; }

 private:
  friend class SimExecutor;
  static constexpr uint64_t kWorkNs = 1'000;
  static constexpr uint64_t kCompletionNs = 10'000;

  std::vector<std::unique_ptr<Pending>> drop_everything() noexcept;
  void run_work(SimExecutor& executor);
  void run_pending(std::size_t index);

  ChoiceStream& choices_;
  std::vector<std::unique_ptr<SimExecutor>> executors_;
  std::vector<std::unique_ptr<Pending>> pending_;
  const Executor* current_ = nullptr;
  EventNumber events_;
  uint64_t now_ns_ = 0;
  bool powered_ = true;
};

}  // namespace holdfast::simdisk
