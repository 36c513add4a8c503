// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "durability/metadata_io.hh"
#include "format/super_block.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// The protocols that concern a store as a whole. What a power cut leaves behind stands in DURABILITY.md.

// Replaces whatever is on the device by an empty store. Cut short: the
// former store whole, no store, or the new one.
Task<> format_store(MetadataIo& io, const SuperBlock& super);

// Before the first change of a store that was loaded clean. Cut
// short: a clean store to which nothing happened.
Task<DirtyMark> mark_dirty(MetadataIo& io, const SuperBlock& dirty_super);

// The end of a session, with everything committed. Cut short: a dirty
// store, rebuilt from its roots at the next open.
Task<> mark_clean(MetadataIo& io, Masks& masks, const SuperBlock& clean_super, DirtyMark dirty);

}  // namespace holdfast::durability
