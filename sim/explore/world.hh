// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "holdfast/simdisk/media.hh"
#include "holdfast/simdisk/memory_folder.hh"

namespace holdfast::sim {

// What is there after a power cut: a disk, and a folder of map files. Changes can be undone.
struct World {
  explicit World(uint64_t disk_bytes)
      : disk(disk_bytes), unreadable(simdisk::sectors_for(disk_bytes), kUnreadable) {}

  struct Mark {
    simdisk::Media::Mark disk;
    simdisk::Media::Mark unreadable;
    simdisk::MemoryFolder::Mark maps;
  };
  Mark mark() { return {disk.mark(), unreadable.mark(), maps.mark()}; }
  void rollback(Mark mark) {
    maps.rollback(mark.maps);
    unreadable.rollback(mark.unreadable);
    disk.rollback(mark.disk);
  }
  simdisk::Hash128 image_hash() const {
    simdisk::Hash128 hash = disk.image_hash();
    hash += unreadable.image_hash();
    hash += maps.image_hash();
    return hash;
  }

  simdisk::Media disk;
  simdisk::Media unreadable;  // a byte for each sector of the disk
  simdisk::MemoryFolder maps;

 private:
  static constexpr uint64_t kUnreadable = ~uint64_t{0};  // its number
};

}  // namespace holdfast::sim
