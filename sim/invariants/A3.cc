// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/invariants.hh"

namespace holdfast::sim {

// A3: an independent reading of media finds nothing wrong.
std::optional<std::string> check_A3(const Examination& state) {
  for (const Finding& finding : state.raw.check.findings) {
    if (finding.severity == Severity::error) return "the offline check finds: " + finding.text;
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
