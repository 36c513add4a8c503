// SPDX-License-Identifier: BSD-3-Clause
#include "shrink/hunt.hh"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace holdfast::sim {
namespace {

// Less is better.
auto rank_of(const FoundFailure& failure) {
  std::vector<uint64_t> moments;
  std::size_t preferred = 0;  // what happened although something was before it
  for (const Cut& cut : failure.token.cuts) {
    moments.push_back(cut.moment);
    preferred += cut.order.size() - static_cast<std::size_t>(std::ranges::count(cut.order, 0U));
  }
  return std::tuple(moments.size(), failure.missing, preferred, moments);
}

// Looks for states of one kind among at most so many.
class Hunter final : public ExplorationObserver {
 public:
  enum class Wants : uint8_t { first, smallest };

  Hunter(const HuntingGround& ground, const FailureKind& kind, uint64_t most, Wants wants)
      : ground_(ground), kind_(kind), most_(most), wants_(wants) {}

  void cut(const Situation& situation, const simdisk::CrashSet& set, std::span<const uint32_t>) override {
    newest_.resize(situation.path.size());
    newest_.push_back(set.everything());
  }
  bool judged(const std::vector<Cut>& path, const Broken* broken) override {
    ++states_;
    if (broken != nullptr && kind_of(broken->invariant, broken->words) == kind_) {
      FoundFailure failure = failure_of(path, *broken);
      if (!found_ || rank_of(failure) < rank_of(*found_)) found_ = std::move(failure);
      if (wants_ == Wants::first) return false;
    }
    return states_ < most_;
  }
  const std::optional<FoundFailure>& found() const { return found_; }
  uint64_t states() const { return states_; }

 private:
  FoundFailure failure_of(const std::vector<Cut>& path, const Broken& broken) const {
    FoundFailure failure{
        .token = {ground_.which.scenario->content_hash, ground_.which.index, ground_.seed, path},
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
  Wants wants_;
  std::vector<std::vector<uint32_t>> newest_;  // of each cut of the path
  std::optional<FoundFailure> found_;
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

// With a target, only what it names. Why the exploration ended early; empty: it did not.
std::string explore(const HuntingGround& ground, ExplorationObserver& observer, Search search = Search::lazy,
                    const Token* target = nullptr) {
  Explorer explorer(ground.which, {.seed = ground.seed, .search = search});
  explorer.observe(observer);
  target != nullptr ? explorer.run_to(*target) : explorer.run();
  return explorer.stopped();
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
  Hunter hunter(ground, kind, most, Hunter::Wants::first);
  explore(ground, hunter);
  states = hunter.states();
  return hunter.found();
}

// The lazy search leaves out what recovery does not look at: every state is needed to say what is smallest.
// Where there are too many of them, any will do.
std::optional<FoundFailure> find_smallest(const HuntingGround& ground, const FailureKind& kind,
                                          uint64_t most) {
  Hunter hunter(ground, kind, most, Hunter::Wants::smallest);
  explore(ground, hunter, Search::plain);
  uint64_t states = 0;
  return hunter.found() ? hunter.found() : hunt(ground, kind, UINT64_MAX, states);
}

std::optional<FoundFailure> visit(const HuntingGround& ground, const FailureKind& kind, const Token& token) {
  Hunter hunter(ground, kind, UINT64_MAX, Hunter::Wants::first);
  explore(ground, hunter, Search::lazy, &token);
  return hunter.found();
}

bool plays_well(const HuntingGround& ground, uint64_t most) {
  Listener listener(ground.which.scenario->crash.nested > 0, most);
  const std::string stopped = explore(ground, listener);
  return listener.had_enough() || stopped.empty();
}

}  // namespace holdfast::sim
