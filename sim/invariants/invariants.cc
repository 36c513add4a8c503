// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/invariants.hh"

namespace holdfast::sim {
namespace {

constexpr NamedChecker<Checker> kCheckers[] = {
    {"S1", check_S1}, {"S2", check_S2}, {"S7", check_S7}, {"S3", check_S3},
    {"R1", check_R1}, {"S4", check_S4}, {"S5", check_S5}, {"S6", check_S6},
    {"B1", check_B1}, {"B2", check_B2}, {"B3", check_B3}, {"B4", check_B4},
    {"A1", check_A1}, {"A2", check_A2}, {"D1", check_D1}, {"A3", check_A3},
};

}  // namespace

std::span<const NamedChecker<Checker>> checkers_of_stores() { return kCheckers; }

std::optional<Broken> first_broken(const Examination& state) {
  return first_broken_of(checkers_of_stores(), state);
}

std::optional<ReusedPage> find_reused_page(const Examination& state) {
  for (const RootOnMedia& root : state.raw.roots) {
    for (const uint64_t page : root.chain) {
      const auto reuse = state.trace.write_at(page, state.media.written_at(page));
      if (!reuse || reuse->event < root.written_at(state.media)) continue;
      if (reuse->step == Step::none) continue;  // by a foreign program, which promises nothing
      auto lost = state.trace.last_write_before(root.page, reuse->event);
      if (lost && lost->event <= root.written_at(state.media)) lost.reset();
      return ReusedPage{root, page, *reuse, lost};
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
