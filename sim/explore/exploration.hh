// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "explore/containment.hh"
#include "explore/judgement.hh"
#include "explore/observer.hh"
#include "explore/races.hh"
#include "explore/session.hh"
#include "explore/token.hh"
#include "holdfast/sim/report.hh"
#include "holdfast/sim/runner.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// Of every volume that this scenario creates.
VolumeLayout layout_of(const Scenario& scenario);

// One case while it is explored: what it runs on, where it is, and what was found.
struct Exploration {
  Exploration(const Case& of, RunOptions with);
  Exploration(const Exploration&) = delete;
  Exploration& operator=(const Exploration&) = delete;

  // It ends early, for the first of these reasons. Always false.
  bool stop(std::string why);
  bool is_stopped() const { return !stopped.empty(); }
  // Notes a broken promise, if it is the first of its invariant.
  void report(const Broken& broken, const std::vector<Cut>& path);
  // Everything that a playing of the case changes is as it was before the first one. False: that was the
  // last.
  bool begin_playing();
  // Notes where the engine's code runs from now on. The death that it died here before, or null.
  const Death* enter(const std::vector<Cut>& path, uint64_t moment, Containment::Doing doing);
  // The same; true: it is not to run here again.
  bool died_at(const std::vector<Cut>& path, uint64_t moment, Containment::Doing doing);
  // Every session decides for itself: what a state does must not depend on which states were visited before
  // it, nor on how a search names it.
  uint64_t seed_of(const std::vector<Cut>& path) const;

  const Case which;
  const Scenario& scenario;
  RunOptions options;
  Rig rig;
  World world;
  Trace trace;
  Containment containment;
  Races races;
  ExplorationObserver* observer = nullptr;
  ScenarioResult result;
  std::set<simdisk::Hash128> outcomes;  // of the states after which nothing is cut
  std::string stopped;  // why it ended early
  bool over_budget = false;

 private:
  World::Mark blank_;  // the world before anything was played
};

}  // namespace holdfast::sim
