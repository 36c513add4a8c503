// SPDX-License-Identifier: BSD-3-Clause
// Expected error: too few arguments|no matching function
#include "durability/metadata_io.hh"

using namespace holdfast;
using namespace holdfast::durability;

Task<Unflushed<Barrier::B3>> erase(MetadataIo& io, PageIndex root, [[maybe_unused]] const DirtyMark& dirty) {
#ifdef HOLDFAST_TWIN
  return io.erase_root(root, dirty);
#else
  return io.erase_root(root);
#endif
}
