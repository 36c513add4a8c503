// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/nvme/loop.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

namespace holdfast::nvme {
namespace {

std::unique_ptr<Loop> new_loop(const LoopOptions& options = {}) { return Loop::open(options).value(); }

struct Note final : Work {
  Note(std::vector<int>& list, int id) : notes(list), number(id) {}
  void run() noexcept override { notes.push_back(number); }
  std::vector<int>& notes;
  int number;
};

TEST(Loop, RefusesAQueueThatIsNoneOrTooDeep) {
  for (const uint32_t depth : {0u, 16385u, ~0u}) {
    const auto loop = Loop::open({.queue_depth = depth});
    ASSERT_FALSE(loop);
    EXPECT_EQ(loop.error().code, Errc::invalid_argument);
  }
  EXPECT_TRUE(Loop::open({.queue_depth = 1}));
}

TEST(Loop, ATurnWithoutWaitingReturnsWithNothingToDo) {
  const auto loop = new_loop();
  loop->run_once(Loop::Wait::no);
}

Task<int> answer_of(Arrival<int>& arrival) {
  const int value = co_await arrival;
  co_return value;
}

struct Setter final : Work {
  explicit Setter(Arrival<int>& of) : arrival(of) {}
  void run() noexcept override { arrival.set(42); }
  Arrival<int>& arrival;
};

TEST(Loop, RunsATaskToItsEnd) {
  const auto loop = new_loop();
  Arrival<int> arrival;
  Setter setter(arrival);
  loop->post(setter);
  EXPECT_EQ(loop->run(answer_of(arrival)).value(), 42);
}

TEST(Loop, WorkOfOtherThreadsWakesASleepingLoop) {
  const auto loop = new_loop();
  std::vector<int> notes;
  Note note(notes, 7);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    loop->post(note);
  });
  loop->run_until([&] { return !notes.empty(); });
  other.join();
  EXPECT_EQ(notes, std::vector<int>{7});
}

TEST(Loop, IsCurrentOnItsOwnThreadAlone) {
  const auto loop = new_loop();
  EXPECT_TRUE(loop->is_current());
  bool elsewhere = true;
  std::thread([&] { elsewhere = loop->is_current(); }).join();
  EXPECT_FALSE(elsewhere);
}

TEST(Loop, EachStopEndsOneRun) {
  const auto loop = new_loop();
  loop->stop();
  loop->run_until_stopped();
  std::thread other([&] { loop->stop(); });
  loop->run_until_stopped();
  other.join();
}

// Many threads post while the loop falls asleep and wakes all the time: no work is lost, none runs twice, and
// each thread's work runs in its order.
TEST(Loop, PostsOfManyThreadsAllRunInEachThreadsOrder) {
  constexpr size_t kThreads = 4;
  constexpr int kPosts = 20000;
  const auto loop = new_loop();
  std::vector<std::vector<int>> notes(kThreads);
  std::vector<std::deque<Note>> works(kThreads);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop->post(works[t].emplace_back(notes[t], i));
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  size_t ran = 0;
  while (ran < kThreads * kPosts) {
    loop->run_once(Loop::Wait::yes);
    ran = 0;
    for (const auto& of_thread : notes) ran += of_thread.size();
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& of_thread : notes) {
    ASSERT_EQ(of_thread.size(), static_cast<size_t>(kPosts));
    for (int i = 0; i < kPosts; ++i) ASSERT_EQ(of_thread[static_cast<size_t>(i)], i);
  }
}

// A work that two loops, each on its own thread, hand back and forth:
// every hop finds the other one asleep or about to.
struct Ball final : Work {
  void run() noexcept override {
    if (++hops == kHops) return first->stop(), second->stop();
    (first->is_current() ? second : first)->post(*this);
  }
  static constexpr int kHops = 20000;
  Loop* first = nullptr;
  Loop* second = nullptr;
  int hops = 0;
};

TEST(Loop, TwoThreadsPassWorkWithoutLosingIt) {
  const auto first = new_loop();
  std::atomic<Loop*> opened = nullptr;
  std::atomic<bool> may_end = false;
  std::thread other([&] {
    const auto second = new_loop();
    opened = second.get();
    second->run_until_stopped();
    while (!may_end) std::this_thread::yield();
  });
  while (opened == nullptr) std::this_thread::yield();
  Ball ball;
  ball.first = first.get();
  ball.second = opened;
  first->post(ball);
  first->run_until_stopped();
  may_end = true;
  other.join();
  EXPECT_EQ(ball.hops, Ball::kHops);
}

}  // namespace
}  // namespace holdfast::nvme
