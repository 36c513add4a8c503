// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace holdfast::sim {

enum class Verdict : uint8_t {
  pass,           // every checked state holds every invariant
  expected_fail,  // exactly the expected invariants were violated
  fail,
  vacuous,        // nothing was put to the test
  inconclusive,   // not everything that the scenario asks for could be checked
};
const char* name_of(Verdict verdict) noexcept;
inline bool as_expected(Verdict verdict) {
  return verdict == Verdict::pass || verdict == Verdict::expected_fail;
}

struct Violation {
  std::string invariant;
  std::string words;
  std::string token;  // leads back to this state: holdfast-sim replay FILE TOKEN
};

// What the engine did to its devices in the session that the scenario plays, for nothing or so that nothing
// follows from it.
enum class WarningKind : uint8_t {
  flush_of_nothing,    // no write had completed since the last flush that covers it
  persist_of_nothing,  // nothing was stored there since it was last persisted
  rewrite,             // over what another protocol step wrote, which is not durable yet
  left_over,           // written or stored, and not durable when everything was acknowledged
};
const char* name_of(WarningKind kind) noexcept;

struct Warning {
  WarningKind kind = WarningKind::flush_of_nothing;
  std::string step;     // of the protocol; of a store, the one that should have followed
  std::string barrier;  // that it is for
  uint64_t count = 0;
  uint64_t event = 0;   // of the first
};

// Of the crash points that leave something open on these media alone, or on both.
struct MediaCounts {
  uint64_t crash_points = 0;
  uint64_t crash_points_exact = 0;
  uint64_t states_checked = 0;
};

struct ScenarioResult {
  std::string name;
  Verdict verdict = Verdict::inconclusive;
  uint64_t crash_points = 0;        // distinct cuts with at least one undecided piece
  uint64_t crash_points_exact = 0;  // those at which every combination was visited
  uint64_t states_checked = 0;      // recovery ran to its end and every invariant was compared
  MediaCounts block;
  MediaCounts persistent_memory;    // that of map files, mapped ones too
  MediaCounts both;
  uint64_t crash_points_bounded = 0;  // not exact, but all states in which at most `bound` pieces arrive
  uint64_t bound = 0;                 // the least of these points
  uint64_t sampled_states = 0;      // visited at crash points that are not exact
  uint64_t sampled_of = 0;          // how many these have, at least
  uint64_t states_enumerated = 0;   // what a plain enumeration of every combination would visit, at least
  uint64_t simulated_ns = 0;        // of all sessions
  uint64_t orders = 0;              // in which it was played
  bool every_order = true;          // that its races allow; false: as many as the budget, and others drawn
  std::string digest_depends_on;    // what beside the scenario and the seed; empty: nothing
  std::vector<Violation> violations;  // the first of each invariant
  std::vector<Warning> warnings;  // on an honest disk; they change no verdict
  double seconds = 0;
  std::string digest;
  // What recovery made of all states together: equal for searches that visit every combination, and for those
  // that leave out what recovery cannot tell apart.
  std::string outcomes;
  std::string note;  // why a verdict is not pass
};

std::string to_json(std::span<const ScenarioResult> results);
std::string to_junit(std::span<const ScenarioResult> results);
std::string to_text(std::span<const ScenarioResult> results);

}  // namespace holdfast::sim
