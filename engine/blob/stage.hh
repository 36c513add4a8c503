// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "durability/blob.hh"
#include "durability/space.hh"
#include "format/blob_record.hh"
#include "format/super_block.hh"
#include "holdfast/result.hh"

namespace holdfast {

// Turns a record into page images for its commit. The root stays where it is (record.chain[0]); continuation
// pages are reserved anew, and record.chain is set to them. Nothing is reserved after an error.
Result<durability::StagedCommit> stage_commit(const StoreLayout& layout, durability::Space& space,
                                              BlobRecord& record);

}  // namespace holdfast
