// SPDX-License-Identifier: BSD-3-Clause
// Expected error: no matching function|no matching member function
#include "durability/space.hh"

using namespace holdfast;
using namespace holdfast::durability;

#ifdef HOLDFAST_TWIN
using Evidence = Durable<Barrier::B2>;
#else
using Evidence = Durable<Barrier::B1>;
#endif

void after_commit(Space& space, const OwnedSpace& replaced, Evidence committed) {
  space.release(replaced, std::move(committed));
}
