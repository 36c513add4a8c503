// SPDX-License-Identifier: BSD-3-Clause
#include "explore/player.hh"

#include <fmt/core.h>

#include <algorithm>

#include "invariants/names.hh"

namespace holdfast::sim {
namespace {

// What a session after a cut finds depends on the cut: a blob that is there already is not created again.
bool is_done_already(const ScenarioStep& step, const Model& model) {
  const auto* create = std::get_if<BlobCreate>(&step.action);
  return create != nullptr && model.exists(create->name);
}

std::vector<Task<>> start(Play& play, const ScenarioStep& step) {
  std::vector<Task<>> tasks;
  if (const auto* parallel = std::get_if<Parallel>(&step.action)) {
    for (const ScenarioStep& each : parallel->steps) tasks.push_back(play.session.perform(each, *play.model));
  } else {
    tasks.push_back(play.session.perform(step, *play.model));
  }
  for (Task<>& task : tasks) task.start();
  return tasks;
}

}  // namespace

bool Player::play(Play& play, const std::vector<ScenarioStep>& steps, bool cut) {
  for (const ScenarioStep& step : steps) {
    if (!play.path.empty() && is_done_already(step, *play.model)) continue;
    play.step = &step;
    if (here_.is_stopped() || !play_step(play, step, cut)) return false;
  }
  return true;
}

bool Player::play_step(Play& play, const ScenarioStep& step, bool cut) {
  std::function<void()> before_persist;
  if (cut) before_persist = [this, &play] { at_each_moment_(play); };
  const Trace::Watch watch(here_.trace, std::move(before_persist));
  if (!may_go_on(play)) return false;
  std::vector<Task<>> tasks = start(play, step);
  const auto* parallel = std::get_if<Parallel>(&step.action);
  if (parallel != nullptr && parallel->every_order && play.path.empty())
    play.session.scheduler().follow(&here_.races);
  const bool goes_on = run(play, step, tasks, cut);
  play.session.scheduler().follow(nullptr);
  return goes_on;
}

bool Player::run(Play& play, const ScenarioStep& step, std::vector<Task<>>& tasks, bool cut) {
  const uint64_t before = step.kill_after ? here_.trace.completed_count(*step.kill_after) : 0;
  if (cut) at_each_moment_(play);
  for (uint64_t taken = 0; !std::ranges::all_of(tasks, &Task<>::done); ++taken) {
    if (!may_go_on(play)) return false;
    if (taken == here_.rig.scheduler_steps_most) return stuck(play, "a step goes on and on and does not end");
    if (!play.session.scheduler().step()) return nothing_happens(play);
    if (cut) at_each_moment_(play);
    if (here_.is_stopped()) return false;
    if (step.kill_after && here_.trace.completed_count(*step.kill_after) > before) {
      play.session.kill(tasks.front());
      return true;
    }
  }
  if (step.kill_after)
    return here_.stop(fmt::format("the step ended before '{}' completed", name_of(*step.kill_after)));
  return take_results(play, step, tasks);
}

// The play is over, if it is a good one.
bool Player::nothing_happens(const Play& play) {
  const bool cut_off = here_.rig.faults.has_struck(simdisk::FaultKind::stuck) || here_.races.is_redundant();
  return cut_off ? false : stuck(play, "a step waits for something that will never happen");
}

bool Player::take_results(const Play& play, const ScenarioStep& step, std::vector<Task<>>& tasks) {
  if (const std::optional<Error>& wrong = play.session.wrong_read())
    return here_.stop("a step went wrong: " + describe(*wrong));
  const auto* parallel = std::get_if<Parallel>(&step.action);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const bool may_fail = (parallel != nullptr ? parallel->steps[i] : step).may_fail;
    const Result<> result = tasks[i].take_result();
    if (!result && !(may_fail && here_.rig.faults.struck() > 0))
      return here_.stop("a step failed: " + describe(result.error()));
  }
  return true;
}

// False: the process that went on here died, and so this play is over.
bool Player::may_go_on(Play& play) {
  play.resumed_at = play.moments;
  return !here_.died_at(play.path, play.moments, Containment::Doing::working);
}

bool Player::stuck(const Play& play, std::string why) {
  here_.report({kProgress, std::move(why)}, play.path);
  return false;
}

}  // namespace holdfast::sim
