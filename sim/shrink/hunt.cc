// SPDX-License-Identifier: BSD-3-Clause
#include "shrink/hunt.hh"

#include <cctype>
#include <functional>
#include <tuple>

namespace holdfast::sim {
namespace {

// Shows the states of one kind, with what is missing in them, to whoever wants them.
class Hunter final : public ExplorationObserver {
 public:
  // False: that is enough.
  using Taker = std::function<bool(const FoundFailure& found)>;

  Hunter(const HuntingGround& ground, const FailureKind& kind, uint64_t most, Taker taker)
      : ground_(ground), kind_(kind), most_(most), taker_(std::move(taker)) {}

  void cut(const Situation& situation, const simdisk::CrashSet& set, std::span<const uint32_t>) override {
    newest_.resize(situation.path.size());
    std::vector<uint32_t>& newest = newest_.emplace_back();
    for (const simdisk::UndecidedUnit& unit : set.units)
      newest.push_back(static_cast<uint32_t>(unit.candidates.size() - 1));
  }
  bool judged(const std::vector<Cut>& path, const Broken* broken) override {
    ++states_;
    const bool fits = broken != nullptr && kind_of(broken->invariant, broken->words) == kind_;
    if (fits && !taker_(failure_of(path, *broken))) return false;
    return states_ < most_;
  }
  uint64_t states() const { return states_; }

 private:
  FoundFailure failure_of(const std::vector<Cut>& path, const Broken& broken) const {
    FoundFailure failure{
        .token = {ground_.scenario.content_hash, ground_.case_index, ground_.seed, path},
        .words = broken.words,
        .newest = {newest_.begin(), newest_.begin() + static_cast<std::ptrdiff_t>(path.size())}};
    for (std::size_t cut = 0; cut < path.size(); ++cut) {
      for (std::size_t unit = 0; unit < newest_[cut].size(); ++unit)
        failure.missing += path[cut].selection[unit] == newest_[cut][unit] ? 0U : 1U;
    }
    return failure;
  }

  const HuntingGround& ground_;
  const FailureKind& kind_;
  uint64_t most_;
  Taker taker_;
  std::vector<std::vector<uint32_t>> newest_;  // of each cut of the path
  uint64_t states_ = 0;
};

// Cuts the power only where the session after a cut has steps of its own.
class Listener final : public ExplorationObserver {
 public:
  Listener(bool cuts, uint64_t most) : cuts_(cuts), most_(most) {}
  bool moment(const Situation&) override { return cuts_; }
  bool judged(const std::vector<Cut>&, const Broken*) override { return ++states_ < most_; }
  bool had_enough() const { return states_ >= most_; }

 private:
  bool cuts_;
  uint64_t most_;
  uint64_t states_ = 0;
};

Explorer explorer_of(const HuntingGround& ground, const std::vector<Case>& cases,
                     Search search = Search::lazy) {
  return {ground.scenario,
          cases.at(ground.case_index),
          ground.case_index,
          {.seed = ground.seed, .search = search}};
}

// Less is better.
auto rank_of(const FoundFailure& failure) {
  std::vector<uint64_t> moments;
  for (const Cut& cut : failure.token.cuts) moments.push_back(cut.moment);
  return std::tuple(moments.size(), failure.missing, moments);
}

}  // namespace

FailureKind kind_of(std::string_view invariant, std::string_view words) {
  FailureKind kind{std::string(invariant), {}};
  bool quoted = false;
  bool in_number = false;
  for (const char c : words) {
    if (c == '\'') quoted = !quoted;
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    in_number = digit || (in_number && std::isalnum(static_cast<unsigned char>(c)) != 0);
    if (!quoted && !in_number) kind.words += c;
  }
  return kind;
}

std::optional<FoundFailure> hunt(const HuntingGround& ground, const FailureKind& kind, uint64_t most,
                                 uint64_t& states) {
  const std::vector<Case> cases = expand(ground.scenario);
  std::optional<FoundFailure> found;
  Hunter hunter(ground, kind, most, [&found](const FoundFailure& each) {
    found = each;
    return false;
  });
  Explorer explorer = explorer_of(ground, cases);
  explorer.observe(hunter);
  explorer.run();
  states = hunter.states();
  return found;
}

// The lazy search leaves out what recovery does not look at: every state is needed to say what is smallest.
// Where there are too many of them, any will do.
std::optional<FoundFailure> find_smallest(const HuntingGround& ground, const FailureKind& kind,
                                          uint64_t most) {
  const std::vector<Case> cases = expand(ground.scenario);
  std::optional<FoundFailure> best;
  Hunter hunter(ground, kind, most, [&best](const FoundFailure& each) {
    if (!best || rank_of(each) < rank_of(*best)) best = each;
    return true;
  });
  Explorer explorer = explorer_of(ground, cases, Search::plain);
  explorer.observe(hunter);
  explorer.run();
  uint64_t states = 0;
  return best ? best : hunt(ground, kind, UINT64_MAX, states);
}

std::optional<FoundFailure> visit(const HuntingGround& ground, const FailureKind& kind, const Token& token) {
  const std::vector<Case> cases = expand(ground.scenario);
  std::optional<FoundFailure> found;
  Hunter hunter(ground, kind, UINT64_MAX, [&found](const FoundFailure& each) {
    found = each;
    return false;
  });
  Explorer explorer = explorer_of(ground, cases);
  explorer.observe(hunter);
  explorer.run_to(token);
  return found;
}

bool plays_well(const HuntingGround& ground, uint64_t most) {
  const std::vector<Case> cases = expand(ground.scenario);
  Listener listener(ground.scenario.crash.nested > 0, most);
  Explorer explorer = explorer_of(ground, cases);
  explorer.observe(listener);
  explorer.run();
  return listener.had_enough() || explorer.stopped().empty();
}

}  // namespace holdfast::sim
