// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "explore/session.hh"
#include "explore/trace.hh"
#include "explore/world.hh"
#include "invariants/invariants.hh"
#include "model/model.hh"

namespace holdfast::sim {

// What a crash state is worth.
struct Judgement {
  std::optional<Broken> broken;  // the first broken promise
  // Where a session goes on from here, if it can: what was found is what is durable.
  std::optional<Model::Found> found;
};

// Recovers in a fresh session over the media of the state, and asks the invariants.
Judgement judge(Session& session, const Rig& rig, const World& world, const Trace& trace, const Model& model);

}  // namespace holdfast::sim
