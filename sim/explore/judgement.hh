// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
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

// Equal for states that recovery found to be the same.
simdisk::Hash128 hash_of(const Judgement& judged);

// Recovers in a fresh session over the media of the state, and asks the invariants. `at_each_moment` is
// called after every step of the recovery, as long as it may still write.
Judgement judge(Session& session, Rig& rig, const World& world, const Trace& trace, const Model& model,
                const std::function<void()>& at_each_moment);

}  // namespace holdfast::sim
