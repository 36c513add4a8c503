// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>

#include "holdfast/task.hh"
#include "ring.hh"

namespace holdfast::nvme {

// Brings the pages of one mapped file to its disk, for all that wait at the same time: while the kernel is at
// work later waits gather, and when it has answered one more call serves all of them.
//
// A wait is never served by a call that began before it, which may have passed its page already.
//
// A failure is final, for those that gather and for all that come: the kernel tells once that it lost a page,
// and believes the next call to be complete.
//
// Used on the ring's thread. Outlives its waits.
class WriteBack final : private Operation {
 public:
  // The kernel may still be at work when the owner goes; its answer then ends the life of this object.
  struct Release {
    void operator()(WriteBack* write_back) const noexcept { write_back->release(); }
  };
  using Owner = std::unique_ptr<WriteBack, Release>;

  static Owner of(int file, Ring& ring) { return Owner(new WriteBack(file, ring)); }

  // Begins to wait until what is stored by now is durable: co_await wait.os_error, an errno, or 0. May be
  // abandoned.
  class Wait {
   public:
    explicit Wait(WriteBack& write_back) noexcept;
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait();

    Arrival<int> os_error;

   private:
    friend class WriteBack;
    WriteBack* waits_for_ = nullptr;
    Wait* next_ = nullptr;
    uint64_t call_ = 0;  // the one that serves it
  };

 private:
  enum class State { idle, in_kernel, answering };

  WriteBack(int file, Ring& ring) noexcept : file_(file), ring_(ring) {}
  ~WriteBack() = default;

  void release() noexcept;
  void join(Wait& wait) noexcept;
  void leave(Wait& wait) noexcept;
  void begin() noexcept;
  void prepare(io_uring_sqe& entry) noexcept override;
  void answered(int32_t result) noexcept override;

  const int file_;
  Ring& ring_;
  State state_ = State::idle;
  bool released_ = false;
  int os_error_ = 0;  // of the first call that failed
  uint64_t calls_ = 0;  // that began
  Wait* first_ = nullptr;
};

}  // namespace holdfast::nvme
