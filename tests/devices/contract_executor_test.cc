// SPDX-License-Identifier: BSD-3-Clause
#include "devices/contract.hh"

namespace holdfast::contract {
namespace {

struct Note final : Work {
  Note(Executor& on, std::vector<int>& list, int id) : executor(on), notes(list), number(id) {}
  void run() noexcept override {
    was_current = executor.is_current();
    notes.push_back(number);
  }
  Executor& executor;
  std::vector<int>& notes;
  int number;
  bool was_current = false;
};

TEST_P(HostContract, PostedWorkRunsInOrderAndNeverInsidePost) {
  std::vector<int> notes;
  std::vector<std::unique_ptr<Note>> works;
  for (int i = 0; i < 100; ++i) {
    works.push_back(std::make_unique<Note>(host_->executor(0), notes, i));
    host_->executor(0).post(*works.back());
    EXPECT_TRUE(notes.empty());
  }
  host_->turn_until([&] { return notes.size() == 100; });
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(notes[static_cast<size_t>(i)], i);
    EXPECT_TRUE(works[static_cast<size_t>(i)]->was_current);
  }
}

// Posts itself from its own run(), and tells whether it was ever run inside that post.
struct Repeating final : Work {
  explicit Repeating(Executor& on) : executor(on) {}
  void run() noexcept override {
    nested = nested || inside_post;
    if (++rounds == 50) return;
    inside_post = true;
    executor.post(*this);
    inside_post = false;
  }
  Executor& executor;
  int rounds = 0;
  bool inside_post = false;
  bool nested = false;
};

TEST_P(HostContract, WorkMayPostItselfAgain) {
  Repeating work(host_->executor(0));
  host_->executor(0).post(work);
  host_->turn_until([&] { return work.rounds == 50; });
  EXPECT_FALSE(work.nested);
}

// A ball between two executors: each work posts the other one to the other executor.
struct Ball final : Work {
  Ball(Executor& mine, Executor& theirs) : own(mine), other(theirs) {}
  void run() noexcept override {
    ran_on_its_own = ran_on_its_own && own.is_current();
    if (++bounces < 50) other.post(*back);
  }
  Executor& own;
  Executor& other;
  Ball* back = nullptr;
  int bounces = 0;
  bool ran_on_its_own = true;
};

TEST_P(HostContract, ExecutorsPostToEachOther) {
  Ball left(host_->executor(0), host_->executor(1));
  Ball right(host_->executor(1), host_->executor(0));
  left.back = &right;
  right.back = &left;
  host_->executor(0).post(left);
  host_->turn_until([&] { return left.bounces == 50; });
  EXPECT_EQ(right.bounces, 49);
  EXPECT_TRUE(left.ran_on_its_own && right.ran_on_its_own);
}

}  // namespace
}  // namespace holdfast::contract
