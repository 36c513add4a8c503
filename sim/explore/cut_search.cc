// SPDX-License-Identifier: BSD-3-Clause
#include "explore/cut_search.hh"

#include <algorithm>
#include <optional>

#include "explore/metadata_pages.hh"
#include "holdfast/simdisk/combinations.hh"

namespace holdfast::sim {
namespace {

// A token is what somebody typed.
bool offers(const simdisk::CrashSet& set, std::span<const uint32_t> selection) {
  const auto offered = [](const auto& unit, uint32_t choice) { return choice < unit.candidates.size(); };
  return std::equal(set.units.begin(), set.units.end(), selection.begin(), selection.end(), offered);
}

}  // namespace

// A moment that offers the same states under the same demands as an earlier one is not a new moment.
void CutSearch::consider(Play& play) {
  ++play.moments;
  if (play.path.empty() && !here_.races.is_new()) return;
  if (here_.observer != nullptr && !here_.observer->moment(situation(play))) return;
  if (goal_.route != nullptr) return follow_route(play);
  if (!wanted(play) || faults_are_quiet()) return;
  const simdisk::CrashSet set = play.session.crash_set();
  simdisk::Hash128 offered = here_.world.image_hash();
  offered += set.hash();
  if (!play.seen->emplace(offered, play.model->version()).second) return;
  if (follows_target(play.path)) {
    const std::vector<uint32_t>& selection = goal_.target->cuts[play.path.size()].selection;
    if (offers(set, selection)) visit(play, set, selection);
    return;
  }
  Searched searched =
      here_.options.search == Search::plain ? search_plainly(play, set) : search_lazily(play, set);
  if (here_.is_stopped()) searched = {.exact = false, .states = searched.states};
  count_point(here_.result, set, here_.world.disk, searched);
}

void CutSearch::follow_route(Play& play) {
  const auto* const choices = goal_.route->choices(play.path, play.moments, order_of(play));
  if (choices == nullptr) return;
  const simdisk::CrashSet set = play.session.crash_set();
  for (const std::vector<uint32_t>& selection : *choices) {
    if (offers(set, selection)) visit(play, set, selection);
  }
}

Searched CutSearch::search_plainly(Play& play, const simdisk::CrashSet& set) {
  simdisk::SeededChoices choices(here_.seed_of(play.path) + play.moments);
  simdisk::CombinationCursor cursor(set, here_.scenario.crash.states_per_point, choices);
  Searched searched{.exact = cursor.exhaustive(), .states = 0};
  std::span<const uint32_t> selection;
  for (; !here_.is_stopped() && cursor.next(selection); ++searched.states) visit(play, set, selection);
  searched.bound = cursor.bound();
  return searched;
}

// Where even that is too much, some states are visited that differ as much as possible.
Searched CutSearch::search_lazily(Play& play, const simdisk::CrashSet& set) {
  std::optional<MetadataPages> pages;
  if (!set.units.empty() && ends_at_next_cut(play.path))
    pages.emplace(here_.world.disk, set, here_.scenario.device.block_size);
  simdisk::LazyCursor cursor(set, pages ? &*pages : nullptr);
  const uint64_t most = here_.scenario.crash.states_per_point;
  Searched searched{.exact = set.complete, .states = 0};
  std::span<const uint32_t> selection;
  for (; !here_.is_stopped() && searched.states < most && cursor.next(selection); ++searched.states)
    visit(play, set, selection);
  if (searched.states < most || !cursor.next(selection)) return searched;
  Searched some = search_plainly(play, set);
  some.exact = false;
  some.states += searched.states;
  return some;
}

void CutSearch::visit(Play& play, const simdisk::CrashSet& set, std::span<const uint32_t> selection) {
  if (here_.result.states_checked >= here_.scenario.crash.states_per_case) {
    here_.over_budget = true;
    here_.stop("more states than one case may have");
    return;
  }
  std::vector<Cut> path = play.path;
  path.push_back({play.moments, {selection.begin(), selection.end()}, order_of(play)});
  if (here_.died_at(path, 0, Containment::Doing::judging)) return;
  const simdisk::EventNumber now = play.session.scheduler().last_event();
  const World::Mark world_mark = here_.world.mark();
  const Trace::Mark trace_mark = here_.trace.mark(now);
  if (here_.observer != nullptr) here_.observer->cut(situation(play), set, selection);
  simdisk::Digest& digest = here_.rig.digest;
  const simdisk::Digest outer = digest;
  digest = log_ != nullptr ? log_->begin(path) : simdisk::Digest();
  set.apply(selection);
  // While nothing is written, a cut during the recovery leads to this state again.
  const auto [state, fresh] = play.seen->emplace(here_.world.image_hash(), play.model->version());
  {
    const Trace::Aside aside(here_.trace);
    Session session(here_.rig, here_.world, here_.trace, here_.seed_of(path), now);
    session.ignore(here_.which.disk->ignores);
    count_state(here_.result, set, here_.world.disk);
    recover_and_go_on({session, play.model, play.seen, std::move(path)});
    here_.result.simulated_ns += session.scheduler().now_ns();
  }
  if (fresh) play.seen->erase(state);
  here_.enter(play.path, play.resumed_at, Containment::Doing::working);
  const simdisk::Hash128 inner = digest.value();
  digest = outer;
  digest.add(inner);
  here_.trace.forget_since(trace_mark);
  here_.world.rollback(world_mark);
}

// The recovery may be cut as well, and must then have broken no promise of the session before it.
void CutSearch::recover_and_go_on(Play play) {
  std::function<void()> cut;
  if (may_be_cut(play.path)) cut = [this, &play] { consider(play); };
  const Trace::Watch watch(here_.trace, cut);
  const Judgement judged = judge(play.session, here_.rig, here_.world, here_.trace, *play.model, cut);
  note_judged(play.path, judged);
  if (judged.broken) {
    here_.report(*judged.broken, play.path);
  } else if (judged.found && play.path.size() <= here_.scenario.crash.nested) {
    go_on(play, *judged.found);
  }
  here_.enter(play.path, 0, Containment::Doing::judging);
}

void CutSearch::note_judged(const std::vector<Cut>& path, const Judgement& judged) {
  const Broken* broken = judged.broken ? &*judged.broken : nullptr;
  const std::string_view words = broken != nullptr ? broken->words : std::string_view();
  simdisk::Digest& digest = here_.rig.digest;
  digest.add(here_.world.image_hash());
  digest.add(simdisk::hash_bytes(std::as_bytes(std::span(words))));
  if (log_ != nullptr) log_->end(path, key_of(path), digest);
  if (!may_be_cut(path)) here_.outcomes.insert(hash_of(judged));
  if (here_.observer != nullptr && !here_.observer->judged(path, broken))
    here_.stop("the observer has seen enough");
}

// The session after the cut goes on working, and is cut in its turn.
void CutSearch::go_on(Play& play, const Model::Found& found) {
  Model model = play.model->after_power_cut(found);
  Play::Seen seen;
  play.model = &model;
  play.seen = &seen;
  this->play(play, here_.scenario.after);
}

// Until one strikes, the disk is the honest one.
bool CutSearch::faults_are_quiet() const {
  const DiskCase& disk = *here_.which.disk;
  return !disk.faults.empty() && disk.ignores.empty() && here_.rig.faults.struck() == 0;
}

// Where the state is only judged, and nothing is written over what it holds: a later cut could mix what one
// recovery takes for the same into what the next does not.
bool CutSearch::ends_at_next_cut(const std::vector<Cut>& path) const {
  return path.size() >= here_.scenario.crash.nested;
}

bool CutSearch::may_be_cut(const std::vector<Cut>& path) const {
  return path.size() <= here_.scenario.crash.nested &&
         (goal_.target == nullptr || goal_.beyond || follows_target(path));
}

bool CutSearch::wanted(const Play& play) const {
  if (follows_target(play.path)) return goal_.target->cuts[play.path.size()].moment == play.moments;
  return goal_.target == nullptr || goal_.beyond;
}

bool CutSearch::follows_target(const std::vector<Cut>& path) const {
  return goal_.target != nullptr && path.size() < goal_.cuts;
}

// As good as random, and different for every state of a case.
uint64_t CutSearch::key_of(const std::vector<Cut>& path) const {
  simdisk::Digest digest;
  digest.add({here_.options.seed});
  std::vector<uint64_t> words;
  for (const Cut& cut : path) append_words(cut, words);
  for (const uint64_t word : words) digest.add({word});
  return digest.value().low;
}

// Races are in the first session only.
std::vector<uint32_t> CutSearch::order_of(const Play& play) const {
  return play.path.empty() ? here_.races.order() : std::vector<uint32_t>();
}

Situation CutSearch::situation(Play& play) const {
  return {play.path, play.moments, play.step, play.session, here_.world, *play.model};
}

}  // namespace holdfast::sim
