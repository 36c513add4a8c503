// SPDX-License-Identifier: BSD-3-Clause
#include "durability/chunk_space.hh"

namespace holdfast::durability {

ChunkSpace::ChunkSpace(const VolumeLayout& layout, const VolumeOwnership& owned, Bitmap stale)
    : units_(owned.units()), maps_(owned.maps()), stale_(std::move(stale)) {
  HF_ASSERT(owned.maps().size() == layout.chunk_maps());
}

Result<> ChunkSpace::reserve(StoredChunk& chunk, uint32_t units) {
  chunk.units.clear();
  if (maps_.free_count() == 0 || units_.free_count() < units) {
    return Error{
        .code = Errc::no_space,
        .object = ObjectKind::device,
        .number = units_.free_count(),
        .reason = "the volume has no spare units or chunk maps: damaged chunks hold them; unmap those"};
  }
  chunk.map = maps_.take();
  for (uint32_t i = 0; i < units; ++i) chunk.units.push_back(units_.take());
  return {};
}

void ChunkSpace::cancel(const StoredChunk& chunk) noexcept { take_back(chunk); }

std::vector<uint64_t> ChunkSpace::stale_maps() const {
  std::vector<uint64_t> found;
  for (uint64_t map = 0; map < stale_.size(); ++map) {
    if (stale_.test(map) && maps_.is_free(map)) found.push_back(map);
  }
  return found;
}

void ChunkSpace::blanked() noexcept {
  for (const uint64_t map : stale_maps()) stale_.clear(map);
}

void ChunkSpace::take_back(const StoredChunk& chunk) noexcept {
  if (!chunk.exists()) return;
  maps_.give_back(chunk.map);
  stale_.set(chunk.map);
  for (const uint64_t unit : chunk.units) units_.give_back(unit);
}

}  // namespace holdfast::durability
