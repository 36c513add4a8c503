// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "holdfast/host/executor.hh"
#include "holdfast/simdisk/choice_stream.hh"
#include "holdfast/simdisk/media.hh"
#include "holdfast/simdisk/sequencer.hh"

namespace holdfast::simdisk {

class Scheduler;

// One executor of the simulated host. All of them live on one thread, and the scheduler decides who runs.
class SimExecutor final : public Executor {
 public:
  SimExecutor(Scheduler& scheduler, std::size_t index) noexcept : scheduler_(scheduler), index_(index) {}

  void post(Work& work) noexcept override;
  bool is_current() const noexcept override;

 private:
  friend class Scheduler;
  Scheduler& scheduler_;
  std::size_t index_;
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
  void add_pending(std::unique_ptr<Pending> pending);

  // From now on `sequencer` decides what happens next; null: the choices do, as at the beginning.
  void follow(Sequencer* sequencer) noexcept { sequencer_ = sequencer; }

  // False: nothing can happen any more, or nothing is to.
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
  // Of what is happening, for whoever follows.
  void touches(uint64_t begin_byte, uint64_t end_byte) {
    if (sequencer_ != nullptr) effects_.touched.push_back({begin_byte, end_byte});
  }

 private:
  friend class SimExecutor;
  static constexpr uint64_t kFirstName = uint64_t{1} << 32;  // of an executor: its index
  static constexpr uint64_t kWorkNs = 1'000;
  static constexpr uint64_t kCompletionNs = 10'000;

  std::vector<std::unique_ptr<Pending>> drop_everything() noexcept;
  std::optional<std::size_t> choose(std::size_t ready);
  std::vector<Option> options() const;
  static std::size_t index_of(const Executor& executor) noexcept;
  void run_work(SimExecutor& executor);
  void run_pending(std::size_t index);

  ChoiceStream& choices_;
  Sequencer* sequencer_ = nullptr;
  Effects effects_;
  std::vector<std::unique_ptr<SimExecutor>> executors_;
  std::vector<std::unique_ptr<Pending>> pending_;
  std::vector<uint64_t> names_;  // of what is pending
  uint64_t last_name_ = kFirstName;
  const Executor* current_ = nullptr;
  EventNumber events_;
  uint64_t now_ns_ = 0;
  bool powered_ = true;
};

}  // namespace holdfast::simdisk
