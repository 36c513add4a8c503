// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "explore/cut_search.hh"
#include "explore/exploration.hh"

namespace holdfast::sim {

// Plays one case of a scenario, cuts the power at every moment of its steps, and says what came of it.
class Explorer {
 public:
  Explorer(const Case& which, RunOptions options) : here_(which, options) {}

  // Tells `log` of each state that it visits. With a route these are the states on it.
  void keep(StateLog& log, const Route* route) {
    log_ = &log;
    goal_.route = route;
  }
  // From now on; it outlives the exploration.
  void observe(ExplorationObserver& observer) { here_.observer = &observer; }
  // As Trace::forward_to.
  template <class Listener>
  void forward_events_to(Listener& listener) {
    here_.trace.forward_to(listener, listener);
  }
  // Of the first playing of the scenario. It outlives the exploration.
  void forward_session_to(SessionListener& listener) { here_.trace.forward_session_to(&listener); }

  // Visits all states, or with a target only the one that it names, or those that its first so many cuts lead
  // to. The cuts of a target are made in its session's order.
  ScenarioResult run();
  ScenarioResult run_to(const Token& target);
  ScenarioResult run_beyond(const Token& target, std::size_t cuts);
  // Why it ended early; empty: it did not.
  const std::string& stopped() const { return here_.stopped; }
  // What the faults of the last playing did.
  const simdisk::FaultPlan& faults() const { return here_.rig.faults; }
  // Plays without cuts: how many requests the fault can strike that strikes each.
  uint64_t count_requests();

 private:
  bool play_all();
  bool in_the_session(const std::function<void(Session&, Model&)>& work);
  simdisk::EventNumber set_up_elsewhere(Model& model);
  bool play_without_cuts(Session& session, Model& model, const std::vector<ScenarioStep>& steps);
  bool was_put_to_the_test(bool struck, uint64_t ignored);
  Verdict verdict();

  Exploration here_;
  Goal goal_;
  StateLog* log_ = nullptr;
};

}  // namespace holdfast::sim
