// SPDX-License-Identifier: BSD-3-Clause
#include "explain/missing_edge.hh"

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr uint64_t kStatesPerTry = 50'000;
constexpr std::size_t kNowhere = SIZE_MAX;

struct Plan {
  std::size_t session = 0;
  std::size_t cuts = 0;                // no path has more of them
  std::size_t help_at = kNowhere;      // the happening of the session at which everything is made durable
  uint64_t last_moment = 0;            // of the session
};

// Plays a session again, helps it at one place, and looks from there on for the failure.
class Attempt final : public ExplorationObserver,
                      public simdisk::DiskObserver,
                      public simdisk::MemoryObserver {
 public:
  Attempt(const Plan& plan, const FailureKind& kind) : plan_(plan), kind_(kind) {}

  // Before the help nothing is cut: nothing would be different.
  bool moment(const Situation& situation) override {
    const std::size_t depth = situation.path.size();
    if (depth != plan_.session) return depth < plan_.cuts;
    session_ = &situation.session;
    happens();
    const bool helped = plan_.help_at == kNowhere || happenings_ > plan_.help_at;
    return helped && situation.moment <= plan_.last_moment;
  }
  void cut(const Situation& situation, const simdisk::CrashSet&, std::span<const uint32_t>) override {
    if (situation.path.size() == plan_.session) cut_at_ = situation.moment;
  }
  bool judged(const std::vector<Cut>& path, const Broken* broken) override {
    if (path.size() <= plan_.session) return true;
    const bool fits = broken != nullptr && kind_of(broken->invariant, broken->words) == kind_;
    if (fits) failed_at_ = cut_at_;
    return !fits && ++states_ < kStatesPerTry;
  }

  void submitted(simdisk::EventNumber, const IoRequest&) override { happens(); }
  void completed(simdisk::EventNumber, const IoRequest&) override { happens(); }
  void stored(simdisk::EventNumber, const simdisk::MapRange&, std::span<const std::byte>) override {
    happens();
  }
  void persist_submitted(simdisk::EventNumber, const simdisk::MapRange&, Purpose) override { happens(); }
  void persist_completed(simdisk::EventNumber, const simdisk::MapRange&, Purpose, const Result<>&) override {
    happens();
  }

  // The moment of the session whose cut shows the failure.
  std::optional<uint64_t> failed_at() const { return failed_at_; }

 private:
  void happens() {
    if (session_ == nullptr) return;
    if (happenings_++ == plan_.help_at) session_->make_durable();
  }

  const Plan plan_;
  const FailureKind& kind_;
  Session* session_ = nullptr;
  std::size_t happenings_ = 0;  // counted right up to the help, which is before every cut
  uint64_t cut_at_ = 0;
  std::optional<uint64_t> failed_at_;
  uint64_t states_ = 0;
};

class EdgeSearch {
 public:
  EdgeSearch(const HuntingGround& ground, const Token& token, const FailureKind& kind, std::size_t session,
             const RecordedSession& recorded)
      : ground_(ground),
        token_(token),
        kind_(kind),
        plan_{.session = session, .cuts = token.cuts.size(), .last_moment = token.cuts[session].moment},
        happenings_(recorded.happenings) {}

  std::optional<MissingEdge> run() {
    const auto failed_moment = attempt(kNowhere);
    if (!failed_moment) return std::nullopt;
    plan_.last_moment = *failed_moment;
    MissingEdge edge{.session = plan_.session};
    while (happenings_[edge.failed].kind != Happening::Kind::moment ||
           happenings_[edge.failed].moment != *failed_moment)
      ++edge.failed;
    const std::vector<std::size_t> places = places_before(edge.failed);

    std::size_t end = places.size();  // one behind the last place that helps
    while (end > 0 && !helps(places[end - 1])) --end;
    if (end == 0) return std::nullopt;
    // The places before it, back to the first one that helps: more is durable at each than at the one before.
    std::size_t first = 0;
    for (std::size_t last = end - 1; first < last;) {
      const std::size_t middle = (first + last) / 2;
      if (helps(places[middle])) {
        last = middle;
      } else {
        first = middle + 1;
      }
    }
    edge.first = places[first];
    edge.last = places[end - 1];
    edge.tried = tried_;
    return edge;
  }

 private:
  // Where something is complete, or has a name, that was not so at the place before.
  std::vector<std::size_t> places_before(std::size_t end) const {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < end; ++i) {
      const Happening& happening = happenings_[i];
      const bool written = happening.writes() && happening.kind != Happening::Kind::submitted;
      const bool moment = happening.kind == Happening::Kind::moment && happening.undecided_changed;
      if (written || moment) places.push_back(i);
    }
    return places;
  }
  bool helps(std::size_t place) {
    ++tried_;
    return !attempt(place);
  }
  // The moment at which the failure shows in spite of help there.
  std::optional<uint64_t> attempt(std::size_t help_at) {
    Plan plan = plan_;
    plan.help_at = help_at;
    Attempt attempt(plan, kind_);
    Explorer explorer(ground_.which, {.seed = ground_.seed});
    explorer.observe(attempt);
    explorer.forward_events_to(attempt);
    explorer.run_beyond(token_, plan_.session);
    return attempt.failed_at();
  }

  const HuntingGround& ground_;
  const Token& token_;  // whose first cuts lead to the session
  const FailureKind& kind_;
  Plan plan_;
  const std::vector<Happening>& happenings_;
  std::size_t tried_ = 0;
};

}  // namespace

std::optional<MissingEdge> find_missing_edge(const HuntingGround& ground, const Token& token,
                                             const FailureKind& kind,
                                             const std::vector<RecordedSession>& sessions) {
  for (std::size_t session = sessions.size(); session-- > 0;) {
    if (auto edge = EdgeSearch(ground, token, kind, session, sessions[session]).run()) return edge;
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
