// SPDX-License-Identifier: BSD-3-Clause
#include "core/async_mutex.hh"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast {
namespace {

// Runs posted work when the test says so.
class ManualExecutor final : public Executor {
 public:
  void post(Work& work) noexcept override { posted_.push_back(&work); }
  bool is_current() const noexcept override { return true; }
  std::size_t posted() const noexcept { return posted_.size(); }
  void run_all() {
    while (!posted_.empty()) {
      Work& work = *posted_.front();
      posted_.pop_front();
      work.run();
    }
  }

 private:
  std::deque<Work*> posted_;
};

struct AsyncMutexTest : ::testing::Test {
  // Notes its number when it owns the mutex, and gives it back when its turn is ended.
  Task<> visit(int number) {
    AsyncMutex::Guard guard = co_await mutex.lock();
    visits.push_back(number);
    Arrival<bool>& end_of_turn = turns[static_cast<std::size_t>(number)];
    co_await end_of_turn;
    co_return {};
  }
  Task<>& start_visit(int number) {
    visitors[static_cast<std::size_t>(number)].emplace(visit(number));
    visitors[static_cast<std::size_t>(number)]->start();
    return *visitors[static_cast<std::size_t>(number)];
  }
  void end_turn(std::size_t number) { turns[number].set(true); }
  void abandon(std::size_t number) { visitors[number].reset(); }

  ManualExecutor home;
  AsyncMutex mutex{home};
  std::vector<int> visits;
  std::array<Arrival<bool>, 4> turns;
  std::array<std::optional<Task<>>, 4> visitors;
};

TEST_F(AsyncMutexTest, AFreeMutexIsTakenAtOnce) {
  start_visit(0);
  EXPECT_EQ(visits, std::vector{0});
  end_turn(0);
  start_visit(1);
  EXPECT_EQ(visits, (std::vector{0, 1}));
  EXPECT_EQ(home.posted(), 0U);
  end_turn(1);
}

TEST_F(AsyncMutexTest, ServesInTheOrderOfArrivalOneAtATime) {
  for (int i = 0; i < 4; ++i) start_visit(i);
  for (int i = 0; i < 4; ++i) {
    home.run_all();
    EXPECT_EQ(visits.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(visits.back(), i);
    end_turn(static_cast<std::size_t>(i));
  }
  EXPECT_TRUE(visitors[3]->done());
}

TEST_F(AsyncMutexTest, TheNextOwnerIsNotResumedInsideTheUnlock) {
  start_visit(0);
  start_visit(1);
  end_turn(0);
  EXPECT_EQ(visits, std::vector{0});
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 1}));
  end_turn(1);
}

TEST_F(AsyncMutexTest, NobodySlipsInBeforeTheFirstWaiter) {
  start_visit(0);
  start_visit(1);
  end_turn(0);
  start_visit(2);
  EXPECT_EQ(visits, std::vector{0});
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 1}));
  end_turn(1);
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 1, 2}));
  end_turn(2);
}

TEST_F(AsyncMutexTest, AnAbandonedWaiterIsSkipped) {
  for (int i = 0; i < 4; ++i) start_visit(i);
  abandon(1);
  abandon(3);
  end_turn(0);
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 2}));
  end_turn(2);
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 2}));
}

TEST_F(AsyncMutexTest, IsFreeAgainWhenTheWaiterThatItWasHandedToIsAbandoned) {
  start_visit(0);
  start_visit(1);
  end_turn(0);
  abandon(1);
  home.run_all();
  EXPECT_EQ(visits, std::vector{0});
  start_visit(2);
  EXPECT_EQ(visits, (std::vector{0, 2}));
  end_turn(2);
}

TEST_F(AsyncMutexTest, GoesToTheSecondWhenTheFirstIsAbandonedDuringTheHandOver) {
  for (int i = 0; i < 3; ++i) start_visit(i);
  end_turn(0);
  abandon(1);
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 2}));
  end_turn(2);
}

TEST_F(AsyncMutexTest, AnAbandonedOwnerGivesItBack) {
  start_visit(0);
  start_visit(1);
  abandon(0);
  home.run_all();
  EXPECT_EQ(visits, (std::vector{0, 1}));
  end_turn(1);
}

}  // namespace
}  // namespace holdfast
