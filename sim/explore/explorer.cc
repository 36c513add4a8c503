// SPDX-License-Identifier: BSD-3-Clause
#include "explore/explorer.hh"

#include <algorithm>

#include "scenario/memory.hh"

namespace holdfast::sim {

ScenarioResult Explorer::run_to(const Token& target) {
  goal_.target = &target;
  goal_.cuts = target.cuts.size();
  here_.races.play_as(target.cuts.empty() ? std::vector<uint32_t>() : target.cuts.front().order);
  return run();
}

ScenarioResult Explorer::run_beyond(const Token& target, std::size_t cuts) {
  goal_.target = &target;
  goal_.cuts = cuts;
  goal_.beyond = true;
  here_.races.play_as(target.cuts.front().order);
  return run();
}

ScenarioResult Explorer::run() {
  const bool tested = play_all();
  ScenarioResult& result = here_.result;
  result.digest = here_.rig.digest.hex();
  const auto& volume = here_.scenario.volume;
  if (volume && volume->codec == CodecKind::deflate)
    result.digest_depends_on = "the processor: ISA-L compresses differently on each kind";
  simdisk::Digest outcomes;
  for (const simdisk::Hash128& outcome : here_.outcomes) outcomes.add(outcome);
  result.outcomes = outcomes.hex();
  result.note = here_.stopped;
  result.verdict = tested ? verdict() : Verdict::vacuous;
  return result;
}

uint64_t Explorer::count_requests() {
  in_the_session(
      [this](Session& session, Model& model) { play_without_cuts(session, model, here_.scenario.steps); });
  const auto& faults = here_.which.disk->faults;
  const auto each = std::ranges::find(faults, true, &FaultSpec::each);
  return here_.rig.faults.selected(static_cast<std::size_t>(each - faults.begin()));
}

// False: what is wrong with the disk never showed.
bool Explorer::play_all() {
  CutSearch search(here_, goal_, log_);
  bool played = false;
  bool struck = false;
  uint64_t ignored = 0;
  while (here_.begin_playing()) {
    played |= in_the_session([&](Session& session, Model& model) {
      Play::Seen seen;
      Play whole{session, &model, &seen, {}};
      search.play(whole, here_.scenario.steps);
      here_.result.simulated_ns += session.scheduler().now_ns();
      struck |= here_.rig.faults.every_fault_struck();
      ignored += session.ignored_requests();
    });
  }
  here_.result.orders = here_.races.playings();
  here_.result.every_order = here_.races.played_all();
  return !played || was_put_to_the_test(struck, ignored);
}

// Sets up, and then works in the session of the steps, where everything is wrong with the disk that is to be.
// False: the setup did not end.
bool Explorer::in_the_session(const std::function<void(Session&, Model&)>& work) {
  const bool elsewhere = here_.scenario.device.setup_atomic_write.has_value();
  Model model;
  const simdisk::EventNumber first_event = elsewhere ? set_up_elsewhere(model) : 0;
  if (here_.is_stopped()) return false;
  Session session(here_.rig, here_.world, here_.trace, here_.seed_of({}), first_event);
  if (!elsewhere && !play_without_cuts(session, model, here_.scenario.setup)) return false;
  session.ignore(here_.which.disk->ignores);
  session.strike();
  work(session, model);
  return true;
}

// The setup on a device of its own, whose content is then this case's device.
simdisk::EventNumber Explorer::set_up_elsewhere(Model& model) {
  Rig elsewhere = here_.rig;
  elsewhere.geometry.atomic_write_size = *here_.scenario.device.setup_atomic_write;
  Session session(elsewhere, here_.world, here_.trace, here_.seed_of({}), 0);
  play_without_cuts(session, model, here_.scenario.setup);
  return session.scheduler().last_event();
}

bool Explorer::play_without_cuts(Session& session, Model& model, const std::vector<ScenarioStep>& steps) {
  Play::Seen seen;
  Play whole{session, &model, &seen, {}};
  return Player(here_, nullptr).play(whole, steps, false);
}

bool Explorer::was_put_to_the_test(bool struck, uint64_t ignored) {
  if (!here_.is_stopped() && !struck) return here_.stop("no request came that the fault could strike");
  // A violation is evidence enough: the session after a cut reached it.
  const bool reached = ignored > 0 || !here_.result.violations.empty();
  if (here_.is_stopped() || here_.which.disk->ignores.empty() || reached) return true;
  return here_.stop("the disk ignores a barrier that was never reached");
}

Verdict Explorer::verdict() {
  ScenarioResult& result = here_.result;
  const DiskCase& disk = *here_.which.disk;
  std::vector<std::string> broken;
  for (const Violation& violation : result.violations) broken.push_back(violation.invariant);
  std::sort(broken.begin(), broken.end());
  if (broken != disk.violations) {
    if (broken.empty() && result.note.empty()) result.note = "the expected violation did not happen";
    return Verdict::fail;
  }
  // What happened to a map file, or what a disk did wrong, is judged after cuts that leave nothing open, too.
  const bool something_open =
      result.crash_points > 0 || touches_map_files(here_.scenario) || !disk.faults.empty();
  const bool tested = something_open && result.states_checked > 0;
  if (here_.over_budget) return Verdict::inconclusive;
  if (here_.is_stopped()) return tested ? Verdict::fail : Verdict::vacuous;
  if (!tested) {
    result.note = "no power cut of this scenario leaves anything undecided";
    return Verdict::vacuous;
  }
  return broken.empty() ? Verdict::pass : Verdict::expected_fail;
}

}  // namespace holdfast::sim
