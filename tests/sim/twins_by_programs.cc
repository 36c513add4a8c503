// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "holdfast-sim/workers.hh"
#include "holdfast/sim/runner.hh"
#include "sim/case_by_number.hh"
#include "sim/fuse.hh"
#include "sim/scenario_text.hh"
#include "sim/twins.hh"

namespace holdfast::sim {
namespace {

// The engine dies where it meets the data of a second write.
Findings an_engine_that_lives_through(std::string_view writes) {
  const Scenario scenario = parse_well(scenario_text(
      R"("device": {"size": "2176KiB", "fua": true}, "volume": {"memory": "persistent"},
         "crash": {"nested": 0}, "setup": [{"volume.create": {}}, {"volume.open": {}}],)",
      writes));
  fuse().when_it_decompresses = Dies::by_an_assertion;
  const auto results = tools::run_in_workers(tools::jobs_of({scenario}, 0, 1), {}, 1);
  fuse() = {};
  Findings findings;
  for (const Violation& violation : results.value().at(0).violations) findings.push_back(violation.invariant);
  return findings;
}

const std::string kWrite = R"({"volume.write": {"length": "16KiB"}})";

// How much a scheduler may do one after another, so that no session goes on for longer.
ScenarioResult run_with(uint64_t scheduler_steps_most) {
  const Scenario scenario =
      parse_well(scenario_text(std::string(kSmall) + R"("setup": [{"store.format": {}}],)",
                               R"({"store.open": {}}, {"blob.create": {"name": "a"}})"));
  return run_case(scenario, 0, {.scheduler_steps_most = scheduler_steps_most});
}
Findings broken_with(uint64_t scheduler_steps_most) {
  Findings findings;
  for (const Violation& violation : run_with(scheduler_steps_most).violations)
    findings.push_back(violation.invariant);
  return findings;
}
// The longest step's or recovery's.
uint64_t steps_needed() {
  uint64_t steps = 1;
  while (run_with(steps).verdict != Verdict::pass && steps < 1000) ++steps;
  return steps;
}

}  // namespace

std::vector<TwinPair> twins_by_programs() {
  return {
      {"no_abort", [] { return an_engine_that_lives_through(kWrite); },
       [] { return an_engine_that_lives_through(kWrite + "," + kWrite); }},
      {"progress", [] { return broken_with(steps_needed()); },
       [] { return broken_with(steps_needed() - 1); }},
  };
}

}  // namespace holdfast::sim
