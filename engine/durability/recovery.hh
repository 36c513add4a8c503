// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "durability/metadata_io.hh"
#include "format/replay.hh"
#include "format/super_block.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// A store as media describe it. `settled` is the evidence that all of it is durable.
struct RecoveredStore {
  CheckedSuper super;
  ReplayedStore replayed;
  Bitmap used_pages;
  Bitmap used_clusters;  // as a cluster mask counts them
  bool by_masks = false;  // the masks told what to read
  Durable<Barrier::R1> settled;
};

// Reads a store: the superblock, then every metadata page, the list of DURABILITY.md read backwards: whatever
// a cut left, the roots decide which blobs exist (B2, B3), each root decides which pages and clusters are
// taken (A1), and pages that no root names are free (B1). Writes nothing.
//
// With `trust_clean_mark`, of a clean store only what its masks call used, if they agree with what is found
// there.
Task<RecoveredStore> read_store(MetadataIo& io, bool trust_clean_mark);

}  // namespace holdfast::durability
