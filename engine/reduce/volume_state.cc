// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/volume_state.hh"

#include <algorithm>
#include <utility>

#include "durability/volume.hh"
#include "format/map_digest.hh"

namespace holdfast {
namespace {

Error io_error(Errc code, uint64_t number, const char* reason) {
  return {.code = code, .object = ObjectKind::none, .number = number, .reason = reason};
}

// So many parts may be in progress that each finds room for a whole chunk, even if none can be compressed,
// and a chunk map.
uint32_t depth_with_spare_space(const VolumeLayout& layout, uint64_t unreadable_maps, uint32_t wanted) {
  const uint64_t header_chunks =
      (layout.first_unit + layout.units_per_chunk() - 1) / layout.units_per_chunk();
  const uint64_t spare = kSpareChunks - std::max(header_chunks, std::min(unreadable_maps, kSpareChunks - 1));
  return static_cast<uint32_t>(std::min<uint64_t>(wanted, spare));
}

}  // namespace

VolumeState::VolumeState(std::unique_ptr<BlockChannel> channel, Executor& home,
                         const VolumeOpenOptions& options)
    : home_(home),
      channel_(std::move(channel)),
      media_(*channel_, write_stop_, home),
      write_back_(options.write_back),
      read_only_(options.read_only),
      session_mutex_(home) {}

VolumeState::~VolumeState() = default;

Task<> VolumeState::load(MapStore& maps, const VolumeOpenOptions& options) {
  if (options.queue_depth == 0)
    co_return io_error(Errc::invalid_argument, 0, "the queue depth is at least 1");
  HF_CO_TRY(VolumeHeader header, co_await read_volume_header(media_));
  volume_ = header.volume;
  path_ = std::move(header.path);
  chunk_size_ = Divisor(layout().chunk_size);
  logical_block_ = Divisor(layout().logical_block_size);
  HF_CO_TRY(codecs_, CodecPool::make(volume_.codec, volume_.codec_level, options, home_));
  HF_CO_CHECK(co_await adopt_map(maps, options));
  make_slots(options.queue_depth);
  co_return {};
}

Task<> VolumeState::adopt_map(MapStore& maps, const VolumeOpenOptions& options) {
  const std::string name = options.map_name.empty() ? uuid_text(volume_.uuid) : std::string(options.map_name);
  HF_CO_TRY(map_, maps.open(name));
  HF_CO_TRY(const CheckedMap checked, check_map_file(*map_, volume_));
  const bool old_sizing = checked.sizing == MapSizing::without_headers;
  if (old_sizing && !read_only_) {
    co_return io_error(Errc::unsupported, 0,
                       "the map file is too short for all of its chunk maps, as programs of before July 2019 "
                       "made it: open it read-only and copy the volume");
  }
  media_.adopt(*map_, layout());
  if (!read_only_) {
    HF_CO_TRY(durability::Durable<Barrier::R2> settled, co_await media_.settle());
    settled_.emplace(std::move(settled));
  }
  MapContent content = read_map(*map_, layout());
  if (old_sizing && !content.damage.empty()) co_return content.damage.front().error;
  if (!content.damage.empty() && !options.write_beside_damage && !read_only_) {
    read_only_ = true;
    why_read_only_ =
        "the volume holds damaged chunks, and what looks free may be theirs; copy the others out";
  }
  was_closed_ = volume_.extended && checked.copy.session.closed;
  if (volume_.checksums) {
    // Without all of the map nobody knows; then the checksums are believed.
    const Result<uint64_t> digest = map_digest(*map_);
    const bool foreign = was_closed_ && digest && checked.copy.image.digest != *digest;
    checksums_ = foreign ? Volume::Checksums::reset : Volume::Checksums::kept;
  }
  damage_ = std::move(content.damage);
  mapped_chunks_ = content.mapped_chunks;
  unreadable_maps_ = content.unreadable_maps;
  space_.emplace(layout(), content.owned, std::move(content.stale));
  co_return {};
}

void VolumeState::make_slots(uint32_t queue_depth) {
  const uint32_t depth = depth_with_spare_space(layout(), unreadable_maps_, queue_depth);
  line_.emplace(home_, depth);
  for (uint32_t i = 0; i < depth; ++i) {
    slots_.push_back(std::make_unique<ChunkSlot>(*channel_, layout()));
    tasks_.push_back(run_slot(*slots_.back()));
    tasks_.back().start();
  }
}

Task<> VolumeState::close() {
  if (in_progress_ > 0) co_return io_error(Errc::busy, in_progress_, "requests are in progress");
  closed_ = true;
  HF_CO_CHECK(co_await settle_parked());
  if (!session_) co_return write_stop_.stopped() ? Result<>(write_stop_.error()) : Result<>();
  CheckedVolume closed = volume_;
  closed.session.closed = true;
  durability::SessionMark mark = std::move(*session_);
  session_.reset();
  co_return co_await durability::close_session(media_, closed, *space_, std::move(mark));
}

void VolumeState::submit(VolumeIo& io) noexcept {
  HF_ASSERT(!closed_);
  io.handed_out_ = 0;
  io.in_progress_ = 0;
  io.result_ = check(io);
  io.next_ = nullptr;
  *last_waiting_ = &io;
  last_waiting_ = &io.next_;
  ++in_progress_;
  hand_out_.want();
}

Result<> VolumeState::check(const VolumeIo& io) const {
  if (io.kind == VolumeIoKind::flush)
    return write_stop_.stopped() ? Result<>(write_stop_.error()) : Result<>();
  if (logical_block_.remainder(io.offset) != 0 || logical_block_.remainder(io.length) != 0)
    return io_error(Errc::invalid_argument, io.offset,
                    "offset and length are multiples of the logical block");
  if (io.offset > layout().volume_size() || io.length > layout().volume_size() - io.offset)
    return io_error(Errc::out_of_range, io.offset, "the request leaves the volume");
  if (io.kind != VolumeIoKind::unmap && length_of(io.buffers) != io.length)
    return io_error(Errc::invalid_argument, io.length,
                    "the buffers do not hold as many bytes as the request's length");
  if (io.kind != VolumeIoKind::read) HF_CHECK(check_writable());
  return {};
}

Result<> VolumeState::check_writable() const {
  if (write_stop_.stopped()) return write_stop_.error();
  if (read_only_) return io_error(Errc::read_only, 0, why_read_only_);
  return {};
}

Volume::Info VolumeState::info() const {
  return {.uuid = volume_.uuid,
          .size = layout().volume_size(),
          .chunk_size = layout().chunk_size,
          .unit_size = layout().unit_size,
          .logical_block_size = layout().logical_block_size,
          .codec = volume_.codec,
          .codec_level = volume_.codec_level,
          .queue_depth = static_cast<uint32_t>(slots_.size()),
          .mapped_chunks = mapped_chunks_,
          .allocated_units = layout().units - layout().first_unit - space_->free_units(),
          .path = path_,
          .checksums = checksums_,
          .was_closed = was_closed_,
          .read_only = read_only_ || write_stop_.stopped()};
}

// Hands requests out to idle slots. Of one that has failed nothing more is handed out; it ends with the last
// of its parts that are in progress, which use its memory.
void VolumeState::hand_out() noexcept {
  while (first_waiting_ != nullptr) {
    VolumeIo& io = *first_waiting_;
    const bool is_nothing = io.length == 0 && io.kind != VolumeIoKind::flush;
    const bool ends_here = !io.result_ || is_nothing;
    if (!ends_here && idle_.empty()) break;
    ChunkPart part;
    if (ends_here) {
      io.handed_out_ = io.length;
    } else {
      part = next_part(io);
      io.handed_out_ += part.buffers.length;
      ++io.in_progress_;
    }
    if (io.kind == VolumeIoKind::flush || io.handed_out_ == io.length) {
      first_waiting_ = io.next_;
      if (first_waiting_ == nullptr) last_waiting_ = &first_waiting_;
    }
    if (ends_here) {
      if (io.in_progress_ == 0) finish(io);
      continue;
    }
    ChunkSlot& slot = *idle_.back();
    idle_.pop_back();
    slot.work->set(part);
  }
  if (first_waiting_ == nullptr) return;
  for (ChunkSlot* parked : parked_) want(*parked);  // they hold the slots that requests wait for
}

ChunkPart VolumeState::next_part(VolumeIo& io) const noexcept {
  if (io.kind == VolumeIoKind::flush) return {.io = &io, .buffers = {}};
  const uint64_t offset = io.offset + io.handed_out_;
  const uint64_t within = chunk_size_.remainder(offset);
  const uint64_t length = std::min(io.length - io.handed_out_, layout().chunk_size - within);
  return {.io = &io,
          .chunk = chunk_size_.quotient(offset),
          .within = within,
          .buffers = {.buffers = io.buffers, .offset = io.handed_out_, .length = length}};
}

// The first error is the request's.
void VolumeState::finish_part(ChunkSlot& slot, const Result<>& result) noexcept {
  VolumeIo* io = std::exchange(slot.part.io, nullptr);
  if (io == nullptr) return;  // acknowledged when it was parked
  if (!result && io->result_) io->result_ = result;
  if (--io->in_progress_ > 0) return;
  if (io->kind == VolumeIoKind::flush || io->handed_out_ == io->length) finish(*io);
}

// The caller is told from the executor's queue, never from inside a slot: it may destroy the volume.
void VolumeState::finish(VolumeIo& io) noexcept {
  io.next_ = nullptr;
  *last_ended_ = &io;
  last_ended_ = &io.next_;
  deliver_.want();
}

void VolumeState::deliver() noexcept {
  VolumeIo* next = std::exchange(first_ended_, nullptr);
  last_ended_ = &first_ended_;
  while (next != nullptr) {
    VolumeIo& io = *std::exchange(next, next->next_);
    --in_progress_;
    io.on_complete(io, io.result_);  // of the last one: nothing of the volume is touched afterwards
  }
}

Task<> VolumeState::run_slot(ChunkSlot& slot) {
  for (;;) {
    slot.work.emplace();
    idle_.push_back(&slot);
    if (first_waiting_ != nullptr) hand_out_.want();
    Arrival<ChunkPart>& work = *slot.work;
    ChunkPart part = co_await work;
    slot.part = part;
    Result<> served;
    if (part.io->kind == VolumeIoKind::flush) {
      served = co_await settle_parked();
    } else {
      served = co_await in_turn(slot);
    }
    finish_part(slot, served);
  }
}

Task<> VolumeState::in_turn(ChunkSlot& slot) {
  if (ChunkSlot* before = line_->join(slot)) {
    want(*before);
    Arrival<bool>& turn = slot.go_on.emplace();
    [[maybe_unused]] const bool ours = co_await turn;
  }
  Result<> served;
  switch (slot.part.io->kind) {
    case VolumeIoKind::read: served = co_await read_chunk(slot); break;
    case VolumeIoKind::write: served = co_await write_chunk(slot); break;
    case VolumeIoKind::unmap: served = co_await unmap_chunk(slot); break;
    case VolumeIoKind::flush: std::unreachable();
  }
  line_->leave(slot);
  co_return served;
}

Task<> VolumeState::begin_session() {
  if (session_) co_return {};
  AsyncMutex::Guard guard = co_await session_mutex_.lock();
  if (session_) co_return {};
  durability::SessionBegin begin{.volume = volume_,
                                 .forget_checksums = checksums_ == Volume::Checksums::reset};
  // The map file may be one ahead, of a session whose begin was cut short: this one has the same number.
  begin.volume.session = {.number = volume_.session.number + 1, .closed = false};
  begin.volume.image.session = begin.volume.session.word();
  HF_CO_TRY(durability::SessionMark mark,
            co_await durability::begin_session(media_, begin, *space_, *settled_));
  session_.emplace(std::move(mark));
  volume_ = begin.volume;
  if (volume_.checksums) checksums_ = Volume::Checksums::kept;
  co_return {};
}

}  // namespace holdfast
