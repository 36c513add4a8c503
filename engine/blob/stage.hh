// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "durability/blob.hh"
#include "durability/space.hh"
#include "format/blob_record.hh"
#include "format/super_block.hh"
#include "holdfast/result.hh"

namespace holdfast {

// What staging needs to know of its store.
struct StageContext {
  const StoreLayout& layout;
  durability::Space& space;
  RootForm form = RootForm::whole;
};

// What earlier commits of a blob may have put on media before they failed: the space that they had taken, and
// the extent pages that they were about to rewrite.
struct Doubts {
  bool any = false;  // otherwise media hold what memory holds
  bool less = false;  // media may hold less than memory: fewer clusters, or no such blob
  durability::OwnedSpace space;
  std::vector<PageIndex> redos;
  std::vector<std::size_t> extent_slots;
};

// One cluster of a blob that gets its place on the device.
struct Allocation {
  uint64_t cluster = 0;  // of the blob
  ClusterIndex place;
};

// Each turns a change of a blob into page images for its commit. The root stays where it is; every other page
// that changes is reserved anew, and `next` says where. On entry the clusters that `next` has and the present
// state has not are reserved; after an error nothing is reserved any more.

Result<durability::StagedCommit> stage_creation(const StageContext& context, BlobRecord& next);

// `root_on_media` is looked at where a root with descriptors is to become a pointer root.
Result<durability::StagedCommit> stage_change(const StageContext& context, const BlobRecord& present,
                                              BlobRecord& next, const Doubts& doubts,
                                              const MetadataPage& root_on_media);

// Allocations that touch nothing but extent pages which are there already. Nothing can fail.
bool fits_in_extent_pages(const BlobRecord& present, std::span<const uint64_t> clusters);
durability::StagedCommit stage_extent_pages(const StageContext& context, const BlobRecord& present,
                                            std::span<const Allocation> allocations);

}  // namespace holdfast
