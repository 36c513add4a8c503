// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/names.hh"

#include <iterator>

#include "holdfast/host/purpose.hh"

namespace holdfast::sim {
namespace {

// What holds at every cut without a barrier of its own.
constexpr std::string_view kWithoutBarrier[] = {"A1", "A2", "A3", "A4", "A5", "A6"};

}  // namespace

std::vector<std::string_view> invariant_names() {
  std::vector<std::string_view> names = expectable_invariant_names();
  names.insert(names.end(), {kNoAbort, kProgress});
  return names;
}

std::vector<std::string_view> expectable_invariant_names() {
  std::vector<std::string_view> names;
  for (const Barrier barrier : kBarriers) names.emplace_back(name_of(barrier));
  names.insert(names.end(), std::begin(kWithoutBarrier), std::end(kWithoutBarrier));
  names.insert(names.end(), std::begin(kFaultContracts), std::end(kFaultContracts));
  return names;
}

}  // namespace holdfast::sim
