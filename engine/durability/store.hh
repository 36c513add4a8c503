// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "durability/metadata_io.hh"
#include "format/super_block.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// The protocols that concern a store as a whole. What a power cut leaves behind stands in DURABILITY.md.

// Replaces whatever is on the device by an empty store. Cut short: the former store whole, no store, or the
// new one.
Task<> format_store(MetadataIo& io, const CheckedSuper& super);

// Before the first change of a store that was loaded clean. Cut short: a clean store to which nothing
// happened.
Task<DirtyMark> mark_dirty(MetadataIo& io, const CheckedSuper& dirty_super);

// The end of a session, with everything committed. Cut short: a dirty store, rebuilt from its roots at the
// next open.
Task<> mark_clean(MetadataIo& io, Masks& masks, const CheckedSuper& clean_super, DirtyMark dirty);

// A superblock with other words of the user. Cut short: the old words or the new.
Task<> change_super(MetadataIo& io, const CheckedSuper& super, const DirtyMark& dirty);

// Cut short: the store as it was, or none.
Task<> destroy_store(MetadataIo& io);

}  // namespace holdfast::durability
