// SPDX-License-Identifier: BSD-3-Clause
// Expected error: deleted
#include "durability/space.hh"

using namespace holdfast;
using namespace holdfast::durability;

void after_delete(Space& space, const OwnedSpace& freed, Durable<Barrier::B3> gone) {
#ifdef HOLDFAST_TWIN
  space.release(freed, std::move(gone));
#else
  space.release(freed, gone);
#endif
}
