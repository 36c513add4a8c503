// SPDX-License-Identifier: BSD-3-Clause
#include "explore/explorer.hh"

#include <fmt/core.h>

#include <algorithm>

#include "explore/metadata_pages.hh"
#include "explore/tally.hh"
#include "format/volume_super.hh"
#include "scenario/memory.hh"

namespace holdfast::sim {
namespace {

DeviceGeometry geometry_of(const DeviceSpec& device, bool fua) {
  return {.block_size = device.block_size,
          .atomic_write_size = device.atomic_write,
          .block_count = device.size / device.block_size,
          .buffer_alignment = device.block_size,
          .volatile_cache = device.volatile_cache,
          .fua = fua,
          .discard = true,
          .discard_reads_zero = device.discard_reads_zero};
}

void fill_with_garbage(simdisk::Media& media) {
  std::vector<std::byte> page(simdisk::kMediaPage);
  for (uint64_t i = 0; i < media.size() / simdisk::kMediaPage; ++i) {
    fill_block(page, ~i, i);
    media.write(i * simdisk::kMediaPage, page, 0);
  }
}

// What a session after a cut finds depends on the cut: a blob that is there already is not created again.
bool is_done_already(const ScenarioStep& step, const Model& model) {
  const auto* create = std::get_if<BlobCreate>(&step.action);
  return create != nullptr && model.exists(create->name);
}

// A token is what somebody typed.
bool offers(const simdisk::CrashSet& set, std::span<const uint32_t> selection) {
  const auto offered = [](const auto& unit, uint32_t choice) { return choice < unit.candidates.size(); };
  return std::equal(set.units.begin(), set.units.end(), selection.begin(), selection.end(), offered);
}

}  // namespace

VolumeLayout layout_of(const Scenario& scenario) {
  if (!scenario.volume) return {};
  const VolumeSpec& spec = *scenario.volume;
  return {.unit_size = spec.unit_size,
          .logical_block_size = spec.logical_block_size,
          .chunk_size = spec.chunk_size,
          .chunks = spec.device_size / spec.chunk_size - kSpareChunks,
          .units = spec.device_size / spec.unit_size,
          .first_unit = (kVolumeHeaderBytes + spec.unit_size - 1) / spec.unit_size};
}

Explorer::Explorer(const Scenario& scenario, const Case& which, std::size_t case_index, RunOptions options)
    : scenario_(scenario),
      case_(which),
      case_index_(case_index),
      options_(options),
      rig_{.scenario = scenario,
           .geometry = geometry_of(scenario.device, which.fua),
           .memory = which.memory,
           .volume_layout = layout_of(scenario),
           .digest = {},
           .contract = which.disk->contract(),
           .faults = plan()},
      world_(scenario.device.size),
      trace_(scenario.device.block_size, rig_.volume_layout,
             !scenario.volume || scenario.volume->blob.empty()) {
  if (scenario.device.garbage) fill_with_garbage(world_.disk);
}

ScenarioResult Explorer::run_to(const Token& target) {
  target_ = &target;
  return run();
}

ScenarioResult Explorer::run_beyond(const Token& target) {
  beyond_target_ = true;
  return run_to(target);
}

ScenarioResult Explorer::run() {
  Model model;
  simdisk::EventNumber first_event = 0;
  if (scenario_.device.setup_atomic_write) first_event = set_up_elsewhere(model);
  const bool toothless = stopped_.empty() && !play_all(model, first_event);
  result_.digest = rig_.digest.hex();
  const bool deflates = scenario_.volume && scenario_.volume->codec == CodecKind::deflate;
  if (deflates) result_.digest_depends_on = "the processor: ISA-L compresses differently on each kind";
  simdisk::Digest outcomes;
  for (const simdisk::Hash128& outcome : outcomes_) outcomes.add(outcome);
  result_.outcomes = outcomes.hex();
  result_.note = stopped_;
  result_.verdict = toothless ? Verdict::vacuous : verdict();
  return result_;
}

uint64_t Explorer::count_requests() {
  Model model;
  simdisk::EventNumber first_event = 0;
  if (scenario_.device.setup_atomic_write) first_event = set_up_elsewhere(model);
  Session session(rig_, world_, trace_, seed_of({}), first_event);
  Seen seen;
  Play whole{session, &model, &seen, {}};
  const bool here = !scenario_.device.setup_atomic_write;
  if (here && !play(whole, scenario_.setup, false)) return 0;
  session.strike();
  play(whole, scenario_.steps, false);
  const auto& faults = case_.disk->faults;
  const auto each = std::ranges::find(faults, true, &FaultSpec::each);
  return rig_.faults.selected(static_cast<std::size_t>(each - faults.begin()));
}

simdisk::FaultPlan Explorer::plan() const {
  std::vector<simdisk::Fault> faults;
  for (const FaultSpec& spec : case_.disk->faults) {
    faults.push_back(spec.fault);
    if (spec.each) faults.back().nth = case_.nth > 0 ? case_.nth : UINT64_MAX;
  }
  return simdisk::FaultPlan(std::move(faults));
}

// The setup on a device of its own, whose content is then this case's device.
simdisk::EventNumber Explorer::set_up_elsewhere(Model& model) {
  Rig elsewhere = rig_;
  elsewhere.geometry.atomic_write_size = *scenario_.device.setup_atomic_write;
  Session session(elsewhere, world_, trace_, seed_of({}), 0);
  Seen seen;
  Play setup{session, &model, &seen, {}};
  play(setup, scenario_.setup, false);
  return session.scheduler().last_event();
}

// False: what is wrong with the disk never showed.
bool Explorer::play_all(Model& model, simdisk::EventNumber first_event) {
  Session session(rig_, world_, trace_, seed_of({}), first_event);
  Seen seen;
  Play whole{session, &model, &seen, {}};
  const bool here = !scenario_.device.setup_atomic_write;
  if (here && !play(whole, scenario_.setup, false)) return true;
  session.ignore(case_.disk->ignores);
  session.strike();
  play(whole, scenario_.steps, true);
  end_session(session);
  return was_put_to_the_test(session);
}

bool Explorer::was_put_to_the_test(const Session& session) {
  if (stopped_.empty() && !rig_.faults.every_fault_struck())
    return stop("no request came that the fault could strike");
  // A violation is evidence enough: the session after a cut reached it.
  const bool reached = session.ignored_requests() > 0 || !result_.violations.empty();
  if (!stopped_.empty() || case_.disk->ignores.empty() || reached) return true;
  return stop("the disk ignores a barrier that was never reached");
}

Verdict Explorer::verdict() {
  std::vector<std::string> broken;
  for (const Violation& violation : result_.violations) broken.push_back(violation.invariant);
  std::sort(broken.begin(), broken.end());
  if (broken != case_.disk->violations) {
    if (broken.empty() && result_.note.empty()) result_.note = "the expected violation did not happen";
    return Verdict::fail;
  }
  // What happened to a map file, or what a disk did wrong, is judged after cuts that leave nothing open, too.
  const bool something_open =
      result_.crash_points > 0 || touches_map_files(scenario_) || !case_.disk->faults.empty();
  const bool tested = something_open && result_.states_checked > 0;
  if (over_budget_) return Verdict::inconclusive;
  if (!stopped_.empty()) return tested ? Verdict::fail : Verdict::vacuous;
  if (!tested) {
    result_.note = "no power cut of this scenario leaves anything undecided";
    return Verdict::vacuous;
  }
  return broken.empty() ? Verdict::pass : Verdict::expected_fail;
}

// False: the play ended before its last step.
bool Explorer::play(Play& play, const std::vector<ScenarioStep>& steps, bool cut) {
  for (const ScenarioStep& step : steps) {
    if (!play.path.empty() && is_done_already(step, *play.model)) continue;
    play.step = &step;
    if (!stopped_.empty() || !play_step(play, step, cut)) return false;
  }
  return true;
}

bool Explorer::play_step(Play& play, const ScenarioStep& step, bool cut) {
  std::function<void()> before_persist;
  if (cut) before_persist = [this, &play] { consider_cut(play); };
  const Trace::Watch watch(trace_, std::move(before_persist));
  if (!may_go_on(play)) return false;
  std::vector<Task<>> tasks = start(play, step);
  const uint64_t before = step.kill_after ? trace_.completed_count(*step.kill_after) : 0;
  const auto done = [&tasks] {
    return std::all_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.done(); });
  };
  if (cut) consider_cut(play);
  for (uint64_t taken = 0; !done(); ++taken) {
    if (!may_go_on(play)) return false;
    if (taken == rig_.scheduler_steps_most) return stuck(play, "a step goes on and on and does not end");
    if (!play.session.scheduler().step()) {
      if (rig_.faults.has_struck(simdisk::FaultKind::stuck)) return false;  // and the power is cut
      return stuck(play, "a step waits for something that will never happen");
    }
    if (cut) consider_cut(play);
    if (!stopped_.empty()) return false;
    if (step.kill_after && trace_.completed_count(*step.kill_after) > before) {
      play.session.kill(tasks.front());
      return true;
    }
  }
  if (step.kill_after)
    return stop(fmt::format("the step ended before '{}' completed", name_of(*step.kill_after)));
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto* parallel = std::get_if<Parallel>(&step.action);
    const bool may_fail = (parallel != nullptr ? parallel->steps[i] : step).may_fail;
    const Result<> result = tasks[i].take_result();
    if (!result && !(may_fail && rig_.faults.struck() > 0))
      return stop("a step failed: " + describe(result.error()));
  }
  return true;
}

