// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "explore/session.hh"
#include "explore/token.hh"
#include "holdfast/simdisk/crash_set.hh"
#include "invariants/invariants.hh"
#include "model/model.hh"

namespace holdfast::sim {

// A moment of an exploration at which the power may be cut.
struct Situation {
  const std::vector<Cut>& path;  // the cuts before this session
  uint64_t moment;               // of this session, from 1
  const ScenarioStep* step;      // that is being played, one of the scenario's; null: the session recovers
  Session& session;
  World& world;
  const Model& model;
};

// Told what an exploration comes to, in the order in which it does, and says where it is to look. An observer
// that changes nothing changes no result.
class ExplorationObserver {
 public:
  // False: the power is not cut at this moment.
  virtual bool moment(const Situation&) { return true; }
  // The power is cut; the media are still as they were before any undecided piece reached them.
  virtual void cut(const Situation&, const simdisk::CrashSet&, std::span<const uint32_t>) {}
  // What the cuts of this path left was recovered and judged: null, or the broken promise. False: the
  // exploration ends.
  virtual bool judged(const std::vector<Cut>& path, const Broken* broken) = 0;

 protected:
  ~ExplorationObserver() = default;
};

}  // namespace holdfast::sim
