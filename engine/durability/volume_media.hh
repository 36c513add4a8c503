// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/io_batch.hh"
#include "durability/device_flush.hh"
#include "durability/evidence.hh"
#include "durability/write_stop.hh"
#include "format/chunk_map.hh"
#include "format/volume_super.hh"
#include "holdfast/aligned_buffer.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/host/persistent_memory.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// A chunk gets a new content, or none.
struct Remap {
  uint64_t chunk = 0;
  StoredChunk before;
  StoredChunk after;
  bool in_doubt = false;  // the entry was stored: of what failed then, media may hold either
};

// The one place that writes and flushes the device of a compressed volume, and stores and persists its map.
// Evidence as in MetadataIo: what is written to the device is Unflushed, what is stored in the map is Stored,
// and both become Durable. What is stored may become durable at any moment, persisted or not: an entry that
// leads somewhere is not even stored before its target is durable.
//
// Home executor only. A failed flush or persist is final: nothing is written or stored after it.
class VolumeMedia {
 public:
  VolumeMedia(BlockChannel& channel, WriteStop& write_stop, Executor& home) noexcept
      : channel_(channel), write_stop_(write_stop), device_flush_(channel, write_stop, home) {}
  VolumeMedia(const VolumeMedia&) = delete;
  VolumeMedia& operator=(const VolumeMedia&) = delete;

  const DeviceGeometry& device() const noexcept { return channel_.geometry(); }
  void adopt(PersistentMemory& map, const VolumeLayout& layout) noexcept {
    map_ = &map;
    layout_ = layout;
  }
  const PersistentMemory& map() const noexcept { return *map_; }

  Task<> read(uint64_t byte, std::span<std::byte> into);
  // Everything that any program wrote or stored before now becomes durable. [R2] what the load of a volume
  // reads is durable before it is acted upon
  Task<Durable<Barrier::R2>> settle();

  // Create and destroy.
  Task<Unflushed<Barrier::V1>> erase_super();
  Result<Stored<Barrier::V2>> fill_map(const CheckedVolume& volume);
  Task<Durable<Barrier::V2>> settle_new_map(Stored<Barrier::V2> filled, MapStore& maps);
  Task<Unflushed<Barrier::V3>> write_path(std::span<std::byte> path, Durable<Barrier::V1> no_super);
  Task<Unflushed<Barrier::V4>> write_first_super(const CheckedVolume& volume, Durable<Barrier::V2> map,
                                                 Durable<Barrier::V3> path);
  Task<Unflushed<Barrier::V4>> remove_super();

  // Sessions. A volume without Holdfast's words has no marks: nothing is stored or written then. Marks are
  // stored right behind the barrier V7: nothing can have failed since.
  Stored<Barrier::V5> mark_map(const CheckedVolume& volume, const Durable<Barrier::V7>& blank);
  Task<Unflushed<Barrier::V6>> mark_device(const CheckedVolume& volume, Durable<Barrier::V5> map_marked);
  // Chunk maps that no durable entry leads to become blank; and the others lose their checksums.
  Result<Stored<Barrier::V7>> clear_maps(std::span<const uint64_t> stale, bool forget_checksums,
                                         const Durable<Barrier::R2>& settled);
  // The same at the end of a session; and the digest of all maps is stored beside them.
  Result<Stored<Barrier::V7>> settle_maps(std::span<const uint64_t> stale, bool with_digest,
                                          const SessionMark& mark);
  Stored<Barrier::V8> close_map(const CheckedVolume& volume, Durable<Barrier::V7> blank, SessionMark mark);

  // Chunks. `batch` has room for as many requests as a chunk has units; `stored` is whole units.
  Task<> read_units(IoBatch& batch, const StoredChunk& chunk, std::span<std::byte> into);
  Task<Unflushed<Barrier::C1>> write_units(IoBatch& batch, const StoredChunk& chunk,
                                           std::span<std::byte> stored, const SessionMark& mark);
  Stored<Barrier::C2> store_map(const StoredChunk& chunk, ChunkMapWords words, const SessionMark& mark);
  Stored<Barrier::C3> store_entry(const Remap& remap, Durable<Barrier::C1> data, Durable<Barrier::C2> map);
  Result<Stored<Barrier::C3>> store_no_entry(const Remap& remap, const SessionMark& mark);
  // Advice to the device about units that no durable entry leads to; its failure changes nothing.
  Task<> discard_units(IoBatch& batch, const StoredChunk& chunk, const Durable<Barrier::C3>& forgotten);

  template <Barrier B>
  Task<Durable<B>> flush(Unflushed<B> written) {
    if (written.needs_flush_) HF_CO_CHECK(co_await device_flush_.run(B));
    co_return Durable<B>{};
  }
  // Also of nothing: what was not stored because a flush had failed is not durable.
  template <Barrier B>
  Task<Durable<B>> persist(Stored<B> stored) {
    if (write_stop_.stopped()) co_return write_stop_.error();
    if (stored.written_.end() != stored.written_.begin())
      HF_CO_CHECK(co_await persist_range(stored.written_, B));
    co_return Durable<B>{};
  }

 private:
  template <Barrier B>
  Task<Unflushed<B>> write_super(Step step, const CheckedVolume& volume);
  template <Barrier B>
  Task<Unflushed<B>> clear_super();
  template <Barrier B>
  Task<Unflushed<B>> write_header(Step step, uint64_t byte, std::span<std::byte> bytes);
  Task<> persist_range(PmWritten written, Barrier barrier);
  PmWritten blank(std::span<const uint64_t> stale);
  Result<> forget_checksum(uint64_t chunk, PmWritten& written);
  void prepare(IoBatch& batch, IoKind kind, Purpose purpose, const StoredChunk& chunk,
               std::span<std::byte> bytes) const;

  BlockChannel& channel_;
  WriteStop& write_stop_;
  DeviceFlush device_flush_;
  PersistentMemory* map_ = nullptr;
  VolumeLayout layout_;
};

}  // namespace holdfast::durability
