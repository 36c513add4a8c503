// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/invariants.hh"

namespace holdfast::sim {

namespace {

// What a foreign program left may be damaged, and its masks may say anything.
bool is_excused(const Finding& finding, const Model& model) {
  return finding.object == ObjectKind::blob ? model.unsettled(finding.number) : model.super_unsettled();
}

}  // namespace

// A3: an independent reading of media finds nothing wrong.
std::optional<std::string> check_A3(const Examination& state) {
  for (const Finding& finding : state.raw.check.findings) {
    if (finding.severity == Severity::error && !is_excused(finding, state.model))
      return "the offline check finds: " + finding.text;
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
