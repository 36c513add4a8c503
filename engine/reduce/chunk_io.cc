// SPDX-License-Identifier: BSD-3-Clause
// One part of a request, once it is its turn: the chunk's way between memory and media.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "durability/chunk.hh"
#include "reduce/volume_state.hh"

namespace holdfast {
namespace {

Error damaged(uint64_t chunk, const char* reason) {
  return {.code = Errc::corrupt, .object = ObjectKind::chunk, .number = chunk, .reason = reason};
}

}  // namespace

// Straight into the caller's memory where the part is a chunk in one piece.
Task<> VolumeState::read_chunk(ChunkSlot& slot) {
  HF_CO_CHECK(find(slot, false));
  const BufferPart& wanted = slot.part.buffers;
  const StoredChunk& chunk = slot.remap.before;
  if (!chunk.exists()) {
    wanted.fill_with_zeroes();
    co_return {};
  }
  std::span<std::byte> packed = slot.packed.bytes();
  std::span<std::byte> into = slot.plain.bytes();
  const std::optional<std::span<std::byte>> memory = wanted.contiguous();
  if (memory && memory->size() == layout().chunk_size) {
    into = *memory;
    if (!chunk.compressed(layout()) && can_be_transferred(into)) packed = into;
  }
  HF_CO_TRY(const std::span<std::byte> content, co_await content_of(slot, packed, into));
  if (!memory || content.data() != memory->data()) wanted.copy_from(content.data() + slot.part.within);
  co_return {};
}

Task<> VolumeState::write_chunk(ChunkSlot& slot) {
  HF_CO_CHECK(check_writable());
  HF_CO_CHECK(co_await begin_session());
  HF_CO_CHECK(find(slot, slot.part.buffers.length == layout().chunk_size));
  HF_CO_TRY(const std::span<std::byte> content, co_await new_content(slot));
  HF_CO_TRY(const std::span<std::byte> stored, co_await stored_form(slot, content));
  co_return co_await remap(slot, stored);
}

// What is not a whole chunk is written as zeroes; where there is no chunk, zeroes are there already.
Task<> VolumeState::unmap_chunk(ChunkSlot& slot) {
  const bool whole = slot.part.buffers.length == layout().chunk_size;
  HF_CO_CHECK(check_writable());
  HF_CO_CHECK(find(slot, whole));
  const bool nothing_there = !slot.remap.before.exists() && !is_damaged(slot.part.chunk);
  if (nothing_there) co_return {};
  if (!whole) co_return co_await write_chunk(slot);
  HF_CO_CHECK(co_await begin_session());
  HF_CO_CHECK(co_await durability::unmap_chunk(media_, *space_, slot.remap, slot.batch, *session_));
  count(slot.remap);
  co_return {};
}

// A damaged chunk that is replaced as a whole is no longer damaged, unless the entry itself cannot be read:
// what is stored there goes nowhere. What it owned stays taken until the next open: nobody knows whose it is.
Result<> VolumeState::find(ChunkSlot& slot, bool replaced_whole) {
  durability::Remap& remap = slot.remap;
  remap.chunk = slot.part.chunk;
  remap.in_doubt = false;
  remap.after.map = kNoChunkMap;
  remap.after.units.clear();
  const Result<> found = find_chunk(*map_, layout(), remap.chunk, slot.words, remap.before);
  if (!found) note_damage(remap, found.error());
  if (found && !is_damaged(remap.chunk)) return {};
  const bool no_entry = !found && found.error().code == Errc::device_failed && !remap.before.exists();
  if (!replaced_whole || no_entry)
    return found ? Result<>(damaged(remap.chunk, "the chunk was found damaged")) : found;
  remap.before.map = kNoChunkMap;
  remap.before.units.clear();
  return {};
}

// The content of the chunk that is there, in `packed` if it is stored as it is, in `into` otherwise. [A5]
// what media hold intact can be read, and no checksum says otherwise.
Task<std::span<std::byte>> VolumeState::content_of(ChunkSlot& slot, std::span<std::byte> packed,
                                                   std::span<std::byte> into) {
  const StoredChunk& chunk = slot.remap.before;
  const std::span<std::byte> units = packed.first(chunk.units.size() * layout().unit_size);
  HF_CO_CHECK(co_await media_.read_units(slot.batch, chunk, units));
  const std::span<std::byte> stored = units.first(chunk.stored_bytes);
  const bool has_checksum = checksums_ == Volume::Checksums::kept && chunk.checksum != kNoChecksum;
  if (has_checksum && chunk_checksum(stored) != chunk.checksum) {
    co_return damaged(
        slot.remap.chunk,
        "the checksum of its data does not match: the device lost or changed it, or, after an end "
        "without close, another program wrote; restore it from a copy");
  }
  if (!chunk.compressed(layout())) co_return stored;
  const Result<> decompressed = co_await codecs_->decompress(stored, into);
  if (!decompressed) co_return damaged(slot.remap.chunk, decompressed.error().reason);
  co_return into.first(layout().chunk_size);
}

// The whole chunk as it is to be, in the caller's memory where it lies there in one piece.
Task<std::span<std::byte>> VolumeState::new_content(ChunkSlot& slot) {
  const BufferPart& given = slot.part.buffers;
  const std::span<std::byte> plain = slot.plain.bytes();
  if (given.length == layout().chunk_size) {
    if (const auto memory = given.contiguous()) co_return *memory;
    given.copy_to(plain.data());
    co_return plain;
  }
  if (slot.remap.before.exists()) {
    HF_CO_TRY(const std::span<std::byte> old, co_await content_of(slot, slot.packed.bytes(), plain));
    if (old.data() != plain.data()) std::ranges::copy(old, plain.begin());
  } else {
    std::ranges::fill(plain, std::byte{0});
  }
  std::byte* changed = plain.data() + slot.part.within;
  if (slot.part.io->kind == VolumeIoKind::unmap) {
    std::memset(changed, 0, given.length);
  } else {
    given.copy_to(changed);
  }
  co_return plain;
}

// Compressed if that saves a unit at least, and as it is otherwise. What fills the last unit is zeroes, never
// what the memory held for others.
Task<std::span<std::byte>> VolumeState::stored_form(ChunkSlot& slot, std::span<std::byte> content) {
  StoredChunk& chunk = slot.remap.after;
  chunk.checksum = kNoChecksum;
  std::span<std::byte> stored = content;
  chunk.stored_bytes = layout().chunk_size;
  const std::span<std::byte> packed = slot.packed.bytes().first(layout().chunk_size - layout().unit_size);
  if (!packed.empty()) {
    const Result<std::optional<std::size_t>> size = co_await codecs_->compress(content, packed);
    if (size && *size && **size > 0 && **size <= packed.size()) {
      chunk.stored_bytes = static_cast<uint32_t>(**size);
      stored = packed.first(layout().units_for(chunk.stored_bytes) * std::size_t{layout().unit_size});
      std::ranges::fill(stored.subspan(chunk.stored_bytes), std::byte{0});
    }
  }
  if (stored.data() == content.data() && !can_be_transferred(stored)) {
    std::ranges::copy(content, slot.plain.bytes().begin());
    stored = slot.plain.bytes();
  }
  if (volume_.checksums) chunk.checksum = chunk_checksum(stored.first(chunk.stored_bytes));
  co_return stored;
}

// Until the data is written nothing has happened. A failure before the entry was stored gives the space back.
Task<> VolumeState::remap(ChunkSlot& slot, std::span<std::byte> stored) {
  durability::Remap& remap = slot.remap;
  HF_CO_CHECK(space_->reserve(remap.after, layout().units_for(remap.after.stored_bytes)));
  Result<durability::Unflushed<Barrier::C1>> data =
      co_await media_.write_units(slot.batch, remap.after, stored, *session_);
  if (!data) {
    space_->cancel(remap.after);
    co_return data.error();
  }
  if (write_back_) HF_CO_CHECK(co_await park(slot));
  const Result<> remapped =
      co_await durability::remap_chunk(media_, *space_, remap, slot.words, std::move(*data), *session_);
  if (remapped) {
    count(remap);
  } else if (slot.parked) {
    write_stop_.flush_failed(ENOMEM);  // it was acknowledged, and there is no way to keep the promise
  } else if (!remap.in_doubt && !write_stop_.stopped()) {
    space_->cancel(remap.after);
  }
  unpark(slot);
  co_return remapped;
}

void VolumeState::count(const durability::Remap& remap) noexcept {
  if (remap.before.exists()) --mapped_chunks_;
  if (remap.after.exists()) ++mapped_chunks_;
  if (!damage_.empty()) std::erase_if(damage_, [&](const auto& each) { return each.chunk == remap.chunk; });
}

// Most damage was listed when the volume was opened.
void VolumeState::note_damage(const durability::Remap& remap, const Error& error) {
  if (is_damaged(remap.chunk)) return;
  const auto behind = std::ranges::upper_bound(damage_, remap.chunk, {}, &Volume::Damage::chunk);
  damage_.insert(behind, {remap.chunk, error});
  if (remap.before.exists()) --mapped_chunks_;
}

bool VolumeState::is_damaged(uint64_t chunk) const noexcept {
  return std::ranges::any_of(damage_, [chunk](const auto& each) { return each.chunk == chunk; });
}

bool VolumeState::can_be_transferred(std::span<const std::byte> memory) const noexcept {
  return reinterpret_cast<uintptr_t>(memory.data()) % media_.device().buffer_alignment == 0;
}

// The write is acknowledged here, and goes on when somebody wants it durable: a flush, a request for the same
// chunk, or one that finds no slot.
Task<> VolumeState::park(ChunkSlot& slot) {
  slot.parked = true;
  slot.wanted = false;
  slot.parked_as = ++parked_count_;
  Arrival<bool>& wanted = slot.go_on.emplace();
  parked_.push_back(&slot);
  finish_part(slot, {});
  const bool waited_for = ChunkLine::behind(slot) != nullptr || (first_waiting_ != nullptr && idle_.empty());
  if (waited_for) want(slot);
  [[maybe_unused]] const bool goes_on = co_await wanted;
  co_return {};
}

void VolumeState::want(ChunkSlot& slot) noexcept {
  if (slot.parked && !std::exchange(slot.wanted, true)) home_.post(slot);
}

void VolumeState::unpark(ChunkSlot& slot) noexcept {
  if (!std::exchange(slot.parked, false)) return;
  std::erase(parked_, &slot);
  const uint64_t oldest = parked_.empty() ? ~uint64_t{0} : parked_.front()->parked_as;
  for (std::size_t i = settle_waits_.size(); i-- > 0;) {
    SettleWait& wait = *settle_waits_[i];
    if (wait.up_to >= oldest) continue;
    settle_waits_.erase(settle_waits_.begin() + static_cast<std::ptrdiff_t>(i));
    home_.post(wait);
  }
}

// Everything that was acknowledged before is durable afterwards.
Task<> VolumeState::settle_parked() {
  if (!parked_.empty()) {
    for (ChunkSlot* slot : parked_) want(*slot);
    SettleWait wait(parked_count_);
    settle_waits_.push_back(&wait);
    Arrival<bool>& done = wait.done;
    [[maybe_unused]] const bool settled = co_await done;
  }
  if (write_stop_.stopped()) co_return write_stop_.error();
  co_return {};
}

}  // namespace holdfast
