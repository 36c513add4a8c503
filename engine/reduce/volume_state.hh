// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/arithmetic.hh"
#include "core/async_mutex.hh"
#include "durability/chunk_space.hh"
#include "durability/volume_media.hh"
#include "durability/write_stop.hh"
#include "holdfast/volume.hh"
#include "reduce/chunk_line.hh"
#include "reduce/chunk_slot.hh"
#include "reduce/codec_pool.hh"
#include "reduce/volume_load.hh"

namespace holdfast {

// A volume in memory. Its slots are tasks that never end: each takes a part of a request, carries it out, and
// takes the next. There are no more of them than there is spare space for, so that a part in progress never
// finds the volume full.
class VolumeState {
 public:
  VolumeState(std::unique_ptr<BlockChannel> channel, Executor& home, const VolumeOpenOptions& options);
  ~VolumeState();

  Task<> load(MapStore& maps, const VolumeOpenOptions& options);
  Task<> close();
  void submit(VolumeIo& io) noexcept;
  Volume::Info info() const;
  std::span<const Volume::Damage> damaged_chunks() const noexcept { return damage_; }

 private:
  // A call of the volume's own, from the executor's queue; wanting it twice is wanting it once.
  class Later final : public Work {
   public:
    using Call = void (VolumeState::*)() noexcept;
    Later(VolumeState& volume, Call call) noexcept : volume_(volume), call_(call) {}
    void want() noexcept {
      if (!std::exchange(wanted_, true)) volume_.home_.post(*this);
    }
    void run() noexcept override {
      wanted_ = false;
      (volume_.*call_)();
    }

   private:
    VolumeState& volume_;
    const Call call_;
    bool wanted_ = false;
  };
  // It ends from the executor's queue: whoever waits may destroy the volume then.
  struct SettleWait final : Work {
    explicit SettleWait(uint64_t newest) noexcept : up_to(newest) {}
    void run() noexcept override { done.set(true); }
    const uint64_t up_to;  // the newest parked write that it waits for
    Arrival<bool> done;
  };

  Task<> adopt_map(MapStore& maps, const VolumeOpenOptions& options);
  void make_slots(uint32_t queue_depth);

  Result<> check(const VolumeIo& io) const;
  Result<> check_writable() const;
  void hand_out() noexcept;
  ChunkPart next_part(VolumeIo& io) const noexcept;
  void finish_part(ChunkSlot& slot, const Result<>& result) noexcept;
  void finish(VolumeIo& io) noexcept;
  void deliver() noexcept;

  Task<> run_slot(ChunkSlot& slot);
  Task<> in_turn(ChunkSlot& slot);
  Task<> read_chunk(ChunkSlot& slot);
  Task<> write_chunk(ChunkSlot& slot);
  Task<> unmap_chunk(ChunkSlot& slot);

  Result<> find(ChunkSlot& slot, bool replaced_whole);
  Task<std::span<std::byte>> content_of(ChunkSlot& slot, std::span<std::byte> packed,
                                        std::span<std::byte> into);
  Task<std::span<std::byte>> new_content(ChunkSlot& slot);
  Task<std::span<std::byte>> stored_form(ChunkSlot& slot, std::span<std::byte> content);
  Task<> remap(ChunkSlot& slot, std::span<std::byte> stored);
  void count(const durability::Remap& remap) noexcept;
  Task<> begin_session();

  // Acknowledged writes of a volume that was opened write-back.
  Task<> park(ChunkSlot& slot);
  void want(ChunkSlot& slot) noexcept;
  void unpark(ChunkSlot& slot) noexcept;
  Task<> settle_parked();

  void note_damage(const durability::Remap& remap, const Error& error);
  bool is_damaged(uint64_t chunk) const noexcept;
  bool can_be_transferred(std::span<const std::byte> memory) const noexcept;
  const VolumeLayout& layout() const noexcept { return volume_.layout; }

  Executor& home_;
  std::unique_ptr<BlockChannel> channel_;
  durability::WriteStop write_stop_;
  durability::VolumeMedia media_;
  std::unique_ptr<PersistentMemory> map_;
  CheckedVolume volume_;
  std::string path_;
  std::optional<durability::ChunkSpace> space_;
  std::unique_ptr<CodecPool> codecs_;
  std::vector<Volume::Damage> damage_;
  Divisor chunk_size_;
  Divisor logical_block_;
  const bool write_back_;
  bool read_only_;
  const char* why_read_only_ = "the volume was opened read-only";
  bool was_closed_ = false;
  bool closed_ = false;
  Volume::Checksums checksums_ = Volume::Checksums::none;
  uint64_t mapped_chunks_ = 0;
  uint64_t unreadable_maps_ = 0;

  std::optional<durability::Durable<Barrier::R2>> settled_;  // unless it was opened read-only
  std::optional<durability::SessionMark> session_;  // from the first change on
  AsyncMutex session_mutex_;

  Later hand_out_{*this, &VolumeState::hand_out};
  VolumeIo* first_waiting_ = nullptr;
  VolumeIo** last_waiting_ = &first_waiting_;
  Later deliver_{*this, &VolumeState::deliver};
  VolumeIo* first_ended_ = nullptr;
  VolumeIo** last_ended_ = &first_ended_;
  uint64_t in_progress_ = 0;  // requests whose callers were not told that they ended
  std::vector<std::unique_ptr<ChunkSlot>> slots_;
  std::vector<ChunkSlot*> idle_;
  std::vector<ChunkSlot*> parked_;  // oldest first
  uint64_t parked_count_ = 0;
  std::vector<SettleWait*> settle_waits_;
  std::optional<ChunkLine> line_;
  std::vector<Task<>> tasks_;  // of the slots; they go first
};

}  // namespace holdfast
