// SPDX-License-Identifier: BSD-3-Clause
// Expected error: private
#include "durability/evidence.hh"

using namespace holdfast;
using namespace holdfast::durability;

DirtyMark pretend([[maybe_unused]] Durable<Barrier::S4> real) {
#ifdef HOLDFAST_TWIN
  return DirtyMark(std::move(real));
#else
  return DirtyMark(Durable<Barrier::S4>());
#endif
}
