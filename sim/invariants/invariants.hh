// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "explore/examination.hh"

namespace holdfast::sim {

// A checker looks at one crash state and says in words what is wrong, if its own invariant is broken. The
// sentences that they check stand in engine/durability/DURABILITY.md. To add one: a paragraph there, a tag in
// the engine, a file here, a line in invariants.cc, twins in tests/sim/, and a scenario that breaks it.
using Checker = std::optional<std::string> (*)(const Examination&);

std::optional<std::string> check_R1(const Examination& state);
std::optional<std::string> check_S1(const Examination& state);
std::optional<std::string> check_S2(const Examination& state);
std::optional<std::string> check_S3(const Examination& state);
std::optional<std::string> check_S4(const Examination& state);
std::optional<std::string> check_S5(const Examination& state);
std::optional<std::string> check_S6(const Examination& state);
std::optional<std::string> check_S7(const Examination& state);
std::optional<std::string> check_B1(const Examination& state);
std::optional<std::string> check_B2(const Examination& state);
std::optional<std::string> check_B3(const Examination& state);
std::optional<std::string> check_B4(const Examination& state);
std::optional<std::string> check_A1(const Examination& state);
std::optional<std::string> check_A2(const Examination& state);
std::optional<std::string> check_A3(const Examination& state);
std::optional<std::string> check_D1(const Examination& state);

struct Broken {
  const char* invariant;
  std::string words;
};

template <class Check>
struct NamedChecker {
  const char* name;
  Check check;
};
template <class Check, class State>
std::optional<Broken> first_broken_of(std::span<const NamedChecker<Check>> checkers, const State& state) {
  for (const NamedChecker<Check>& named : checkers) {
    if (auto words = named.check(state)) return Broken{named.name, std::move(*words)};
  }
  return std::nullopt;
}

// In the order of cause: a page that was reused too early also makes a blob damaged, and so on.
std::span<const NamedChecker<Checker>> checkers_of_stores();
// The first broken promise: what follows from it is not reported as well.
std::optional<Broken> first_broken(const Examination& state);

// In words: a cluster that is named twice, and by whom.
std::optional<std::string> find_shared_cluster(const RawStore& raw);

// A page that a root names and that is newer than the root: it was reused. `lost` is the newer root that
// should have been durable first.
struct ReusedPage {
  const RootOnMedia& root;
  uint64_t page;
  PageWrite reuse;
  std::optional<PageWrite> lost;
};
std::optional<ReusedPage> find_reused_page(const Examination& state);

}  // namespace holdfast::sim
