// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <thread>

#include "holdfast/task.hh"

namespace holdfast {
namespace {

Task<int> answer() { co_return 42; }

// A store may be dropped on another thread than the one that made its
// tasks; the frames must outlive that thread.
TEST(FramePool, TakesBackAFrameOfAThreadThatHasEnded) {
  std::optional<Task<int>> task;
  std::thread maker([&task] {
    task.emplace(answer());
    task->start();
  });
  maker.join();
  EXPECT_EQ(task->take_result().value(), 42);
  task.reset();
  Task<int> next = answer();
  next.start();
  EXPECT_EQ(next.take_result().value(), 42);
}

TEST(FramePool, CountsForEachThreadByItself) {
  Task<int> here = answer();
  uint64_t live_there = 1;
  std::thread other([&live_there] { live_there = frame_pool_use().live; });
  other.join();
  EXPECT_EQ(live_there, 0U);
  EXPECT_GE(frame_pool_use().live, 1U);
}

}  // namespace
}  // namespace holdfast
