// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/scheduler.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "core/io_batch.hh"
#include "devices/simdisk/rig.hh"

namespace holdfast::simdisk {
namespace {

class Job final : public Work {
 public:
  explicit Job(std::function<void()> action) : action_(std::move(action)) {}
  void run() noexcept override { action_(); }

 private:
  std::function<void()> action_;
};

class Event final : public Pending {
 public:
  Event(Executor& executor, std::function<void()> action) : executor_(executor), action_(std::move(action)) {}
  void happen() override { action_(); }
  const Executor* executor() const noexcept override { return &executor_; }

 private:
  Executor& executor_;
  std::function<void()> action_;
};

// What a device carries out although nobody waits for it any more.
class Outliving final : public Pending {
 public:
  Outliving(Executor& executor, std::string& happened) : executor_(executor), happened_(happened) {}
  void happen() override { happened_ += 'h'; }
  void program_dies() override { happened_ += 'o'; }
  const Executor* executor() const noexcept override { return &executor_; }

 private:
  Executor& executor_;
  std::string& happened_;
};

TEST(Scheduler, RunsTheWorkOfOneExecutorInTheOrderOfPosting) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& executor = scheduler.add_executor();
  std::string ran;
  Job a([&ran] { ran += 'a'; });
  Job b([&ran] { ran += 'b'; });
  Job c([&ran] { ran += 'c'; });
  for (Job* job : {&a, &b, &c}) executor.post(*job);
  EXPECT_EQ(ran, "");
  while (scheduler.step()) continue;
  EXPECT_EQ(ran, "abc");
}

// Each executor keeps its own order; between two of them every order comes up.
TEST(Scheduler, MixesTheWorkOfTwoExecutorsInEveryWay) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SeededChoices choices(seed);
    Scheduler scheduler(choices);
    Executor& one = scheduler.add_executor();
    Executor& other = scheduler.add_executor();
    std::string ran;
    Job a([&ran] { ran += 'a'; });
    Job b([&ran] { ran += 'b'; });
    Job x([&ran] { ran += 'x'; });
    Job y([&ran] { ran += 'y'; });
    one.post(a);
    other.post(x);
    one.post(b);
    other.post(y);
    while (scheduler.step()) continue;
    orders.insert(ran);
  }
  EXPECT_EQ(orders, (std::set<std::string>{"abxy", "axby", "axyb", "xaby", "xayb", "xyab"}));
}

TEST(Scheduler, LetsWorkBePostedAgainOnceItRuns) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& executor = scheduler.add_executor();
  int runs = 0;
  Job* self = nullptr;
  Job job([&] {
    if (++runs < 3) executor.post(*self);
  });
  self = &job;
  executor.post(job);
  while (scheduler.step()) continue;
  EXPECT_EQ(runs, 3);
}

TEST(Scheduler, PassesWorkFromOneExecutorToAnotherAndBack) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& home = scheduler.add_executor();
  Executor& away = scheduler.add_executor();
  std::string where;
  const auto note = [&] { where += home.is_current() ? 'h' : away.is_current() ? 'a' : '-'; };
  Job back([&] { note(); });
  Job there([&] {
    note();
    home.post(back);
  });
  Job begin([&] {
    note();
    away.post(there);
    note();
  });
  home.post(begin);
  note();
  EXPECT_TRUE(scheduler.run_until([&where] { return where.size() == 5; }));
  EXPECT_EQ(where, "-hhah");
  EXPECT_FALSE(scheduler.step());
}

TEST(Scheduler, LetsAnEventHappenOnItsExecutor) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& one = scheduler.add_executor();
  Executor& other = scheduler.add_executor();
  bool there = false;
  const auto look = [&] { there = other.is_current() && !one.is_current(); };
  scheduler.add_pending(std::make_unique<Event>(other, look));
  EXPECT_TRUE(scheduler.step());
  EXPECT_TRUE(there);
  EXPECT_FALSE(other.is_current());
}

TEST(Scheduler, SaysWhenNothingCanHappenAnyMore) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  EXPECT_FALSE(scheduler.step());
  EXPECT_TRUE(scheduler.run_until([] { return true; }));
  EXPECT_FALSE(scheduler.run_until([] { return false; }));
}

