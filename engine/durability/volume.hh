// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "durability/chunk_space.hh"
#include "durability/volume_media.hh"

namespace holdfast::durability {

// A volume that is to be made.
struct VolumeCreation {
  CheckedVolume volume;
  AlignedBuffer path;     // kMapPathBytes
  bool in_doubt = false;  // the superblock was sent: media may hold it, and it names the map file
};

// Makes a volume on a device, with a map file that was just created. Cut short: the former volume, no volume
// and perhaps a map file that none refers to, or the new volume, empty.
Task<> create_volume(VolumeMedia& media, MapStore& maps, VolumeCreation& creation);

// Ends a volume on a device; then its map file may go. Cut short: the volume as it was, or none.
Task<> destroy_volume(VolumeMedia& media);

// Marks of a session, and what its begin has to clear.
struct SessionBegin {
  CheckedVolume volume;  // with the session's marks
  bool forget_checksums = false;  // another program wrote: those in the chunk maps may be of other data
};

// Before the first change of a session. What earlier sessions left in chunk maps that nobody refers to is
// blanked, because SPDK uses such a map without filling it. Cut short: a volume to which nothing happened.
Task<SessionMark> begin_session(VolumeMedia& media, const SessionBegin& begin, ChunkSpace& space,
                                const Durable<Barrier::R2>& settled);

// The end of a session, with nothing in progress. `volume` holds its marks. Cut short: a session that was not
// closed.
Task<> close_session(VolumeMedia& media, const CheckedVolume& volume, ChunkSpace& space, SessionMark mark);

}  // namespace holdfast::durability
