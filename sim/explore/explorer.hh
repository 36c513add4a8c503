// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/containment.hh"
#include "explore/judgement.hh"
#include "explore/session.hh"
#include "explore/state_log.hh"
#include "explore/token.hh"
#include "holdfast/sim/report.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// What one case of a scenario runs on.
struct Case {
  const DiskCase* disk = nullptr;
  bool fua = false;
  MemoryKind memory = MemoryKind::persistent;  // of a volume's map file
};

std::vector<Case> cases_in(const Scenario& scenario);

// Plays one case and cuts the power at every moment of its steps, in every way that the moment allows. The
// media of a crash state are visited in place: the undecided pieces are put on media, a fresh session
// recovers and is judged, and everything is undone.
class Explorer {
 public:
  Explorer(const Scenario& scenario, const Case& which, std::size_t case_index, uint64_t seed);

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

  // Visits all states, or with a target only the one that it names.
  ScenarioResult run();
  ScenarioResult run_to(const Token& target);

 private:
  // States that were checked already, under the same demands. Moments of one play share most of theirs.
  struct Seen {
    std::set<std::pair<simdisk::Hash128, uint64_t>> moments;
    std::set<std::pair<simdisk::Hash128, uint64_t>> states;
  };
  // One playing of steps in one session, and how it was reached.
  struct Play {
    Session& session;
    Model& model;
    std::vector<Cut> path;
    uint64_t moments = 0;
    Seen seen;
    uint64_t resumed_at = 0;  // the moment after which the engine's code ran on
  };

  simdisk::EventNumber set_up_elsewhere(Model& model);
  void end_session(Session& session) { result_.simulated_ns += session.scheduler().now_ns(); }
  bool play_all(Model& model, simdisk::EventNumber first_event);
  Verdict verdict();
  bool play(Play& play, const std::vector<ScenarioStep>& steps, bool cut);
  bool play_step(Play& play, const ScenarioStep& step, bool cut);
  std::vector<Task<>> start(Play& play, const ScenarioStep& step);
  void consider_cut(Play& play);
  void follow_route(Play& play);
  void check_state(const Play& play, const simdisk::CrashSet& set, std::span<const uint32_t> selection);
  void go_on(Session& session, const Model& model, std::vector<Cut> path);
  bool may_go_on(Play& play);
  bool may_judge(const std::vector<Cut>& path);
  bool stuck(const Play& play, std::string why);
  bool died(const Death* death, const std::vector<Cut>& path);
  void report(const Broken& broken, const std::vector<Cut>& path);
  bool stop(std::string why);
  uint64_t seed_of(const std::vector<Cut>& path) const;
  bool wanted(const Play& play) const;

  const Scenario& scenario_;
  const Case& case_;
  std::size_t case_index_;
  uint64_t seed_;
  Rig rig_;
  World world_;
  Trace trace_;
  Containment containment_;
  const Token* target_ = nullptr;
  StateLog* log_ = nullptr;
  const Route* route_ = nullptr;
  ScenarioResult result_;
  std::string stopped_;  // why the exploration ended early
  bool over_budget_ = false;
};

}  // namespace holdfast::sim
