// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/exploration.hh"
#include "explore/player.hh"
#include "explore/state_log.hh"
#include "explore/tally.hh"

namespace holdfast::sim {

// Which states of a case are visited. Without any of these: all.
struct Goal {
  const Token* target = nullptr;  // only the one that its first cuts lead to
  std::size_t cuts = 0;           // so many
  bool beyond = false;            // and all behind it
  const Route* route = nullptr;   // only those on it
};

// Cuts the power at a moment of a play, in every way that the moment allows. The media of a crash state are
// visited in place: the undecided pieces are put on media, a fresh session recovers, is judged and goes on to
// further cuts, and everything is undone.
class CutSearch {
 public:
  CutSearch(Exploration& exploration, const Goal& goal, StateLog* log)
      : here_(exploration),
        goal_(goal),
        log_(log),
        player_(exploration, [this](Play& play) { consider(play); }) {}
  CutSearch(const CutSearch&) = delete;
  CutSearch& operator=(const CutSearch&) = delete;

  // Plays the steps of a session and cuts at each of its moments.
  void play(Play& play, const std::vector<ScenarioStep>& steps) { player_.play(play, steps, true); }

 private:
  void consider(Play& play);
  void follow_route(Play& play);
  Searched search_plainly(Play& play, const simdisk::CrashSet& set);
  Searched search_lazily(Play& play, const simdisk::CrashSet& set);
  void visit(Play& play, const simdisk::CrashSet& set, std::span<const uint32_t> selection);
  void recover_and_go_on(Play play);
  void note_judged(const std::vector<Cut>& path, const Judgement& judged);
  void go_on(Play& play, const Model::Found& found);
  bool faults_are_quiet() const;
  bool ends_at_next_cut(const std::vector<Cut>& path) const;
  bool may_be_cut(const std::vector<Cut>& path) const;
  bool wanted(const Play& play) const;
  bool follows_target(const std::vector<Cut>& path) const;
  uint64_t key_of(const std::vector<Cut>& path) const;
  std::vector<uint32_t> order_of(const Play& play) const;
  Situation situation(Play& play) const;

  Exploration& here_;
  Goal goal_;
  StateLog* log_;
  Player player_;
};

}  // namespace holdfast::sim
