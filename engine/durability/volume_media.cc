// SPDX-License-Identifier: BSD-3-Clause
#include "durability/volume_media.hh"

#include <algorithm>
#include <cstring>

#include "format/map_digest.hh"

namespace holdfast::durability {
namespace {

const PmWritten kNothingStored{0, 0};
constexpr uint64_t kFillBytes = uint64_t{1} << 20;

std::span<const std::byte> bytes_of(std::span<const Le64> words) { return std::as_bytes(words); }

}  // namespace

Task<> VolumeMedia::read(uint64_t byte, std::span<std::byte> into) {
  IoBatch batch(channel_, 1);
  batch[0].kind = IoKind::read;
  batch[0].purpose = {Step::read_super, Barrier::none};
  batch[0].block = byte / device().block_size;
  batch[0].block_count = into.size() / device().block_size;
  batch.set_buffer(0, into.data(), into.size());
  co_return co_await batch.run();
}

Task<Durable<Barrier::R2>> VolumeMedia::settle() {
  if (device().volatile_cache) HF_CO_CHECK(co_await device_flush_.run(Barrier::R2));
  HF_CO_CHECK(co_await persist_range({0, map_->geometry().size}, Barrier::R2));
  co_return Durable<Barrier::R2>{};
}

Task<Unflushed<Barrier::V1>> VolumeMedia::erase_super() { return clear_super<Barrier::V1>(); }

// All ones mean "nothing" in both maps. A new volume is a closed one, with its digest.
Result<Stored<Barrier::V2>> VolumeMedia::fill_map(const CheckedVolume& volume) {
  PmWritten written = map_->store(0, std::as_bytes(std::span(&volume.image, 1)));
  const uint64_t size = map_->geometry().size;
  const std::vector<std::byte> ones(std::min(kFillBytes, size), std::byte{0xFF});
  for (uint64_t at = kVolumeSuperBytes; at < size; at += kFillBytes)
    written.merge(map_->store(at, std::span(ones).first(std::min(kFillBytes, size - at))));
  if (volume.checksums) {
    HF_TRY(const uint64_t digest, map_digest(*map_));
    written.merge(map_->store_u64(kDigestOffset, digest));
  }
  return Stored<Barrier::V2>(written);
}

Task<Durable<Barrier::V2>> VolumeMedia::settle_new_map(Stored<Barrier::V2> filled, MapStore& maps) {
  HF_CO_CHECK(co_await persist_range(filled.written_, Barrier::V2));
  HF_CO_CHECK(co_await maps.sync_directory());
  co_return Durable<Barrier::V2>{};
}

Task<Unflushed<Barrier::V3>> VolumeMedia::write_path(std::span<std::byte> path, Durable<Barrier::V1>) {
  return write_header<Barrier::V3>(Step::write_map_path, kVolumeSuperBytes, path);
}

Task<Unflushed<Barrier::V4>> VolumeMedia::write_first_super(const CheckedVolume& volume, Durable<Barrier::V2>,
                                                            Durable<Barrier::V3>) {
  return write_super<Barrier::V4>(Step::write_super, volume);
}

Task<Unflushed<Barrier::V4>> VolumeMedia::remove_super() { return clear_super<Barrier::V4>(); }

Stored<Barrier::V5> VolumeMedia::mark_map(const CheckedVolume& volume, const Durable<Barrier::V7>&) {
  if (!volume.extended) return Stored<Barrier::V5>(kNothingStored);
  return Stored<Barrier::V5>(map_->store_u64(kSessionOffset, volume.session.word()));
}

// Of the superblock only the first sector changes.
Task<Unflushed<Barrier::V6>> VolumeMedia::mark_device(const CheckedVolume& volume, Durable<Barrier::V5>) {
  if (!volume.extended) co_return Unflushed<Barrier::V6>(false);
  co_return co_await write_super<Barrier::V6>(Step::mark_session, volume);
}

// The header of a chunk map is one word: a cut leaves it with its checksum or without.
Result<Stored<Barrier::V7>> VolumeMedia::clear_maps(std::span<const uint64_t> stale, bool forget_checksums,
                                                    const Durable<Barrier::R2>&) {
  if (write_stop_.stopped()) return write_stop_.error();
  PmWritten written = blank(stale);
  if (forget_checksums) {
    for (uint64_t chunk = 0; chunk < layout_.chunks; ++chunk) HF_CHECK(forget_checksum(chunk, written));
  }
  return Stored<Barrier::V7>(written);
}

Result<Stored<Barrier::V7>> VolumeMedia::settle_maps(std::span<const uint64_t> stale, bool with_digest,
                                                     const SessionMark&) {
  PmWritten written = blank(stale);
  if (with_digest) {
    HF_TRY(const uint64_t digest, map_digest(*map_));
    written.merge(map_->store_u64(kDigestOffset, digest));
  }
  return Stored<Barrier::V7>(written);
}

Stored<Barrier::V8> VolumeMedia::close_map(const CheckedVolume& volume, Durable<Barrier::V7>, SessionMark) {
  if (!volume.extended) return Stored<Barrier::V8>(kNothingStored);
  return Stored<Barrier::V8>(map_->store_u64(kSessionOffset, volume.session.word()));
}

Task<> VolumeMedia::read_units(IoBatch& batch, const StoredChunk& chunk, std::span<std::byte> into) {
  prepare(batch, IoKind::read, {Step::read_units, Barrier::none}, chunk, into);
  return batch.run();
}

// A single write asks for FUA where the device has it; several are cheaper with one flush.
Task<Unflushed<Barrier::C1>> VolumeMedia::write_units(IoBatch& batch, const StoredChunk& chunk,
                                                      std::span<std::byte> stored, const SessionMark&) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  prepare(batch, IoKind::write, {Step::write_units, Barrier::C1}, chunk, stored);
  const bool fua = device().volatile_cache && device().fua && batch.size() == 1;
  batch[0].fua = fua;
  HF_CO_CHECK(co_await batch.run());
  co_return Unflushed<Barrier::C1>(!fua && device().volatile_cache);
}

