// SPDX-License-Identifier: BSD-3-Clause
#include "durability/chunk.hh"

namespace holdfast::durability {

Task<> remap_chunk(VolumeMedia& media, ChunkSpace& space, Remap& remap, ChunkMapWords words,
                   Unflushed<Barrier::C1> data, const SessionMark& mark) {
  Stored<Barrier::C2> stored = media.store_map(remap.after, words, mark);
  HF_CO_TRY(Durable<Barrier::C1> data_durable, co_await media.flush(std::move(data)));  // [C1]
  HF_CO_TRY(Durable<Barrier::C2> map_durable, co_await media.persist(std::move(stored)));  // [C2]
  remap.in_doubt = true;
  Stored<Barrier::C3> entry = media.store_entry(remap, std::move(data_durable), std::move(map_durable));
  HF_CO_TRY(Durable<Barrier::C3> committed, co_await media.persist(std::move(entry)));  // [C3]
  space.release(remap.before, std::move(committed));
  co_return {};
}

Task<> unmap_chunk(VolumeMedia& media, ChunkSpace& space, Remap& remap, IoBatch& batch,
                   const SessionMark& mark) {
  HF_CO_TRY(Stored<Barrier::C3> entry, media.store_no_entry(remap, mark));
  HF_CO_TRY(Durable<Barrier::C3> forgotten, co_await media.persist(std::move(entry)));  // [C3]
  [[maybe_unused]] const Result<> advised = co_await media.discard_units(batch, remap.before, forgotten);
  space.release(remap.before, std::move(forgotten));
  co_return {};
}

}  // namespace holdfast::durability