std::vector<Task<>> Explorer::start(Play& play, const ScenarioStep& step) {
  std::vector<Task<>> tasks;
  if (const auto* parallel = std::get_if<Parallel>(&step.action)) {
    for (const ScenarioStep& each : parallel->steps) tasks.push_back(play.session.perform(each, *play.model));
  } else {
    tasks.push_back(play.session.perform(step, *play.model));
  }
  for (Task<>& task : tasks) task.start();
  return tasks;
}

// A moment that offers the same states under the same demands as an earlier one is not a new moment.
void Explorer::consider_cut(Play& play) {
  ++play.moments;
  if (observer_ != nullptr && !observer_->moment(situation(play))) return;
  if (route_ != nullptr) return follow_route(play);
  if (!wanted(play) || faults_are_quiet()) return;
  const simdisk::CrashSet set = play.session.crash_set();
  simdisk::Hash128 offered = world_.image_hash();
  offered += set.hash();
  if (!play.seen->emplace(offered, play.model->version()).second) return;
  if (follows_target(play.path)) {
    const std::vector<uint32_t>& selection = target_->cuts[play.path.size()].selection;
    if (offers(set, selection)) check_state(play, set, selection);
    return;
  }
  const Searched searched =
      options_.search == Search::plain ? search_plainly(play, set) : search_lazily(play, set);
  count_point(result_, set, world_.disk, searched.exact && stopped_.empty(), searched.states);
}

