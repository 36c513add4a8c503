// SPDX-License-Identifier: BSD-3-Clause
#include "explore/volume_program.hh"

#include <algorithm>
#include <cstring>

namespace holdfast::sim {
namespace {

constexpr std::byte kUuidMark{0x48};

Error not_open() { return {.code = Errc::invalid_argument, .reason = "the volume is not open at this step"}; }

// It had no stop to be refused by: where a device or map file failed, it may have happened.
Ending ending_of_creation(const Result<>& created) {
  if (created) return Ending::acknowledged;
  return created.error().os_error != 0 ? Ending::in_doubt : Ending::refused;
}

// Every block is another one, and says which write it is of.
std::vector<std::byte> content_of_write(const VolumeModel::Write& write, uint32_t block_size) {
  std::vector<std::byte> bytes(write.count * block_size);
  for (uint64_t i = 0; i < write.count; ++i)
    fill_block(std::span(bytes).subspan(i * block_size, block_size), write.tag, write.first_block + i);
  return bytes;
}

}  // namespace

Uuid uuid_of_epoch(uint64_t epoch) {
  Uuid uuid;
  uuid.fill(kUuidMark);
  std::memcpy(uuid.data(), &epoch, sizeof epoch);
  return uuid;
}

uint64_t epoch_of_uuid(const Uuid& uuid) {
  uint64_t epoch = 0;
  std::memcpy(&epoch, uuid.data(), sizeof epoch);
  return uuid_of_epoch(epoch) == uuid ? epoch : 0;
}

Error VolumeProgram::still_open() {
  return {.code = Errc::busy, .reason = "the volume is open at this step; close it first"};
}

Task<> VolumeProgram::open(bool write_beside_damage) {
  VolumeOpenOptions options;
  options.write_beside_damage = write_beside_damage;
  options.write_back = spec_.write_back;
  options.queue_depth = spec_.queue_depth;
  HF_CO_TRY(volume_, co_await Volume::open(*device_, maps_, home_, options));
  co_return {};
}

Task<> VolumeProgram::run(const VolumeCreate& step, VolumeModel& model) {
  if (volume_ != nullptr) co_return still_open();
  const uint64_t chunks = device_->geometry().byte_count() / spec_.chunk_size - 128;
  const uint64_t epoch = model.create_begins(chunks, spec_.chunk_size / spec_.logical_block_size);
  VolumeOptions options;
  options.uuid = uuid_of_epoch(epoch);
  options.chunk_size = spec_.chunk_size;
  options.unit_size = spec_.unit_size;
  options.logical_block_size = spec_.logical_block_size;
  options.codec = static_cast<uint32_t>(spec_.codec);
  options.checksums = spec_.checksums;
  options.replace_existing = step.replace;
  const Result<> created = co_await Volume::create(*device_, maps_, home_, options);
  model.create_ends(epoch, ending_of_creation(created));
  co_return created;
}

Task<> VolumeProgram::run(const VolumeOpen& step, VolumeModel& model) {
  if (volume_ != nullptr) co_return still_open();
  HF_CO_CHECK(co_await open(step.write_beside_damage));
  model.opened(epoch_of_uuid(volume_->info().uuid));
  co_return {};
}

Task<> VolumeProgram::run(const VolumeClose&, VolumeModel& model) {
  if (volume_ == nullptr) co_return not_open();
  const Result<> closed = co_await volume_->close();
  if (closed) model.close_acknowledged();
  if (closed || closed.error().code != Errc::busy) volume_.reset();
  co_return closed;
}

Task<> VolumeProgram::run(const VolumeDestroy&, VolumeModel& model) {
  if (volume_ != nullptr) co_return still_open();
  const uint64_t change = model.destroy_begins();
  const Result<> destroyed = co_await Volume::destroy(*device_, maps_, home_);
  model.destroy_ends(change, destroyed.has_value());
  co_return destroyed;
}

Task<> VolumeProgram::run(const VolumeData& step, VolumeModel& model) {
  if (volume_ == nullptr) co_return not_open();
  if (step.kind == DataKind::read) co_return co_await read(step, model);
  co_return co_await write(step, model);
}

Task<> VolumeProgram::read(const VolumeData& step, const VolumeModel& model) {
  const bool inside = step.offset + step.length <= volume_->info().size;
  VolumeModel::Read began;
  if (inside)
    began = model.read_begins(step.offset / spec_.logical_block_size, step.length / spec_.logical_block_size);
  std::vector<std::byte> bytes(step.length);
  const iovec buffer{.iov_base = bytes.data(), .iov_len = bytes.size()};
  VolumeIo io;
  io.offset = step.offset;
  io.length = step.length;
  io.buffers = {&buffer, 1};
  const Result<> read = co_await volume_->perform(io);
  if (read && inside && checks_reads_) check_read(step, bytes, began);
  co_return read;
}

// Chunk by chunk: each of them is wholly old or wholly new.
void VolumeProgram::check_read(const VolumeData& step, std::span<const std::byte> bytes,
                               const VolumeModel::Read& read) {
  const uint32_t block_size = spec_.logical_block_size;
  const uint64_t blocks = spec_.chunk_size / block_size;
  const uint64_t first = step.offset / block_size;
  const uint64_t end = first + step.length / block_size;
  for (uint64_t block = first; block < end;) {
    const uint64_t chunk = block / blocks;
    ChunkTags tags;
    const uint64_t inner = block % blocks;
    for (; block < end && block / blocks == chunk; ++block)
      tags.push_back(tag_of_block(bytes.subspan((block - first) * block_size, block_size), block));
    if (!read.chunks[chunk - first / blocks].shows(tags, inner, read.began))
      wrong_read_ = Error{.code = Errc::corrupt,
                          .object = ObjectKind::chunk,
                          .number = chunk,
                          .reason = "a read returned bytes that this chunk never held, or holds no more"};
  }
}

Task<> VolumeProgram::write(const VolumeData& step, VolumeModel& model) {
  const bool unmap = step.kind == DataKind::unmap;
  const uint32_t block_size = spec_.logical_block_size;
  const bool inside = step.offset + step.length <= volume_->info().size;
  const uint64_t blocks = inside ? step.length / block_size : 0;
  const VolumeModel::Write write =
      model.write_begins(inside ? step.offset / block_size : 0, blocks, step.content, unmap);
  std::vector<std::byte> bytes = content_of_write(write, block_size);
  if (!inside) bytes.resize(step.length);
  const iovec buffer{.iov_base = bytes.data(), .iov_len = bytes.size()};
  VolumeIo io;
  io.kind = unmap ? VolumeIoKind::unmap : VolumeIoKind::write;
  io.offset = step.offset;
  io.length = step.length;
  if (!unmap) io.buffers = {&buffer, 1};
  const Result<> written = co_await volume_->perform(io);
  model.write_ends(write, written.has_value(), !spec_.write_back);
  co_return written;
}

Task<> VolumeProgram::run(const VolumeFlush&, VolumeModel& model) {
  if (volume_ == nullptr) co_return not_open();
  const uint64_t began = model.flush_begins();
  VolumeIo io;
  io.kind = VolumeIoKind::flush;
  const Result<> flushed = co_await volume_->perform(io);
  if (flushed) model.flush_ends(began);
  co_return flushed;
}

}  // namespace holdfast::sim
