// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/shrink.hh"

#include <fmt/core.h>

#include <algorithm>

#include "holdfast/sim/runner.hh"
#include "scenario/default_after.hh"
#include "shrink/hunt.hh"
#include "shrink/reduction.hh"
#include "shrink/write_scenario.hh"

namespace holdfast::sim {
namespace {

constexpr uint64_t kStatesMore = 50'000;  // than the original failure took, before a hunt gives up

// Whether a document still fails, asked as often as the budget allows.
class Judge {
 public:
  Judge(FailureKind kind, const Case& failed, uint64_t budget)
      : kind_(std::move(kind)), honest_(failed.disk->honest()), nth_(failed.nth), budget_(budget) {}

  // What every later document is asked with: the first seed of these with which this one fails.
  bool choose_seed(const ScenarioDocument& document, std::initializer_list<uint64_t> seeds);
  bool fails(const ScenarioDocument& document);

  // The case that failed last, or would be asked first.
  HuntingGround ground(const Scenario& scenario) const { return {cases(scenario).front(), seed_}; }
  const FailureKind& kind() const { return kind_; }
  uint64_t nth() const { return nth_; }
  uint64_t seed() const { return seed_; }
  uint64_t states_most() const { return states_most_; }
  uint64_t runs() const { return runs_; }
  bool at_budget() const { return runs_ >= budget_; }

 private:
  std::vector<Case> cases(const Scenario& scenario) const;

