// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/names.hh"

#include "invariants/fault_contracts.hh"
#include "invariants/invariants.hh"
#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

std::vector<std::string_view> invariant_names() {
  std::vector<std::string_view> names = expectable_invariant_names();
  names.insert(names.end(), {kNoAbort, kProgress});
  return names;
}

std::vector<std::string_view> expectable_invariant_names() {
  std::vector<std::string_view> names;
  for (const auto& checker : checkers_of_stores()) names.push_back(checker.name);
  for (const auto& checker : checkers_of_volumes()) names.push_back(checker.name);
  names.insert(names.end(), std::begin(kFaultContracts), std::end(kFaultContracts));
  return names;
}

}  // namespace holdfast::sim