Stored<Barrier::C2> VolumeMedia::store_map(const StoredChunk& chunk, ChunkMapWords words,
                                           const SessionMark&) {
  if (write_stop_.stopped()) return Stored<Barrier::C2>(kNothingStored);
  encode_chunk_map(chunk, words);
  return Stored<Barrier::C2>(map_->store(layout_.chunk_map_offset(chunk.map), bytes_of(words)));
}

Stored<Barrier::C3> VolumeMedia::store_entry(const Remap& remap, Durable<Barrier::C1>, Durable<Barrier::C2>) {
  return Stored<Barrier::C3>(map_->store_u64(layout_.logical_entry_offset(remap.chunk), remap.after.map));
}

Result<Stored<Barrier::C3>> VolumeMedia::store_no_entry(const Remap& remap, const SessionMark&) {
  if (write_stop_.stopped()) return write_stop_.error();
  return Stored<Barrier::C3>(map_->store_u64(layout_.logical_entry_offset(remap.chunk), kNoChunkMap));
}

Task<> VolumeMedia::discard_units(IoBatch& batch, const StoredChunk& chunk, const Durable<Barrier::C3>&) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  if (!device().discard || chunk.units.empty()) co_return {};
  prepare(batch, IoKind::discard, {Step::discard_units, Barrier::C3}, chunk, {});
  co_return co_await batch.run();
}

template <Barrier B>
Task<Unflushed<B>> VolumeMedia::write_super(Step step, const CheckedVolume& volume) {
  AlignedBuffer page(kVolumeSuperBytes);
  std::memcpy(page.bytes().data(), &volume.image, kVolumeSuperBytes);
  co_return co_await write_header<B>(step, 0, page.bytes());
}

template <Barrier B>
Task<Unflushed<B>> VolumeMedia::clear_super() {
  AlignedBuffer zeroes(kVolumeSuperBytes);
  co_return co_await write_header<B>(Step::erase_super, 0, zeroes.bytes());
}

template <Barrier B>
Task<Unflushed<B>> VolumeMedia::write_header(Step step, uint64_t byte, std::span<std::byte> bytes) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  const bool fua = device().volatile_cache && device().fua;
  IoBatch batch(channel_, 1);
  batch[0].kind = IoKind::write;
  batch[0].fua = fua;
  batch[0].purpose = {step, B};
  batch[0].block = byte / device().block_size;
  batch[0].block_count = bytes.size() / device().block_size;
  batch.set_buffer(0, bytes.data(), bytes.size());
  HF_CO_CHECK(co_await batch.run());
  co_return Unflushed<B>(!fua && device().volatile_cache);
}

Task<> VolumeMedia::persist_range(PmWritten written, Barrier barrier) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  const Result<PmDurable> persisted = co_await map_->persist(written, {Step::persist, barrier});
  if (!persisted) write_stop_.flush_failed(persisted.error().os_error);
  if (write_stop_.stopped()) co_return write_stop_.error();
  co_return {};
}

PmWritten VolumeMedia::blank(std::span<const uint64_t> stale) {
  if (stale.empty()) return kNothingStored;
  std::vector<Le64> words(layout_.chunk_map_bytes() / sizeof(Le64));
  encode_blank_map(words);
  PmWritten written = map_->store(layout_.chunk_map_offset(stale[0]), bytes_of(words));
  for (const uint64_t map : stale.subspan(1))
    written.merge(map_->store(layout_.chunk_map_offset(map), bytes_of(words)));
  return written;
}

Result<> VolumeMedia::forget_checksum(uint64_t chunk, PmWritten& written) {
  HF_TRY(const uint64_t map, map_->load_u64(layout_.logical_entry_offset(chunk)));
  if (map >= layout_.chunk_maps()) return {};  // none, or a damaged chunk
  const uint64_t header = layout_.chunk_map_offset(map);
  HF_TRY(const uint64_t word, map_->load_u64(header));
  if (word >> 32 != kNoChecksum) written.merge(map_->store_u64(header, word | uint64_t{kNoChecksum} << 32));
  return {};
}

// Neighbouring units become one request.
void VolumeMedia::prepare(IoBatch& batch, IoKind kind, Purpose purpose, const StoredChunk& chunk,
                          std::span<std::byte> bytes) const {
  const std::vector<uint64_t>& units = chunk.units;
  const auto follows = [&units](std::size_t i) { return i > 0 && units[i] == units[i - 1] + 1; };
  std::size_t runs = 0;
  for (std::size_t i = 0; i < units.size(); ++i) runs += follows(i) ? 0U : 1U;
  batch.resize(runs);
  const uint64_t blocks_per_unit = layout_.unit_size / device().block_size;
  std::size_t run = 0;
  for (std::size_t first = 0; first < units.size(); ++run) {
    std::size_t end = first + 1;
    while (end < units.size() && follows(end)) ++end;
    IoRequest& request = batch[run];
    request.kind = kind;
    request.purpose = purpose;
    request.block = units[first] * blocks_per_unit;
    request.block_count = (end - first) * blocks_per_unit;
    if (!bytes.empty()) {
      const std::span<std::byte> part =
          bytes.subspan(first * layout_.unit_size, (end - first) * layout_.unit_size);
      batch.set_buffer(run, part.data(), part.size());
    }
    first = end;
  }
}

}  // namespace holdfast::durability
