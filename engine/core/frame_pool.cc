// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <bit>
#include <new>
#include <utility>

#include "holdfast/task.hh"

namespace holdfast {
namespace {

// Freed frames wait here by size class, so that a steady state allocates nothing. A frame that is freed on
// another thread than it came from (a store that is dropped elsewhere) joins that thread's pool: frames are
// never cut from slabs.
class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (Free* head : free_) {
      while (head != nullptr) {
        Free* next = head->next;
        ::operator delete(head);
        head = next;
      }
    }
  }

  void* allocate(std::size_t bytes) noexcept {
    if (use_.live >= use_.limit) return nullptr;
    const std::size_t size_class = class_of(bytes);
    void* frame = nullptr;
    if (size_class >= kClasses) {
      frame = ::operator new(bytes, std::nothrow);
    } else if (free_[size_class] != nullptr) {
      frame = std::exchange(free_[size_class], free_[size_class]->next);
    } else {
      frame = ::operator new(std::size_t{1} << size_class, std::nothrow);
    }
    if (frame != nullptr) ++use_.live;
    return frame;
  }

  void free(void* frame, std::size_t bytes) noexcept {
    if (use_.live > 0) --use_.live;
    const std::size_t size_class = class_of(bytes);
    if (size_class >= kClasses) return ::operator delete(frame);
    free_[size_class] = new (frame) Free{free_[size_class]};
  }

  FramePoolUse& use() noexcept { return use_; }

 private:
  struct Free {
    Free* next;
  };
  static constexpr std::size_t kClasses = 17;  // the largest pooled frame is 64 KiB

  static std::size_t class_of(std::size_t bytes) noexcept {
    return static_cast<std::size_t>(std::bit_width(bytes < 64 ? std::size_t{63} : bytes - 1));
  }

  std::array<Free*, kClasses> free_{};
  FramePoolUse use_{.live = 0, .limit = 1 << 16};
};

thread_local FramePool pool;

}  // namespace

FramePoolUse frame_pool_use() noexcept { return pool.use(); }
void set_frame_pool_limit(uint64_t frames) noexcept { pool.use().limit = frames; }

namespace detail {

void* allocate_frame(std::size_t bytes) noexcept { return pool.allocate(bytes); }
void free_frame(void* frame, std::size_t bytes) noexcept { pool.free(frame, bytes); }

}  // namespace detail
}  // namespace holdfast
