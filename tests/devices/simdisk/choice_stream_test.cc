// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/choice_stream.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <utility>

namespace holdfast::simdisk {
namespace {

using Decisions = std::vector<uint32_t>;

Decisions take(ChoiceStream& choices, Domain domain, std::size_t count, uint32_t arity = 1000) {
  Decisions taken;
  for (std::size_t i = 0; i < count; ++i) taken.push_back(choices.choose(domain, arity));
  return taken;
}

TEST(SeededChoices, AreTheSameForTheSameSeedAndOthersForAnother) {
  SeededChoices one(7);
  SeededChoices same(7);
  SeededChoices other(8);
  const Decisions expected = take(one, Domain::order, 20);
  EXPECT_EQ(take(same, Domain::order, 20), expected);
  EXPECT_NE(take(other, Domain::order, 20), expected);
}

// Written down once: a seed that somebody reported must mean the same in every build and forever.
TEST(SeededChoices, AreTheSameOnEveryMachine) {
  SeededChoices choices(1);
  EXPECT_EQ(take(choices, Domain::order, 6, 10), (Decisions{9, 3, 7, 5, 0, 5}));
  EXPECT_EQ(take(choices, Domain::loss, 6, 10), (Decisions{3, 7, 9, 3, 0, 3}));
}

TEST(SeededChoices, OfOneDomainAreNotShiftedByThoseOfAnother) {
  SeededChoices alone(7);
  SeededChoices mixed(7);
  const Decisions expected = take(alone, Domain::loss, 20);
  Decisions taken;
  for (uint32_t i = 0; i < 20; ++i) {
    take(mixed, Domain::order, i % 3);
    taken.push_back(mixed.choose(Domain::loss, 1000));
  }
  EXPECT_EQ(taken, expected);
  EXPECT_NE(take(alone, Domain::order, 20), expected);
}

TEST(SeededChoices, DrawNothingWhereThereIsNothingToDecide) {
  SeededChoices plain(7);
  SeededChoices asked_more(7);
  EXPECT_EQ(take(asked_more, Domain::order, 50, 1), Decisions(50, 0));
  EXPECT_EQ(take(asked_more, Domain::order, 20), take(plain, Domain::order, 20));
}

TEST(SeededChoices, TakeEveryWayThatThereIs) {
  SeededChoices choices(7);
  std::vector<int> drawn(5);
  for (const uint32_t value : take(choices, Domain::order, 5000, 5)) ++drawn.at(value);
  for (const int times : drawn) EXPECT_NEAR(times, 1000, 150);
}

// What a program asks: a domain and how many ways there are.
using Questions = std::vector<std::pair<bool, uint32_t>>;

Domain domain_of(bool loss) { return loss ? Domain::loss : Domain::order; }

RC_GTEST_PROP(ReplayedChoices, AnswerAsTheRecordedOnesDid, (uint64_t seed)) {
  const auto questions = *rc::gen::container<Questions>(
      rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange<uint32_t>(1, 6)));
  SeededChoices seeded(seed);
  RecordingChoices recording(seeded);
  Decisions answers;
  for (const auto& [loss, arity] : questions) answers.push_back(recording.choose(domain_of(loss), arity));

  ReplayedChoices replayed(recording.recorded());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto& [loss, arity] = questions[i];
    RC_ASSERT(answers[i] < arity);
    RC_ASSERT(replayed.choose(domain_of(loss), arity) == answers[i]);
  }
  RC_ASSERT(!replayed.diverged());
  replayed.choose(Domain::order, 2);
  RC_ASSERT(replayed.diverged());
}

TEST(RecordingChoices, KeepWhatWasDecidedAndNotWhatNeededNoDecision) {
  ReplayedChoices inner({{Domain::loss, 4, 3}, {Domain::order, 2, 1}});
  RecordingChoices recording(inner);
  recording.choose(Domain::loss, 4);
  recording.choose(Domain::order, 1);
  recording.choose(Domain::order, 2);
  EXPECT_EQ(recording.recorded(), (std::vector<Choice>{{Domain::loss, 4, 3}, {Domain::order, 2, 1}}));
}

TEST(ReplayedChoices, DivergeAtAnotherArityAndStayAtZero) {
  ReplayedChoices replayed({{Domain::order, 4, 3}, {Domain::order, 4, 2}, {Domain::order, 4, 1}});
  EXPECT_EQ(replayed.choose(Domain::order, 4), 3U);
  EXPECT_FALSE(replayed.diverged());
  EXPECT_EQ(replayed.choose(Domain::order, 3), 0U);
  EXPECT_TRUE(replayed.diverged());
  EXPECT_EQ(replayed.choose(Domain::order, 4), 0U);
  EXPECT_TRUE(replayed.diverged());
}

TEST(ReplayedChoices, DivergeAtAnotherDomain) {
  ReplayedChoices replayed({{Domain::order, 4, 3}});
  EXPECT_EQ(replayed.choose(Domain::loss, 4), 0U);
  EXPECT_TRUE(replayed.diverged());
}

// A recording may come from a file: a value that was never possible must not become an index.
TEST(ReplayedChoices, DivergeAtAValueThatWasNeverPossible) {
  ReplayedChoices replayed({{Domain::order, 4, 4}});
  EXPECT_EQ(replayed.choose(Domain::order, 4), 0U);
  EXPECT_TRUE(replayed.diverged());
}

}  // namespace
}  // namespace holdfast::simdisk
