// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/nvme/loop.hh"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "file_descriptor.hh"
#include "holdfast/assert.hh"
#include "ring.hh"

namespace holdfast::nvme {
namespace {

constexpr uint32_t kQueueDepthMax = 16384;

Work* in_order_of_posting(Work* newest) noexcept {
  Work* oldest = nullptr;
  while (newest != nullptr) {
    Work* older = newest->host_next;
    newest->host_next = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

}  // namespace

// Wakes the loop's thread: an eventfd that the ring watches. Pressed from any thread.
class Loop::Doorbell final : public Operation {
 public:
  Doorbell(FileDescriptor event, Ring& ring) noexcept : event_(std::move(event)), ring_(ring) {
    ring_.start(*this);
  }

  void press() noexcept {
    const uint64_t once = 1;
    // The only way to fail is a counter that is full of presses: the loop wakes all the same.
    [[maybe_unused]] const auto written = ::write(event_.number(), &once, sizeof once);
  }

  // Watching, not reading, so that the kernel holds no pointer into this object when the loop is destroyed.
  void prepare(io_uring_sqe& entry) noexcept override {
    io_uring_prep_poll_add(&entry, event_.number(), POLLIN);
  }
  void answered(int32_t) noexcept override {
    uint64_t presses = 0;
    [[maybe_unused]] const auto consumed = ::read(event_.number(), &presses, sizeof presses);
    ring_.start(*this);
  }

 private:
  FileDescriptor event_;
  Ring& ring_;
};

Result<std::unique_ptr<Loop>> Loop::open(const LoopOptions& options) noexcept {
  if (options.queue_depth == 0 || options.queue_depth > kQueueDepthMax) {
    return Error{.code = Errc::invalid_argument,
                 .object = ObjectKind::option,
                 .number = options.queue_depth,
                 .reason = "queue_depth must be 1 to 16384"};
  }
  HF_TRY(std::unique_ptr<Ring> ring, Ring::open(options.queue_depth + 1));  // one more for the doorbell
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open())
    return error_of_errno(errno, "no eventfd for the loop; raise the limit on open files");
  auto doorbell = std::make_unique<Doorbell>(std::move(event), *ring);
  return std::unique_ptr<Loop>(new Loop(options.queue_depth, std::move(ring), std::move(doorbell)));
}

Loop::Loop(uint32_t queue_depth, std::unique_ptr<Ring> ring, std::unique_ptr<Doorbell> doorbell) noexcept
    : queue_depth_(queue_depth), ring_(std::move(ring)), doorbell_(std::move(doorbell)) {}

// What abandoned tasks left with the kernel is waited for; only the doorbell's watch may end with the ring.
Loop::~Loop() {
  while (ring_->in_kernel() > 1) ring_->turn(true);
}

void Loop::post(Work& work) noexcept {
  Work* newest = posted_.load(std::memory_order_relaxed);
  do {
    work.host_next = newest;
  } while (
      !posted_.compare_exchange_weak(newest, &work, std::memory_order_seq_cst, std::memory_order_relaxed));
  if (may_sleep_.exchange(false, std::memory_order_seq_cst)) doorbell_->press();
}

bool Loop::is_current() const noexcept { return std::this_thread::get_id() == thread_; }

void Loop::run_once(Wait wait) noexcept {
  HF_ASSERT(is_current());
  HF_ASSERT(!turning_);
  turning_ = true;
  const bool ran = run_posted();
  ring_->turn(wait == Wait::yes && !ran && may_go_to_sleep());
  may_sleep_.store(false, std::memory_order_relaxed);
  turning_ = false;
}

void Loop::run_until_stopped() noexcept {
  run_until([this] { return std::exchange(stop_.reached, false); });
}

void Loop::stop() noexcept {
  if (!stop_.posted.exchange(true)) post(stop_);
}

void Loop::Stop::run() noexcept {
  reached = true;
  posted = false;
}

// Runs what was posted before this turn; what it posts itself waits for the next one.
bool Loop::run_posted() noexcept {
  Work* oldest = in_order_of_posting(posted_.exchange(nullptr, std::memory_order_acquire));
  const bool any = oldest != nullptr;
  while (oldest != nullptr) {
    Work& work = *oldest;
    oldest = work.host_next;  // before run(), which may post the same work again
    work.run();
  }
  return any;
}

// Says that this thread is about to sleep, and only then looks whether something was posted: whoever posts
// later sees the flag and presses the doorbell, so nobody's work is slept through.
bool Loop::may_go_to_sleep() noexcept {
  may_sleep_.store(true, std::memory_order_seq_cst);
  return posted_.load(std::memory_order_seq_cst) == nullptr;
}

}  // namespace holdfast::nvme
