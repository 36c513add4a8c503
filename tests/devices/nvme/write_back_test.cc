// SPDX-License-Identifier: BSD-3-Clause
#include "write_back.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <vector>

#include "devices/nvme/scratch.hh"
#include "file_descriptor.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::nvme {
namespace {

struct Then final : Work {
  explicit Then(std::function<void()> action) : action_(std::move(action)) {}
  void run() noexcept override { action_(); }
  std::function<void()> action_;
};

class WriteBackTest : public testing::Test {
 protected:
  using Tasks = std::vector<Task<int>>;

  static Task<int> waiting(WriteBack& write_back) {
    WriteBack::Wait wait(write_back);
    const int os_error = co_await wait.os_error;
    co_return os_error;
  }

  static void begin(Tasks& tasks, WriteBack& write_back, int count) {
    for (int i = 0; i < count; ++i) tasks.emplace_back(waiting(write_back)).start();
  }

  static int ended(const Tasks& tasks) {
    int count = 0;
    for (const auto& task : tasks) count += task.done() ? 1 : 0;
    return count;
  }

  // Calls that the ring has, for the kernel or with it; the doorbell is another operation.
  uint32_t calls() const { return loop_->ring().in_kernel() - 1; }

  const Scratch scratch_;
  const FileDescriptor file_{::open(scratch_.path("file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)};
  const std::unique_ptr<Loop> loop_ = Loop::open().value();
};

TEST_F(WriteBackTest, OneCallServesAllThatGatheredDuringAnother) {
  const auto write_back = WriteBack::of(file_.number(), loop_->ring());
  Tasks first;
  Tasks gathered;
  begin(first, *write_back, 1);
  begin(gathered, *write_back, 10);
  ASSERT_EQ(calls(), 1u);
  loop_->run_until([&] { return ended(first) == 1; });
  EXPECT_EQ(ended(gathered), 0);
  EXPECT_EQ(calls(), 1u);
  loop_->run_until([&] { return ended(gathered) > 0; });
  EXPECT_EQ(ended(gathered), 10);
  EXPECT_EQ(calls(), 0u);
}

// The call may have passed the page before it was stored to: only the next one is sure to take it along.
TEST_F(WriteBackTest, ACallServesNobodyWhoCameAfterItBegan) {
  const auto write_back = WriteBack::of(file_.number(), loop_->ring());
  Tasks first;
  Tasks late;
  begin(first, *write_back, 3);
  loop_->run_until([&] { return ended(first) > 0; });
  ASSERT_EQ(ended(first), 1);  // and two wait for the call that begins now
  Then during_that_call([&] { begin(late, *write_back, 2); });
  loop_->post(during_that_call);
  loop_->run_until([&] { return ended(first) == 3; });
  EXPECT_EQ(ended(late), 0);
  loop_->run_until([&] { return ended(late) == 2; });
  EXPECT_EQ(calls(), 0u);
}

// Tasks that persist again and again settle on one call for each round.
TEST_F(WriteBackTest, WhoWaitsAgainWhenServedSharesTheNextCall) {
  const auto write_back = WriteBack::of(file_.number(), loop_->ring());
  const auto twice = [](WriteBack& shared) -> Task<int> {
    WriteBack::Wait once(shared);
    const int os_error = co_await once.os_error;
    if (os_error != 0) co_return os_error;
    WriteBack::Wait again(shared);
    const int second = co_await again.os_error;
    co_return second;
  };
  Tasks first;
  begin(first, *write_back, 1);
  Tasks tasks;
  for (int i = 0; i < 5; ++i) tasks.emplace_back(twice(*write_back)).start();
  loop_->run_until([&] { return ended(first) == 1; });
  loop_->run_until([&] { return ended(tasks) > 0; });
  EXPECT_EQ(ended(tasks), 5);
  EXPECT_EQ(calls(), 0u);
}

// A pipe has nothing to write back to: the kernel refuses.
TEST_F(WriteBackTest, AFailureIsFinalForAllThatWaitAndAllThatCome) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]);
  const FileDescriptor writer(ends[1]);
  const auto write_back = WriteBack::of(writer.number(), loop_->ring());
  Tasks tasks;
  begin(tasks, *write_back, 3);
  loop_->run_until([&] { return ended(tasks) > 0; });
  EXPECT_EQ(ended(tasks), 3);
  begin(tasks, *write_back, 1);
  EXPECT_EQ(ended(tasks), 4);
  EXPECT_EQ(calls(), 0u);
  for (auto& task : tasks) EXPECT_EQ(task.take_result().value(), EINVAL);
}

TEST_F(WriteBackTest, WhoIsAbandonedKeepsNobodyWaiting) {
  const auto write_back = WriteBack::of(file_.number(), loop_->ring());
  Tasks tasks;
  begin(tasks, *write_back, 5);
  tasks.erase(tasks.begin() + 3);
  tasks.erase(tasks.begin());
  loop_->run_until([&] { return ended(tasks) == 3; });
  EXPECT_EQ(calls(), 0u);
}

TEST_F(WriteBackTest, MayGoWhileTheKernelIsAtWork) {
  for (int turns = 0; turns < 3; ++turns) {
    auto write_back = WriteBack::of(file_.number(), loop_->ring());
    Tasks tasks;
    begin(tasks, *write_back, 2);
    for (int turn = 0; turn < turns; ++turn) loop_->run_once(Loop::Wait::no);
    tasks.clear();
    write_back.reset();
  }
  loop_->run_until([&] { return calls() == 0; });
}

// The last task to be served closes the map.
TEST_F(WriteBackTest, MayGoWhenSomebodyIsServed) {
  WriteBack::Owner write_back = WriteBack::of(file_.number(), loop_->ring());
  const auto closing = [](WriteBack::Owner& owner) -> Task<int> {
    int os_error = 0;
    {
      WriteBack::Wait wait(*owner);
      os_error = co_await wait.os_error;
    }
    owner.reset();
    co_return os_error;
  };
  Task<int> task = closing(write_back);
  task.start();
  loop_->run_until([&] { return task.done(); });
  EXPECT_EQ(task.take_result().value(), 0);
  EXPECT_EQ(write_back, nullptr);
}

}  // namespace
}  // namespace holdfast::nvme