void Explorer::follow_route(Play& play) {
  const auto* const choices = route_->choices(play.path, play.moments);
  if (choices == nullptr) return;
  const simdisk::CrashSet set = play.session.crash_set();
  for (const std::vector<uint32_t>& selection : *choices) {
    if (offers(set, selection)) check_state(play, set, selection);
  }
}

// Until one strikes, the disk is the honest one.
bool Explorer::faults_are_quiet() const {
  return !case_.disk->faults.empty() && case_.disk->ignores.empty() && rig_.faults.struck() == 0;
}

Explorer::Searched Explorer::search_plainly(Play& play, const simdisk::CrashSet& set) {
  simdisk::SeededChoices choices(seed_of(play.path) + play.moments);
  simdisk::CombinationCursor cursor(set, scenario_.crash.states_per_point, choices);
  Searched searched{.exact = cursor.exhaustive(), .states = 0};
  std::span<const uint32_t> selection;
  for (; stopped_.empty() && cursor.next(selection); ++searched.states) check_state(play, set, selection);
  return searched;
}

// Where even that is too much, some states are visited that differ as much as possible.
Explorer::Searched Explorer::search_lazily(Play& play, const simdisk::CrashSet& set) {
  const MetadataPages pages(world_.disk, set, scenario_.device.block_size);
  simdisk::LazyCursor cursor(set, ends_at_next_cut(play.path) ? &pages : nullptr);
  const uint64_t most = scenario_.crash.states_per_point;
  Searched searched{.exact = set.complete, .states = 0};
  std::span<const uint32_t> selection;
  for (; stopped_.empty() && searched.states < most && cursor.next(selection); ++searched.states)
    check_state(play, set, selection);
  if (searched.states < most || !cursor.next(selection)) return searched;
  return {.exact = false, .states = searched.states + search_plainly(play, set).states};
}

void Explorer::check_state(Play& play, const simdisk::CrashSet& set, std::span<const uint32_t> selection) {
  if (result_.states_checked >= scenario_.crash.states_per_case) {
    over_budget_ = true;
    stop("more states than one case may have");
    return;
  }
  std::vector<Cut> path = play.path;
  path.push_back({play.moments, {selection.begin(), selection.end()}});
  if (!may_judge(path)) return;
  const simdisk::EventNumber now = play.session.scheduler().last_event();
  const World::Mark world_mark = world_.mark();
  const Trace::Mark trace_mark = trace_.mark(now);
  if (observer_ != nullptr) observer_->cut(situation(play), set, selection);
  const simdisk::Digest outer = rig_.digest;
  rig_.digest = log_ != nullptr ? log_->begin(path) : simdisk::Digest();
  set.apply(selection);
  // While nothing is written, a cut during the recovery leads to this state again.
  const auto [state, fresh] = play.seen->emplace(world_.image_hash(), play.model->version());
  {
    Session session(rig_, world_, trace_, seed_of(path), now);
    session.ignore(case_.disk->ignores);
    count_state(result_, set, world_.disk);
    recover_and_go_on({session, play.model, play.seen, std::move(path)});
    end_session(session);
  }
  if (fresh) play.seen->erase(state);
  containment_.enter(play.path, play.resumed_at, Containment::Doing::working);
  const simdisk::Hash128 inner = rig_.digest.value();
  rig_.digest = outer;
  rig_.digest.add(inner);
  trace_.forget_since(trace_mark);
  world_.rollback(world_mark);
}

