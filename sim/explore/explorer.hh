// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/containment.hh"
#include "explore/judgement.hh"
#include "explore/observer.hh"
#include "explore/session.hh"
#include "explore/state_log.hh"
#include "explore/token.hh"
#include "holdfast/sim/report.hh"
#include "holdfast/sim/runner.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// What one case of a scenario runs on.
struct Case {
  const DiskCase* disk = nullptr;
  bool fua = false;
  MemoryKind memory = MemoryKind::persistent;  // of a volume's map file
  uint64_t nth = 0;  // the request that a fault strikes which can strike each; 0: there is no such fault
};

// Of every volume that this scenario creates.
VolumeLayout layout_of(const Scenario& scenario);

// Plays one case and cuts the power at every moment of its steps, in every way that the moment allows. The
// media of a crash state are visited in place: the undecided pieces are put on media, a fresh session
// recovers and is judged, and everything is undone.
class Explorer {
 public:
  Explorer(const Scenario& scenario, const Case& which, std::size_t case_index, RunOptions options);

  // For an engine that may die or go on forever.
  void contain(const RunOptions& options) {
    rig_.scheduler_steps_most = options.scheduler_steps_most;
    containment_.begin(options.whereabouts, options.deaths);
  }

  // Tells `log` of each state that it visits. With a route these are the states on it.
  void keep(StateLog& log, const Route* route) {
    log_ = &log;
    route_ = route;
  }

  // From now on; it outlives the exploration.
  void observe(ExplorationObserver& observer) { observer_ = &observer; }
  // As Trace::forward_to.
  template <class Listener>
  void forward_events_to(Listener& listener) {
    trace_.forward_to(listener, listener);
  }

  // Visits all states, or with a target only the one that it names, or only those behind it.
  ScenarioResult run();
  ScenarioResult run_to(const Token& target);
  ScenarioResult run_beyond(const Token& target);
  // Why it ended early; empty: it did not.
  const std::string& stopped() const { return stopped_; }
  // Plays without cuts: how many requests the fault can strike that strikes each.
  uint64_t count_requests();

 private:
  // Moments that were searched already: what they offered, and what was demanded.
  using Seen = std::set<std::pair<simdisk::Hash128, uint64_t>>;
  // One playing of steps in one session, and how it was reached. While it recovers, it makes no promises of
  // its own: model and states are those of the session that was cut.
  struct Play {
    Session& session;
    Model* model;
    Seen* seen;
    std::vector<Cut> path;
    uint64_t moments = 0;
    const ScenarioStep* step = nullptr;  // that is being played; null: the session recovers
    uint64_t resumed_at = 0;  // the moment after which the engine's code ran on
  };
  // How many states were visited, and whether they stand for all.
  struct Searched {
    bool exact;
    uint64_t states;
  };

  simdisk::EventNumber set_up_elsewhere(Model& model);
  void end_session(Session& session) { result_.simulated_ns += session.scheduler().now_ns(); }
  simdisk::FaultPlan plan() const;
  bool faults_are_quiet() const;
  bool was_put_to_the_test(const Session& session);
  bool play_all(Model& model, simdisk::EventNumber first_event);
  Verdict verdict();
  bool play(Play& play, const std::vector<ScenarioStep>& steps, bool cut);
  bool play_step(Play& play, const ScenarioStep& step, bool cut);
  std::vector<Task<>> start(Play& play, const ScenarioStep& step);
  void consider_cut(Play& play);
  void follow_route(Play& play);
  Searched search_plainly(Play& play, const simdisk::CrashSet& set);
  Searched search_lazily(Play& play, const simdisk::CrashSet& set);
  void check_state(Play& play, const simdisk::CrashSet& set, std::span<const uint32_t> selection);
  void recover_and_go_on(Play play);
  void note_judged(const std::vector<Cut>& path, const Judgement& judged);
  void go_on(Play& play, const Model::Found& found);
  bool ends_at_next_cut(const std::vector<Cut>& path) const;
  bool may_be_cut(const std::vector<Cut>& path) const;
  bool may_go_on(Play& play);
  bool may_judge(const std::vector<Cut>& path);
  bool stuck(const Play& play, std::string why);
  bool died(const Death* death, const std::vector<Cut>& path);
  void report(const Broken& broken, const std::vector<Cut>& path);
  bool stop(std::string why);
  uint64_t seed_of(const std::vector<Cut>& path) const;
  uint64_t key_of(const std::vector<Cut>& path) const;
  bool wanted(const Play& play) const;
  bool follows_target(const std::vector<Cut>& path) const;
  Situation situation(Play& play);

  const Scenario& scenario_;
  const Case& case_;
  std::size_t case_index_;
  RunOptions options_;
  Rig rig_;
  World world_;
  Trace trace_;
  Containment containment_;
  const Token* target_ = nullptr;
  StateLog* log_ = nullptr;
  const Route* route_ = nullptr;
  bool beyond_target_ = false;
  ExplorationObserver* observer_ = nullptr;
  ScenarioResult result_;
  std::set<simdisk::Hash128> outcomes_;  // of the states after which nothing is cut
  std::string stopped_;  // why the exploration ended early
  bool over_budget_ = false;
};

}  // namespace holdfast::sim
