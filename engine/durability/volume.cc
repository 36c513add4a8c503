// SPDX-License-Identifier: BSD-3-Clause
#include "durability/volume.hh"

namespace holdfast::durability {

Task<> create_volume(VolumeMedia& media, MapStore& maps, VolumeCreation& creation) {
  HF_CO_TRY(Unflushed<Barrier::V1> erased, co_await media.erase_super());
  HF_CO_TRY(Durable<Barrier::V1> no_super, co_await media.flush(std::move(erased)));  // [V1]
  HF_CO_TRY(Stored<Barrier::V2> filled, media.fill_map(creation.volume));
  HF_CO_TRY(Durable<Barrier::V2> map, co_await media.settle_new_map(std::move(filled), maps));  // [V2]
  HF_CO_TRY(Unflushed<Barrier::V3> named,
            co_await media.write_path(creation.path.bytes(), std::move(no_super)));
  HF_CO_TRY(Durable<Barrier::V3> path_durable, co_await media.flush(std::move(named)));  // [V3]
  creation.in_doubt = true;
  HF_CO_TRY(Unflushed<Barrier::V4> written,
            co_await media.write_first_super(creation.volume, std::move(map), std::move(path_durable)));
  HF_CO_CHECK(co_await media.flush(std::move(written)));  // [V4]
  co_return {};
}

Task<> destroy_volume(VolumeMedia& media) {
  HF_CO_TRY(Unflushed<Barrier::V4> erased, co_await media.remove_super());
  HF_CO_CHECK(co_await media.flush(std::move(erased)));  // [V4]
  co_return {};
}

Task<SessionMark> begin_session(VolumeMedia& media, const SessionBegin& begin, ChunkSpace& space,
                                const Durable<Barrier::R2>& settled) {
  const std::vector<uint64_t> stale = space.stale_maps();
  HF_CO_TRY(Stored<Barrier::V7> cleared, media.clear_maps(stale, begin.forget_checksums, settled));
  HF_CO_TRY(Durable<Barrier::V7> clear, co_await media.persist(std::move(cleared)));  // [V7]
  space.blanked();
  Stored<Barrier::V5> stored = media.mark_map(begin.volume, clear);
  HF_CO_TRY(Durable<Barrier::V5> map_marked, co_await media.persist(std::move(stored)));  // [V5]
  HF_CO_TRY(Unflushed<Barrier::V6> written, co_await media.mark_device(begin.volume, std::move(map_marked)));
  HF_CO_TRY(Durable<Barrier::V6> marked, co_await media.flush(std::move(written)));  // [V6]
  co_return SessionMark(std::move(marked), std::move(clear));
}

Task<> close_session(VolumeMedia& media, const CheckedVolume& volume, ChunkSpace& space, SessionMark mark) {
  const std::vector<uint64_t> stale = space.stale_maps();
  HF_CO_TRY(Stored<Barrier::V7> cleared, media.settle_maps(stale, volume.checksums, mark));
  HF_CO_TRY(Durable<Barrier::V7> clear, co_await media.persist(std::move(cleared)));  // [V7]
  space.blanked();
  Stored<Barrier::V8> stored = media.close_map(volume, std::move(clear), std::move(mark));
  HF_CO_CHECK(co_await media.persist(std::move(stored)));  // [V8]
  co_return {};
}

}  // namespace holdfast::durability
