// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/task.hh"

#include <gtest/gtest.h>

#include <memory>

namespace holdfast {
namespace {

Task<int> ready(int value) { co_return value; }
Task<int> failing() { co_return Error{.code = Errc::busy, .reason = "on purpose"}; }
Task<int> wait_for(Arrival<int>& arrival) {
  int value = co_await arrival;
  co_return value;
}
Task<std::unique_ptr<int>> boxed(Arrival<int>& arrival) {
  HF_CO_TRY(int value, co_await wait_for(arrival));
  co_return std::make_unique<int>(value);
}
Task<int> stops_at_first_error(int& steps) {
  ++steps;
  HF_CO_TRY(int value, co_await failing());
  ++steps;
  co_return value;
}
Task<int64_t> sum_of_ready(int count) {
  int64_t sum = 0;
  for (int i = 0; i < count; ++i) {
    auto value = co_await ready(1);
    sum += *value;
  }
  co_return sum;
}

TEST(Task, DoesNothingBeforeItIsStarted) {
  int steps = 0;
  {
    Task<int> task = stops_at_first_error(steps);
  }
  EXPECT_EQ(steps, 0);
}

TEST(Task, WaitsForAnArrivalAndHandsItsValueUp) {
  Arrival<int> arrival;
  Task<std::unique_ptr<int>> task = boxed(arrival);
  task.start();
  EXPECT_FALSE(task.done());
  arrival.set(42);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(**task.take_result(), 42);
}

TEST(Task, StopsAtTheFirstErrorAndReportsIt) {
  int steps = 0;
  Task<int> task = stops_at_first_error(steps);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take_result().error().code, Errc::busy);
  EXPECT_EQ(steps, 1);
}

// With tail calls gcc 12 overflows the stack here in every build but -O2.
TEST(Task, KeepsItsStackFlatOverManyAwaitsThatAreReadyAtOnce) {
  Task<int64_t> task = sum_of_ready(1'000'000);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(*task.take_result(), 1'000'000);
}

TEST(Task, GivesItsFramesBackWhenItIsAbandonedHalfWay) {
  const uint64_t before = frame_pool_use().live;
  Arrival<int> arrival;
  {
    Task<std::unique_ptr<int>> task = boxed(arrival);
    task.start();
    EXPECT_EQ(frame_pool_use().live, before + 2);
  }
  EXPECT_EQ(frame_pool_use().live, before);
}

TEST(Task, EndsWithNoResourcesWhenThereIsNoFrameLeft) {
  const FramePoolUse before = frame_pool_use();
  set_frame_pool_limit(before.live + 1);
  int steps = 0;
  Task<int> task = stops_at_first_error(steps);
  task.start();
  set_frame_pool_limit(before.limit);
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(task.take_result().error().code, Errc::no_resources);
}

}  // namespace
}  // namespace holdfast