TEST(Scheduler, LetsTimePassOnlyWhenSomethingHappens) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& executor = scheduler.add_executor();
  Job job([] {});
  executor.post(job);
  EXPECT_EQ(scheduler.now_ns(), 0U);
  scheduler.step();
  const uint64_t after_work = scheduler.now_ns();
  EXPECT_GT(after_work, 0U);
  scheduler.step();
  EXPECT_EQ(scheduler.now_ns(), after_work);
}

TEST(Scheduler, NumbersEventsFromWhereTheFormerTimeOfPowerEnded) {
  SeededChoices choices(1);
  Scheduler scheduler(choices, 41);
  EXPECT_EQ(scheduler.last_event(), 41U);
  EXPECT_EQ(scheduler.next_event(), 42U);
  EXPECT_EQ(scheduler.last_event(), 42U);
}

TEST(Scheduler, DropsEverythingWhenThePowerIsCut) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& executor = scheduler.add_executor();
  bool happened = false;
  Job before([&happened] { happened = true; });
  Job after([&happened] { happened = true; });
  executor.post(before);
  scheduler.add_pending(std::make_unique<Event>(executor, [&happened] { happened = true; }));
  scheduler.power_off();
  executor.post(after);
  EXPECT_FALSE(scheduler.step());
  EXPECT_FALSE(happened);
}

TEST(Scheduler, GoesOnForTheNextProgramWhenOneDies) {
  SeededChoices choices(1);
  Scheduler scheduler(choices);
  Executor& executor = scheduler.add_executor();
  std::string happened;
  Job before([&happened] { happened += 'b'; });
  Job after([&happened] { happened += 'a'; });
  executor.post(before);
  scheduler.add_pending(std::make_unique<Event>(executor, [&happened] { happened += 'p'; }));
  scheduler.add_pending(std::make_unique<Outliving>(executor, happened));
  scheduler.program_dies();
  EXPECT_EQ(happened, "o");
  executor.post(after);
  while (scheduler.step()) continue;
  EXPECT_EQ(happened, "oa");
}

Task<> write_once(BlockChannel& channel, Step step) {
  AlignedBuffer data(channel.geometry().block_size);
  IoBatch batch(channel, 1);
  batch[0].kind = IoKind::write;
  batch[0].block_count = 1;
  batch[0].purpose.step = step;
  batch.set_buffer(0, data.bytes().data(), data.bytes().size());
  co_return co_await batch.run();
}
Task<> write_twice(BlockChannel& channel) {
  HF_CO_CHECK(co_await write_once(channel, Step::write_root));
  co_return co_await write_once(channel, Step::write_root);
}

TEST(Scheduler, TasksAbandonedByAPowerCutGiveTheirFramesBack) {
  const uint64_t before = frame_pool_use().live;
  Rig rig({.block_count = 1});
  {
    Task<> task = write_twice(*rig.channel);
    task.start();
    ASSERT_TRUE(rig.scheduler.step());  // the first write; the second is in flight now
    ASSERT_FALSE(task.done());
    EXPECT_GT(frame_pool_use().live, before);
    rig.scheduler.power_off();
    EXPECT_FALSE(rig.scheduler.step());
    EXPECT_FALSE(task.done());
  }
  EXPECT_EQ(frame_pool_use().live, before);
}

// Two executors that write in turns of their own; all that the world decides comes from the seed.
Hash128 digest_of_a_run(uint64_t seed) {
  SeededChoices choices(seed);
  Scheduler scheduler(choices);
  Digest digest;
  const DeviceGeometry geometry{.block_count = 1};
  Media media(geometry.byte_count());
  Disk disk(geometry, {media, scheduler, digest});
  const auto one = std::move(disk.open_channel(scheduler.add_executor()).value());
  const auto other = std::move(disk.open_channel(scheduler.add_executor()).value());
  std::vector<Task<>> tasks;
  for (int i = 0; i < 6; ++i) tasks.push_back(write_once(i % 2 == 0 ? *one : *other, Step::user_data));
  for (Task<>& task : tasks) task.start();
  while (scheduler.step()) continue;
  EXPECT_TRUE(std::ranges::all_of(tasks, [](const Task<>& task) { return task.done(); }));
  return digest.value();
}

TEST(Scheduler, RepeatsARunFromItsSeed) {
  std::set<Hash128> digests;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Hash128 first = digest_of_a_run(seed);
    EXPECT_EQ(digest_of_a_run(seed), first);
    digests.insert(first);
  }
  EXPECT_GT(digests.size(), 15U);  // of 720 orders
}

}  // namespace
}  // namespace holdfast::simdisk
