// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "core/bitmap.hh"
#include "core/index_pool.hh"
#include "durability/evidence.hh"
#include "format/chunk_map.hh"

namespace holdfast::durability {

// Which chunk maps and units of a volume are free. They are taken before media name them, and given back only
// with the evidence that no durable entry leads to them any more. [A4] every chunk map and every unit has at
// most one owner.
class ChunkSpace {
 public:
  // `stale`: the free maps that are not blank on media.
  ChunkSpace(const VolumeLayout& layout, const VolumeOwnership& owned, Bitmap stale);

  // Takes a chunk map and this many units, the lowest ones, for `chunk`. no_space takes nothing.
  Result<> reserve(StoredChunk& chunk, uint32_t units);
  // Gives back what media never named.
  void cancel(const StoredChunk& chunk) noexcept;
  void release(const StoredChunk& chunk, Durable<Barrier::C3>) noexcept { take_back(chunk); }

  uint64_t free_units() const noexcept { return units_.free_count(); }
  std::vector<uint64_t> stale_maps() const;
  void blanked() noexcept;

 private:
  void take_back(const StoredChunk& chunk) noexcept;

  IndexPool units_;
  IndexPool maps_;
  Bitmap stale_;
};

}  // namespace holdfast::durability
