// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/order_tree.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "holdfast/simdisk/scheduler.hh"

namespace holdfast::simdisk {
namespace {

// Something that one executor does: it changes a number of its own and, where they are given, bytes that all
// executors have.
struct Deed {
  std::size_t executor = 1;
  std::optional<std::size_t> byte;
};

// A program with deeds on executors, each after the one before it on the same executor.
class World {
 public:
  explicit World(const std::vector<Deed>& deeds) : scheduler_(choices_), executors_{} {
    for (std::size_t i = 0; i < 4; ++i) executors_.push_back(&scheduler_.add_executor());
    for (const Deed& deed : deeds) {
      jobs_.push_back(std::make_unique<Job>(*this, deed));
      executors_[deed.executor]->post(*jobs_.back());
    }
  }

  // What the program is after each of its steps.
  std::vector<std::string> run(Sequencer& sequencer) {
    std::vector<std::string> states;
    scheduler_.follow(&sequencer);
    while (scheduler_.step()) states.push_back(state());
    return states;
  }
  std::string state() const {
    std::string text;
    for (const auto& [name, value] : own_) text += std::to_string(name) + "=" + std::to_string(value) + " ";
    for (const auto& [byte, value] : shared_) text += std::to_string(byte) + ":" + value + " ";
    return text;
  }

 private:
  class Job final : public Work {
   public:
    Job(World& world, const Deed& deed) : world_(world), deed_(deed) {}
    void run() noexcept override {
      ++world_.own_[deed_.executor];
      if (!deed_.byte) return;
      world_.scheduler_.touches(*deed_.byte, *deed_.byte + 1);
      world_.shared_[*deed_.byte] += std::to_string(deed_.executor);
    }

   private:
    World& world_;
    Deed deed_;
  };

  SeededChoices choices_{0};
  Scheduler scheduler_;
  std::vector<Executor*> executors_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::map<std::size_t, int> own_;
  std::map<std::size_t, std::string> shared_;
};

struct Visited {
  std::size_t runs = 0;
  std::set<std::string> states;
};

Visited visit(const std::vector<Deed>& deeds, bool prune) {
  Visited visited;
  OrderTree tree(prune);
  for (; tree.begin_run(); ++visited.runs) {
    World world(deeds);
    for (std::string& state : world.run(tree)) visited.states.insert(std::move(state));
  }
  return visited;
}

TEST(OrderTree, VisitsEveryOrderOnce) {
  EXPECT_EQ(visit({{1, {}}, {1, {}}, {2, {}}, {2, {}}}, false).runs, 6U);
  EXPECT_EQ(visit({{1, {}}, {1, {}}, {2, {}}, {3, {}}}, false).runs, 12U);
  EXPECT_EQ(visit({{1, {}}, {1, {}}}, false).runs, 1U);
}

TEST(OrderTree, TakesOneOfTheOrdersInWhichIndependentThingsHappen) {
  const std::vector<Deed> apart = {{1, 1}, {1, 2}, {2, 3}, {3, 4}};
  const Visited all = visit(apart, false);
  const Visited some = visit(apart, true);
  EXPECT_EQ(some.states, all.states);
  EXPECT_LT(some.runs, all.runs);
}

TEST(OrderTree, TakesEveryOrderOfThingsThatTouchTheSameByte) {
  const std::vector<Deed> together = {{1, 7}, {2, 7}, {3, 7}};
  EXPECT_EQ(visit(together, true).runs, 6U);
}

TEST(OrderTree, TakesEveryOrderWithThingsOfTheFirstExecutor) {
  const std::vector<Deed> shared = {{0, {}}, {1, {}}, {2, {}}};
  const Visited some = visit(shared, true);
  EXPECT_EQ(some.states, visit(shared, false).states);
  EXPECT_EQ(some.runs, 4U + 1U) << "four in which the first is between or around the others, and one cut off";
}

// A byte of 3 stands for none.
RC_GTEST_PROP(OrderTree, LeavesOutNoStateWhenItPrunes, ()) {
  std::vector<Deed> deeds(*rc::gen::inRange<std::size_t>(0, 7));
  for (Deed& deed : deeds) {
    deed.executor = *rc::gen::inRange<std::size_t>(0, 4);
    const auto byte = *rc::gen::inRange<std::size_t>(0, 4);
    if (byte < 3) deed.byte = byte;
  }
  const Visited all = visit(deeds, false);
  const Visited some = visit(deeds, true);
  RC_ASSERT(some.states == all.states);
  RC_ASSERT(some.runs <= all.runs);
}

}  // namespace
}  // namespace holdfast::simdisk
