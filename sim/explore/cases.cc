// SPDX-License-Identifier: BSD-3-Clause
#include "explore/cases.hh"

#include <fmt/core.h>

#include <algorithm>

namespace holdfast::sim {

namespace {

// Where a fault strikes each request, every request is a case.
void add_cases(Case which, std::vector<Case>& cases) {
  const bool each = std::ranges::any_of(which.disk->faults, &FaultSpec::each);
  const uint64_t last = each ? std::max<uint64_t>(Explorer(which, {}).count_requests(), 1) : 0;
  for (which.nth = each ? 1 : 0; which.nth <= last; ++which.nth) {
    which.index = cases.size();
    cases.push_back(which);
  }
}

}  // namespace

std::vector<Case> cases_of(const Scenario& scenario) {
  std::vector<Case> cases;
  const std::vector<MemoryKind> memory =
      scenario.volume ? scenario.volume->memory : std::vector{MemoryKind::persistent};
  for (const DiskCase& disk : scenario.disks) {
    for (const bool fua : scenario.device.fua) {
      for (const MemoryKind kind : memory) add_cases({&scenario, 0, &disk, fua, kind, 0}, cases);
    }
  }
  return cases;
}

std::string name_of(const Case& which) {
  const Scenario& scenario = *which.scenario;
  std::string name = fmt::format("{}[{},{}", scenario.name, which.disk->name, which.fua ? "fua" : "no-fua");
  if (scenario.volume) name += which.memory == MemoryKind::mapped ? ",mapped" : ",persistent";
  if (which.nth > 0) name += fmt::format(",{}", which.nth);
  return name + "]";
}

std::expected<Target, std::string> target_of(const Scenario& scenario, std::string_view text) {
  const auto token = parse_token(text);
  if (!token) {
    return std::unexpected(
        "this is not a token: hf2-BUILD-SCENARIO-CASE-SEED-CUTS, as holdfast-sim run prints it");
  }
  std::string differs;
  if (token->scenario != scenario.content_hash) {
    differs =
        fmt::format("the token is for a scenario with the hash {:016x}, and {} has {:016x}: it was changed",
                    token->scenario, scenario.file, scenario.content_hash);
  }
  if (token->build != build_identity()) {
    differs += fmt::format(
        "{}the token is of the build {:08x}, and this one is {:08x}: the engine or the simulator was changed",
        differs.empty() ? "" : "; ", token->build, build_identity());
  }
  if (!differs.empty()) return std::unexpected(differs + "; run the scenario again for a token of today");
  const std::vector<Case> cases = cases_of(scenario);
  if (token->case_index >= cases.size())
    return std::unexpected("the token names a case that the scenario does not have");
  return Target{*token, cases[token->case_index]};
}

std::expected<ScenarioResult, std::string> go_to(Explorer& explorer, const Token& token) {
  ScenarioResult result = explorer.run_to(token);
  const auto cuts =
      std::ranges::count_if(token.cuts, [](const Cut& cut) { return cut.moment != 0 || cut.order.empty(); });
  if (result.states_checked < static_cast<uint64_t>(cuts))
    return std::unexpected("the token leads nowhere: it names a moment or a choice that there is not");
  return result;
}

}  // namespace holdfast::sim
