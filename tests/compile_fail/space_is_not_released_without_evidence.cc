// SPDX-License-Identifier: BSD-3-Clause
// Expected error: no matching function|no matching member function
#include "durability/space.hh"

using namespace holdfast;
using namespace holdfast::durability;

void after_delete(Space& space, const OwnedSpace& freed, [[maybe_unused]] Durable<Barrier::B3> gone) {
#ifdef HOLDFAST_TWIN
  space.release(freed, std::move(gone));
#else
  space.release(freed);
#endif
}
