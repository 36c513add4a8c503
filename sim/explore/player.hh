// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "explore/exploration.hh"

namespace holdfast::sim {

// One playing of steps in one session, and how it was reached. While it recovers, it makes no promises of its
// own: the model is that of the session that was cut, and so are the moments that are known.
struct Play {
  // Moments that were searched already: what they offered, and what was demanded.
  using Seen = std::set<std::pair<simdisk::Hash128, uint64_t>>;

  Session& session;
  Model* model;
  Seen* seen;
  std::vector<Cut> path;
  uint64_t moments = 0;
  const ScenarioStep* step = nullptr;  // that is being played; null: the session recovers
  uint64_t resumed_at = 0;  // the moment after which the engine's code ran on
};

// Carries out steps in a session, and tells of every moment at which the power may be cut.
class Player {
 public:
  Player(Exploration& exploration, std::function<void(Play&)> at_each_moment)
      : here_(exploration), at_each_moment_(std::move(at_each_moment)) {}

  // False: the play ended before its last step. With `cut` it tells of its moments.
  bool play(Play& play, const std::vector<ScenarioStep>& steps, bool cut);

 private:
  bool play_step(Play& play, const ScenarioStep& step, bool cut);
  bool run(Play& play, const ScenarioStep& step, std::vector<Task<>>& tasks, bool cut);
  bool nothing_happens(const Play& play);
  bool take_results(const Play& play, const ScenarioStep& step, std::vector<Task<>>& tasks);
  bool may_go_on(Play& play);
  bool stuck(const Play& play, std::string why);

  Exploration& here_;
  std::function<void(Play&)> at_each_moment_;
};

}  // namespace holdfast::sim
