// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/explain.hh"

#include <fmt/core.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "explain/missing_edge.hh"
#include "explain/recording.hh"
#include "explain/screen.hh"
#include "scenario/faults.hh"

namespace holdfast::sim {
namespace {

PieceStory story_of(const Fate& fate, const Recorder& recorder);
FaultStory story_of(const simdisk::FaultStrike& strike, const Recorder& recorder);
std::optional<Fate> first_wrong(const HuntingGround& ground, const FailureKind& kind, const Token& token,
                                const Recorder& recorder);
MissingBarrier barrier_of(const MissingEdge& edge, const Recorder& recorder, const DiskCase& disk);

}  // namespace

std::expected<Explanation, std::string> explain(std::string_view text, const std::string& file,
                                                std::string_view token_text) {
  const auto scenario = parse_scenario(text, file);
  if (!scenario) return std::unexpected(describe(scenario.error().front()));
  const auto target = target_of(*scenario, token_text);
  if (!target) return std::unexpected(target.error());
  const Token& token = target->token;
  const HuntingGround ground{target->which, token.seed};

  Recorder recorder(*scenario, token.cuts.size());
  Explorer explorer(target->which, {.seed = token.seed});
  explorer.observe(recorder);
  explorer.forward_events_to(recorder);
  if (const auto reached = go_to(explorer, token); !reached) return std::unexpected(reached.error());
  if (!recorder.words())
    return std::unexpected("every invariant holds in the state that the token names: nothing to explain");

  const FailureKind kind = kind_of(recorder.invariant(), *recorder.words());
  Explanation explanation;
  explanation.invariant = recorder.invariant();
  explanation.words = *recorder.words();
  for (const RecordedSession& session : recorder.sessions()) {
    std::vector<PieceStory>& stories = explanation.cuts.emplace_back();
    for (const Fate& fate : session.cut->fates) stories.push_back(story_of(fate, recorder));
  }
  for (const simdisk::FaultStrike& strike : explorer.faults().strikes())
    explanation.faults.push_back(story_of(strike, recorder));
  if (const auto wrong = first_wrong(ground, kind, token, recorder)) {
    explanation.wrong = {wrong->owned.owner, wrong->owned.field, wrong->expected, wrong->found};
  }
  if (const auto edge = find_missing_edge(ground, token, kind, recorder.sessions())) {
    explanation.missing = barrier_of(*edge, recorder, *target->which.disk);
  }
  explanation.text = screen_of(explanation, text, target->which, recorder);
  return explanation;
}

namespace {

// A store is made durable by a persist of its own.
std::string numbered(const Happening& begin, const Recorder& recorder) {
  if (begin.kind != Happening::Kind::stored)
    return fmt::format("{} ({}) #{}", name_of(begin.purpose.step), name_of(begin.purpose.barrier),
                       begin.event);
  const Happening* persist = recorder.persist_of(begin);
  const std::string barrier =
      persist == nullptr ? "" : fmt::format("({}) ", name_of(persist->purpose.barrier));
  return fmt::format("store {}#{}", barrier, begin.event);
}

PieceStory story_of(const Fate& fate, const Recorder& recorder) {
  PieceStory story{.fate = fate.kind == Fate::Kind::arrived ? PieceStory::Fate::arrived
                           : fate.kind == Fate::Kind::lost  ? PieceStory::Fate::lost
                                                            : PieceStory::Fate::torn,
                   .owner = fate.owned.owner,
                   .wrote = {}};
  const Happening* begin = recorder.begin_of(fate.event);
  if (begin == nullptr) {
    story.wrote = fmt::format("change #{}", fate.event);
    return story;
  }
  story.wrote = numbered(*begin, recorder);
  if (begin->kind == Happening::Kind::stored) return story;
  const Happening* end = recorder.end_of(fate.event);
  story.wrote += end == nullptr ? ", in flight" : fmt::format(", completed #{}", end->event);
  return story;
}

FaultStory story_of(const simdisk::FaultStrike& strike, const Recorder& recorder) {
  FaultStory story{
      .kind = std::string(name_of(strike.kind)),
      .struck = fmt::format("{} ({})", name_of(strike.purpose.step), name_of(strike.purpose.barrier)),
      .owner = {}};
  const std::optional<Owners>& owners = recorder.owners();
  if (owners && strike.begin < strike.end)
    story.owner = (strike.file ? owners->in_map_file(strike.begin) : owners->on_disk(strike.begin)).owner;
  return story;
}

// Of the pieces that are missing, in the order in which they were written, the first without which the
// failure would not be; where each alone makes no difference, the first, unless a fault explains it.
std::optional<Fate> first_wrong(const HuntingGround& ground, const FailureKind& kind, const Token& token,
                                const Recorder& recorder) {
  std::optional<Fate> first;
  for (std::size_t cut = recorder.sessions().size(); cut-- > 0;) {
    std::vector<Fate> missing = recorder.sessions()[cut].cut->fates;
    std::erase_if(missing, [](const Fate& fate) { return fate.kind == Fate::Kind::arrived; });
    std::ranges::sort(missing, {}, [](const Fate& fate) { return std::pair(fate.event, fate.unit); });
    for (const Fate& fate : missing) {
      if (!first) first = fate;
      Token with_it = token;
      with_it.cuts[cut].selection[fate.unit] = fate.newest;
      if (!visit(ground, kind, with_it)) return fate;
    }
  }
  return ground.which.disk->faults.empty() ? first : std::nullopt;
}

std::string where(const Happening& happening, const Recorder& recorder) {
  for (const RecordedSession& session : std::views::reverse(recorder.sessions())) {
    for (const Fate& fate : session.cut->fates) {
      if (fate.is_map == happening.is_map && fate.byte < happening.byte + happening.length &&
          happening.byte < fate.byte + fate.length)
        return fmt::format(" of {}", fate.owned.owner);
    }
  }
  return fmt::format(" at byte {}{}", happening.byte, happening.is_map ? " of the map file" : "");
}

std::string begins(const Happening& happening, const Recorder& recorder) {
  return fmt::format("{}{}", numbered(happening, recorder), where(happening, recorder));
}

// What must wait: the first thing that happens behind the moment before the failure shows.
struct Waiter {
  std::size_t place = 0;
  std::string words;
};
Waiter what_must_wait(const MissingEdge& edge, const Recorder& recorder) {
  const std::vector<Happening>& happenings = recorder.sessions()[edge.session].happenings;
  std::size_t before = edge.failed;  // the moment before
  while (before > 0 && happenings[before - 1].kind != Happening::Kind::moment) --before;
  // A store is complete at once: help right behind it helps as well, and would still come too late.
  for (std::size_t i = std::max(edge.first + 1, before); i < edge.failed; ++i) {
    const Happening& happening = happenings[i];
    if (happening.writes() && happening.kind != Happening::Kind::completed)
      return {i, "the begin of " + begins(happening, recorder)};
  }
  // Changes of names are no requests; where one arrived it is what came too early.
  for (const Fate& fate : recorder.sessions()[edge.session].cut->fates) {
    if (fate.kind == Fate::Kind::arrived && recorder.begin_of(fate.event) == nullptr)
      return {edge.failed, fmt::format("the change #{} of {}", fate.event, fate.owned.owner)};
  }
  const bool answered = before > 0 && happenings[before - 1].version != happenings[edge.failed].version;
  return {edge.failed, answered ? "the answer to a step" : "the power cut"};
}

// What ended last before the first place that helps. Before the first moment only what is missing is known.
std::string what_comes_first(const MissingEdge& edge, const Recorder& recorder) {
  const RecordedSession& session = recorder.sessions()[edge.session];
  const Happening* last = nullptr;
  for (std::size_t i = edge.first + 1; i-- > 0 && last == nullptr;) {
    const Happening& happening = session.happenings[i];
    if (!happening.writes() || happening.kind == Happening::Kind::submitted) continue;
    last = happening.begun == 0 ? &happening : recorder.begin_of(happening.begun);
  }
  for (const Fate& fate : session.cut->fates) {
    if (last == nullptr && fate.kind != Fate::Kind::arrived) last = recorder.begin_of(fate.event);
  }
  if (last == nullptr) return "the begin of the session";
  const bool at_once = last->kind == Happening::Kind::stored;
  return (at_once ? "" : "the end of ") + begins(*last, recorder);
}

MissingBarrier barrier_of(const MissingEdge& edge, const Recorder& recorder, const DiskCase& disk) {
  const std::vector<Happening>& happenings = recorder.sessions()[edge.session].happenings;
  const Waiter waiter = what_must_wait(edge, recorder);
  MissingBarrier missing{.from = what_comes_first(edge, recorder), .to = waiter.words, .claims = {}};
  for (std::size_t i = edge.first; i <= waiter.place; ++i) {
    const Happening& happening = happenings[i];
    if (!happening.claims()) continue;
    missing.claims.push_back({.barrier = happening.purpose.barrier,
                              .by = fmt::format("{} #{} to #{}", name_of(happening.purpose.step),
                                                happening.begun, happening.event),
                              .ignored = disk.ignores.contains(happening.purpose.barrier)});
  }
  missing.places_tried = edge.tried;
  return missing;
}

}  // namespace
}  // namespace holdfast::sim
