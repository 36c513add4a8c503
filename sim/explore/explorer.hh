// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/judgement.hh"
#include "explore/session.hh"
#include "explore/token.hh"
#include "holdfast/sim/report.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// What one case of a scenario runs on.
struct Case {
  const DiskCase* disk = nullptr;
  bool fua = false;
  MemoryKind memory = MemoryKind::persistent;  // of a volume's map file
  uint64_t nth = 0;  // the request that a fault strikes which can strike each; 0: there is no such fault
};

// Plays one case and cuts the power at every moment of its steps, in every way that the moment allows. The
// media of a crash state are visited in place: the undecided pieces are put on media, a fresh session
// recovers and is judged, and everything is undone.
class Explorer {
 public:
  Explorer(const Scenario& scenario, const Case& which, std::size_t case_index, uint64_t seed);

  // Visits all states, or with a target only the one that it names.
  ScenarioResult run();
  ScenarioResult run_to(const Token& target);
  // Plays without cuts: how many requests the fault can strike that strikes each.
  uint64_t count_requests();

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
  };

  simdisk::EventNumber set_up_elsewhere(Model& model);
  simdisk::FaultPlan plan() const;
  bool faults_are_quiet() const;
  bool was_put_to_the_test(const Session& session);
  bool play_all(Model& model, simdisk::EventNumber first_event);
  Verdict verdict();
  bool play(Play& play, const std::vector<ScenarioStep>& steps, bool cut);
  bool play_step(Play& play, const ScenarioStep& step, bool cut);
  std::vector<Task<>> start(Play& play, const ScenarioStep& step);
  void consider_cut(Play& play);
  void check_state(const Play& play, const simdisk::CrashSet& set, std::span<const uint32_t> selection);
  void go_on(Session& session, const Model& model, std::vector<Cut> path);
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
  const Token* target_ = nullptr;
  ScenarioResult result_;
  std::string stopped_;  // why the exploration ended early
  bool over_budget_ = false;
};

}  // namespace holdfast::sim
