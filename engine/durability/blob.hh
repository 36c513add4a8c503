// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "durability/metadata_io.hh"
#include "durability/space.hh"
#include "format/redo.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// A new state of one blob, ready to replace the one on media.
struct StagedCommit {
  // Rewritten where they are: the root, or, where nothing else changes, extent pages. Each write of a page
  // replaces the old state by the new one, atomically; several extent pages do so one by one.
  PageImages in_place;
  bool in_place_is_root = true;
  PageImages fresh;  // continuation and extent pages, on pages that no durable root names
  PageImages redo;  // a copy of the root on such a page, or nothing
  std::vector<ClusterIndex> fresh_clusters;  // to be cleared of what they held for others
  std::vector<PageIndex> redos;  // to be erased once the root is durable
  OwnedSpace reserved;  // what was taken for this state, redos not included
  OwnedSpace superseded;  // what only the old state owns

  // Set once the write in place was sent: until a later commit succeeds, media may hold either state.
  bool in_doubt = false;
};

// Makes the staged state the durable one. Cut short: the old state or the new, whole. A creation is a commit
// whose old state is "no blob".
Task<> commit_blob(MetadataIo& io, Space& space, StagedCommit& staged, const DirtyMark& dirty);

// A blob that is to go.
struct StagedDelete {
  PageIndex root;
  OwnedSpace owned;
  std::vector<PageIndex> redos;  // that a failed conversion may have left
};

// Removes a blob and frees what it owned. Cut short: the blob as it was, or no blob.
Task<> delete_blob(MetadataIo& io, Space& space, const StagedDelete& staged, const DirtyMark& dirty);

// Ends the conversions of roots that a cut interrupted (format/redo.hh): torn roots are completed, and every
// redo is erased and its page freed. Cut short: the same again at the next open.
Task<> finish_conversions(MetadataIo& io, Space& space, std::span<const Redo> redos,
                          const Durable<Barrier::R1>& settled, const DirtyMark& dirty);

}  // namespace holdfast::durability
