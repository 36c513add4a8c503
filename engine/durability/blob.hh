// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "durability/metadata_io.hh"
#include "durability/space.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// A new state of one blob, ready to replace the one on media.
struct StagedCommit {
  PageImages root;  // in place: this write replaces the old state by the new one, atomically
  PageImages chain;  // continuation pages, on pages that no durable root names
  std::vector<ClusterIndex> fresh_clusters;  // to be cleared of what they held for others
  OwnedSpace superseded;  // what only the old state owns

  // Set once the root write was sent: until a later commit succeeds, media may hold the old state or the new.
  bool root_in_doubt = false;
};

// Makes the staged state the durable one. Cut short: the old state or the new, whole. A creation is a commit
// whose old state is "no blob".
Task<> commit_blob(MetadataIo& io, Space& space, StagedCommit& staged, const DirtyMark& dirty);

// Removes a blob and frees what it owned. Cut short: the blob as it was, or no blob.
Task<> delete_blob(MetadataIo& io, Space& space, PageIndex root, const OwnedSpace& owned,
                   const DirtyMark& dirty);

}  // namespace holdfast::durability