  FailureKind kind_;
  bool honest_;
  uint64_t nth_;  // the request that a fault struck which can strike each
  uint64_t budget_;
  uint64_t seed_ = 0;
  uint64_t states_most_ = UINT64_MAX;
  uint64_t runs_ = 0;
};

ScenarioDocument of_one_case(ScenarioDocument document, const Case& which);
void strike_only(ScenarioDocument& document, uint64_t nth);
void say_what_it_is(ScenarioDocument& document, const FailureKind& kind, const FoundFailure& failure);
void expect_what_comes(ScenarioDocument& document, const Judge& judge);
FoundFailure with_fewer_missing(const HuntingGround& ground, const FailureKind& kind, FoundFailure failure);
FailureSize size_of(const ScenarioDocument& document, const FoundFailure& failure);

// The state that the token names, whatever it breaks.
std::expected<FoundFailure, std::string> failure_at(const HuntingGround& ground, const Token& token,
                                                    FailureKind& kind) {
  Explorer explorer(ground.which, {.seed = ground.seed});
  const auto result = go_to(explorer, token);
  if (!result) return std::unexpected(result.error());
  if (result->violations.empty())
    return std::unexpected("every invariant holds in the state that the token names: nothing to shrink");
  kind = kind_of(result->violations[0].invariant, result->violations[0].words);
  return visit(ground, kind, token).value();
}

}  // namespace

std::expected<Shrunk, std::string> shrink(std::string_view text, const std::string& file,
                                          std::string_view token_text, const ShrinkOptions& options) {
  const auto scenario = parse_scenario(text, file);
  if (!scenario) return std::unexpected(describe(scenario.error().front()));
  const auto target = target_of(*scenario, token_text);
  if (!target) return std::unexpected(target.error());
  const auto& [token, which] = *target;
  FailureKind kind;
  const auto original = failure_at({which, token.seed}, token, kind);
  if (!original) return std::unexpected(original.error());

  const auto whole = ScenarioDocument::parse(text);
  Shrunk shrunk;
  shrunk.before = size_of(whole, *original);
  Judge judge(kind, which, options.runs);
  ScenarioDocument document = of_one_case(whole, which);
  document["crash"]["nested"] = std::max<std::size_t>(token.cuts.size(), 1) - 1;
  // What a session after a cut does can only be shortened where it is written.
  if (token.cuts.size() > 1 && !document.contains("after"))
    document["after"] = ScenarioDocument::parse(default_after(*scenario));
  if (!judge.choose_seed(document, {0, token.seed}))
    return std::unexpected("the failure does not come again when the scenario is run on this disk alone");
  document = reduced(std::move(document), [&judge](const auto& candidate) { return judge.fails(candidate); });
  strike_only(document, judge.nth());

  const Scenario least = parse_scenario(document.dump(), file).value();
  const HuntingGround ground = judge.ground(least);
  FoundFailure failure =
      with_fewer_missing(ground, kind, find_smallest(ground, kind, judge.states_most()).value());
  say_what_it_is(document, kind, failure);
  expect_what_comes(document, judge);
  shrunk.scenario = to_text(document);
  const Scenario small = parse_scenario(shrunk.scenario, file).value();
  failure.token.scenario = small.content_hash;
  shrunk.violation = {kind.invariant, failure.words, to_text(failure.token)};
  shrunk.seed = judge.seed();
  shrunk.after = size_of(document, failure);
  shrunk.runs = judge.runs();
  shrunk.at_budget = judge.at_budget();
  shrunk.verdict = run_case(judge.ground(small).which, {.seed = judge.seed()}).verdict;
  return shrunk;
}

namespace {

// On a disk that fails each request these are many: a smaller story has no more requests than a larger one.
std::vector<Case> Judge::cases(const Scenario& scenario) const {
  std::vector<Case> cases = cases_of(scenario);
  if (honest_) return {cases.front()};
  cases.erase(cases.begin());
  if (cases.size() > 1) std::erase_if(cases, [this](const Case& which) { return which.nth > nth_; });
  std::ranges::reverse(cases);
  return cases;
}

bool Judge::choose_seed(const ScenarioDocument& document, std::initializer_list<uint64_t> seeds) {
  const auto scenario = parse_scenario(document.dump(), "");
  if (!scenario) return false;
  for (const uint64_t seed : seeds) {
    seed_ = seed;
    uint64_t states = 0;
    ++runs_;
    if (!hunt(ground(*scenario), kind_, UINT64_MAX, states)) continue;
    states_most_ = states + kStatesMore;
    return true;
  }
  return false;
}

// A story in which a step goes wrong of itself is no story, wherever it is cut.
bool Judge::fails(const ScenarioDocument& document) {
  if (at_budget()) return false;
  const auto scenario = parse_scenario(document.dump(), "");
  if (!scenario) return false;
  for (const Case& which : cases(*scenario)) {
    if (at_budget()) return false;
    ++runs_;
    uint64_t states = 0;
    const HuntingGround here{which, seed_};
    if (!hunt(here, kind_, states_most_, states) || !plays_well(here, states_most_)) continue;
    nth_ = which.nth;
    return true;
  }
  return false;
}

// On the disk that failed, with its honest twin, which a scenario must have.
ScenarioDocument of_one_case(ScenarioDocument document, const Case& which) {
  const Scenario& scenario = *which.scenario;
  const auto index = static_cast<std::size_t>(which.disk - scenario.disks.data());
  const ScenarioDocument honest = {{"name", "honest"}, {"expect", "pass"}};
  if (which.disk->honest()) {
    document.erase("disks");
  } else {
    ScenarioDocument failed = document["disks"][index];
    if (failed["name"] == honest["name"]) failed["name"] = "failed";
    document["disks"] = ScenarioDocument::array({honest, failed});
  }
  document["device"]["fua"] = which.fua;
  if (scenario.volume)
    document["volume"]["memory"] = which.memory == MemoryKind::mapped ? "mapped" : "persistent";
  return document;
}

// Where the fault struck each request, one after the other, it strikes the one that matters.
void strike_only(ScenarioDocument& document, uint64_t nth) {
  const ScenarioDocument::json_pointer faults("/disks/1/faults");
  if (!document.contains(faults)) return;
  for (ScenarioDocument& fault : document[faults]) {
    if (!fault.value("each", false)) continue;
    fault.erase("each");
    fault["nth"] = nth;
  }
}

// The keys in the order in which people write them.
void say_what_it_is(ScenarioDocument& document, const FailureKind& kind, const FoundFailure& failure) {
  const std::string name = document["scenario"];
  ScenarioDocument said;
  if (document.contains("$schema")) said["$schema"] = document["$schema"];
  said["scenario"] = name + "-shrunk";
  said["purpose"] = fmt::format("Shrunk from {}, which broke {}: {}.", name, kind.invariant, failure.words);
  said["tags"] = {"regress", kind.invariant};
  for (const char* key : {"device", "store", "volume", "crash", "setup", "steps", "after", "disks"}) {
    if (document.contains(key)) said[key] = document[key];
  }
  for (const auto& [key, value] : document.items()) {
    if (!said.contains(key) && key != "note") said[key] = value;
  }
  document = std::move(said);
}

// A disk that ignores a barrier may break more than the one promise. An honest one must break none.
void expect_what_comes(ScenarioDocument& document, const Judge& judge) {
  if (!document.contains("disks")) return;
  const Scenario scenario = parse_scenario(document.dump(), "").value();
  const HuntingGround ground = judge.ground(scenario);
  auto broken = ScenarioDocument::array();
  for (const Violation& violation : run_case(ground.which, {.seed = ground.seed}).violations)
    broken.push_back(violation.invariant);
  document["disks"][1]["expect"] = {{"violations", broken}};
}

// Where a point was sampled, not every selection was seen.
FoundFailure with_fewer_missing(const HuntingGround& ground, const FailureKind& kind, FoundFailure failure) {
  for (std::size_t cut = 0; cut < failure.token.cuts.size(); ++cut) {
    for (std::size_t unit = 0; unit < failure.token.cuts[cut].selection.size(); ++unit) {
      Token candidate = failure.token;
      candidate.cuts[cut].selection[unit] = failure.newest[cut][unit];
      if (auto found = visit(ground, kind, candidate); found && found->missing < failure.missing)
        failure = std::move(*found);
    }
  }
  return failure;
}

FailureSize size_of(const ScenarioDocument& document, const FoundFailure& failure) {
  return {.steps = steps_in(document), .cuts = failure.token.cuts.size(), .pieces = failure.missing};
}

}  // namespace
}  // namespace holdfast::sim