// Where the state is only judged, and nothing is written over what it holds: a later cut could mix what one
// recovery takes for the same into what the next does not.
bool Explorer::ends_at_next_cut(const std::vector<Cut>& path) const {
  return path.size() >= scenario_.crash.nested;
}

// The recovery may be cut as well, and must then have broken no promise of the session before it.
void Explorer::recover_and_go_on(Play play) {
  std::function<void()> cut;
  if (may_be_cut(play.path)) cut = [this, &play] { consider_cut(play); };
  const Trace::Watch watch(trace_, cut);
  const Judgement judged = judge(play.session, rig_, world_, trace_, *play.model, cut);
  note_judged(play.path, judged);
  if (judged.broken) {
    report(*judged.broken, play.path);
  } else if (judged.found && play.path.size() <= scenario_.crash.nested) {
    go_on(play, *judged.found);
  }
  containment_.enter(play.path, 0, Containment::Doing::judging);
}

void Explorer::note_judged(const std::vector<Cut>& path, const Judgement& judged) {
  const Broken* broken = judged.broken ? &*judged.broken : nullptr;
  const std::string_view words = broken != nullptr ? broken->words : std::string_view();
  rig_.digest.add(world_.image_hash());
  rig_.digest.add(simdisk::hash_bytes(std::as_bytes(std::span(words))));
  if (log_ != nullptr) log_->end(path, key_of(path), rig_.digest);
  if (!may_be_cut(path)) outcomes_.insert(hash_of(judged));
  if (observer_ != nullptr && !observer_->judged(path, broken)) stop("the observer has seen enough");
}

// The session after the cut goes on working, and is cut in its turn.
void Explorer::go_on(Play& play, const Model::Found& found) {
  Model model = play.model->after_power_cut(found);
  Seen seen;
  play.model = &model;
  play.seen = &seen;
  this->play(play, scenario_.after, true);
}

bool Explorer::may_be_cut(const std::vector<Cut>& path) const {
  return path.size() <= scenario_.crash.nested &&
         (target_ == nullptr || beyond_target_ || follows_target(path));
}

// False: the process that went on here died, and so this play is over.
bool Explorer::may_go_on(Play& play) {
  play.resumed_at = play.moments;
  return !died(containment_.enter(play.path, play.moments, Containment::Doing::working), play.path);
}

bool Explorer::may_judge(const std::vector<Cut>& path) {
  return !died(containment_.enter(path, 0, Containment::Doing::judging), path);
}

bool Explorer::died(const Death* death, const std::vector<Cut>& path) {
  if (death == nullptr) return false;
  report({"no_abort", death->words}, path);
  if (containment_.is_last(*death))
    stop(fmt::format("the engine died in {} places, and what follows was not visited", kDeathsPerCase));
  return true;
}

bool Explorer::stuck(const Play& play, std::string why) {
  report({"progress", std::move(why)}, play.path);
  return false;
}

void Explorer::report(const Broken& broken, const std::vector<Cut>& path) {
  for (const Violation& known : result_.violations) {
    if (known.invariant == broken.invariant) return;
  }
  const Token token{scenario_.content_hash, case_index_, options_.seed, path};
  result_.violations.push_back({broken.invariant, broken.words, to_text(token)});
}

bool Explorer::stop(std::string why) {
  if (stopped_.empty()) stopped_ = std::move(why);
  return false;
}

// Every session decides for itself: what a state does must not depend on which states were visited before it,
// nor on how a search names it.
uint64_t Explorer::seed_of(const std::vector<Cut>& path) const {
  simdisk::Digest digest;
  digest.add({options_.seed});
  for (const Cut& cut : path) digest.add({cut.moment});
  return digest.value().low;
}

// As good as random, and different for every state of a case.
uint64_t Explorer::key_of(const std::vector<Cut>& path) const {
  simdisk::Digest digest;
  digest.add({options_.seed});
  for (const Cut& cut : path) {
    digest.add({cut.moment, cut.selection.size()});
    for (const uint32_t choice : cut.selection) digest.add({choice});
  }
  return digest.value().low;
}

bool Explorer::wanted(const Play& play) const {
  if (follows_target(play.path)) return target_->cuts[play.path.size()].moment == play.moments;
  return target_ == nullptr || beyond_target_;
}

bool Explorer::follows_target(const std::vector<Cut>& path) const {
  return target_ != nullptr && path.size() < target_->cuts.size();
}

Situation Explorer::situation(Play& play) {
  return {play.path, play.moments, play.step, play.session, world_, *play.model};
}

}  // namespace holdfast::sim
