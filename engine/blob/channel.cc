// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/channel.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "blob/blob_state.hh"
#include "blob/gate.hh"
#include "blob/store_state.hh"
#include "core/buffers.hh"
#include "durability/data.hh"

namespace holdfast {
namespace {

Error argument_error(Errc code, const BlobIo& io, const char* reason) {
  return {.code = code,
          .object = ObjectKind::blob,
          .number = io.blob != nullptr ? io.blob->id().value : 0,
          .reason = reason};
}

bool changes_data(BlobIoKind kind) { return kind != BlobIoKind::read && kind != BlobIoKind::flush; }
bool ends_durable(const BlobIo& io) {
  return io.fua && (io.kind == BlobIoKind::write || io.kind == BlobIoKind::write_zeroes);
}
bool carries_data(BlobIoKind kind) { return kind == BlobIoKind::read || kind == BlobIoKind::write; }

Result<> check(const BlobIo& io, const StoreState& store) {
  if (io.kind == BlobIoKind::flush) return {};
  const auto& blob = static_cast<const BlobState&>(*io.blob);
  const Divisor& io_unit = store.io_unit();
  if (io_unit.remainder(io.offset) != 0 || io_unit.remainder(io.length) != 0) {
    return argument_error(Errc::invalid_argument, io, "offset and length must be multiples of the io unit");
  }
  if (io.offset > blob.size() || io.length > blob.size() - io.offset) {
    return argument_error(Errc::out_of_range, io, "the request leaves the blob");
  }
  if (changes_data(io.kind)) {
    if (const char* refusal = blob.write_refusal()) return argument_error(Errc::read_only, io, refusal);
    HF_CHECK(store.check_writable());
  }
  if (carries_data(io.kind) && length_of(io.buffers) != io.length) {
    return argument_error(Errc::invalid_argument, io,
                          "the buffers do not hold as many bytes as the request's length");
  }
  return {};
}

// A range of the blob that lies in one stretch of the device.
struct Piece {
  bool allocated = false;
  uint64_t byte = 0;  // on the device
  uint64_t length = 0;
};

Piece piece_at(const BlobState& blob, const StoreState& store, uint64_t offset, uint64_t length) {
  const Divisor& cluster_size = store.cluster_size();
  uint64_t cluster = cluster_size.quotient(offset);
  const uint64_t within = cluster_size.remainder(offset);
  const ClusterIndex first = blob.map().at(cluster);
  Piece piece{.allocated = first.value != 0,
              .byte = uint64_t{first.value} * cluster_size.value() + within,
              .length = cluster_size.value() - within};
  for (uint32_t neighbour = first.value + 1; piece.length < length; ++neighbour) {
    const ClusterIndex next = blob.map().at(++cluster);
    if (next.value != (piece.allocated ? neighbour : 0)) break;
    piece.length += cluster_size.value();
  }
  piece.length = std::min(piece.length, length);
  return piece;
}

IoKind device_kind(BlobIoKind kind) {
  switch (kind) {
    case BlobIoKind::read: return IoKind::read;
    case BlobIoKind::write: return IoKind::write;
    case BlobIoKind::write_zeroes: return IoKind::write_zeroes;
    case BlobIoKind::unmap: return IoKind::discard;
    case BlobIoKind::flush: break;  // is no piece of data: submit_flush()
  }
  std::unreachable();
}

Error device_error(const IoRequest& request, std::errc status) {
  return {.code = Errc::device_failed,
          .object = ObjectKind::device,
          .os_error = static_cast<int32_t>(status),
          .reason = name_of(request.purpose.step)};
}

void zero_fill(std::span<const iovec> buffers) {
  for (const iovec& buffer : buffers) std::memset(buffer.iov_base, 0, buffer.iov_len);
}

}  // namespace

Channel::Channel(StoreState& store, Executor& executor, std::unique_ptr<BlockChannel> device)
    : store_(store), executor_(executor), device_(std::move(device)), gate_(store.gates().add(executor)) {}

Channel::~Channel() { Gates::remove(gate_); }

Result<std::unique_ptr<Channel>> Channel::open(Blobstore& store, Executor& executor) {
  HF_TRY(std::unique_ptr<BlockChannel> device, store.state_->device().open_channel(executor));
  return std::unique_ptr<Channel>(new Channel(*store.state_, executor, std::move(device)));
}

void Channel::submit(BlobIo& io) noexcept {
  io.channel_ = this;
  io.done_ = 0;
  io.buffer_ = 0;
  io.buffer_offset_ = 0;
  if (const auto checked = check(io, store_); !checked) return complete_later(io, checked.error());
  if (io.kind == BlobIoKind::flush) return submit_flush(io);
  submit_next_piece(io);
}

Task<> Channel::perform(BlobIo& io) {
  Arrival<Result<>> done;
  io.context = &done;
  io.on_complete = [](BlobIo& ended, Result<> result) noexcept {
    static_cast<Arrival<Result<>>*>(ended.context)->set(result);
  };
  submit(io);
  co_return co_await done;
}

// Ranges without clusters cost no request: a read of them is zeroes.
void Channel::submit_next_piece(BlobIo& io) noexcept {
  const auto& blob = static_cast<const BlobState&>(*io.blob);
  if (gate_.closed_for(blob)) return gate_.wait(io);
  while (io.done_ < io.length) {
    Piece piece = piece_at(blob, store_, io.offset + io.done_, io.length - io.done_);
    if (!piece.allocated) {
      if (blob.has_parent()) return complete_later(io, blob.parent_unsupported());
      if (io.kind == BlobIoKind::write) return ask_for_clusters(io);
    }
    const std::span<const iovec> buffers =
        carries_data(io.kind) ? io.take_buffers(piece.length) : std::span<const iovec>{};
    io.done_ += piece.length;
    if (piece.allocated) return submit_to_device(io, piece.byte, piece.length, buffers);
    zero_fill(buffers);
  }
  complete_later(io, {});
}

void Channel::submit_to_device(BlobIo& io, uint64_t byte, uint64_t length,
                               std::span<const iovec> buffers) noexcept {
  IoRequest& request = io;
  request.kind = device_kind(io.kind);
  request.block = store_.io_unit().quotient(byte);
  request.block_count = store_.io_unit().quotient(length);
  request.buffers = buffers;
  request.on_complete = &BlobIo::piece_completed;
  durability::make_data_write(request, ends_durable(io), device_->geometry(), io.sender);
  io.round_ = gate_.enter();
  device_->submit(request);
}

void Channel::submit_flush(BlobIo& io) noexcept {
  if (const auto allowed = store_.check_not_stopped(); !allowed) return complete_later(io, allowed.error());
  IoRequest& request = io;
  durability::make_data_flush(request, io.sender);
  request.on_complete = &BlobIo::flush_completed;
  device_->submit(request);
}

void Channel::ask_for_clusters(BlobIo& io) noexcept {
  io.next_ = BlobIo::Next::allocation;
  store_.home().post(io);
}

// From the home executor.
void Channel::take_up(BlobIo& io, const Result<>& allocated) noexcept {
  if (!allocated) return complete_later(io, allocated);
  io.next_ = BlobIo::Next::next_piece;
  executor_.post(io);
}

void Channel::complete_later(BlobIo& io, Result<> result) noexcept {
  io.late_result_ = result;
  io.next_ = BlobIo::Next::completion;
  executor_.post(io);
}

void BlobIo::run() noexcept {
  switch (next_) {
    case Next::completion: return on_complete(*this, late_result_);
    case Next::allocation: return static_cast<BlobState&>(*blob).allocate_for(*this);
    case Next::next_piece: return go_on();
  }
}

// After a wait the blob may have become smaller, or read-only.
void BlobIo::go_on() noexcept {
  if (const auto checked = check(*this, channel_->store_); !checked)
    return channel_->complete_later(*this, checked.error());
  channel_->submit_next_piece(*this);
}

void BlobIo::piece_completed(IoRequest& request, std::errc status) noexcept {
  auto& io = static_cast<BlobIo&>(request);
  io.channel_->gate_.leave(io.round_);
  if (status != std::errc{}) return io.on_complete(io, device_error(request, status));
  if (io.done_ < io.length) return io.channel_->submit_next_piece(io);
  const bool durable = ends_durable(io);
  if (durability::needs_data_flush(durable, io.channel_->device_->geometry()))
    return io.channel_->submit_flush(io);
  io.on_complete(io, {});
}

void BlobIo::flush_completed(IoRequest& request, std::errc status) noexcept {
  auto& io = static_cast<BlobIo&>(request);
  if (status == std::errc{}) return io.on_complete(io, io.channel_->store_.check_not_stopped());
  io.channel_->store_.data_flush_failed(status);
  io.on_complete(io, device_error(request, status));
}

// The caller's own array where one piece is the whole request; otherwise as much of the range as a slice
// holds. Where that is not all of it, it ends with an atomic unit: half of one would be torn by a power cut
// between the pieces.
std::span<const iovec> BlobIo::take_buffers(uint64_t& wanted) noexcept {
  if (wanted == length) return buffers;
  uint64_t taken = 0;
  std::size_t count = 0;
  while (taken < wanted && count < slice_.size()) {
    const iovec& buffer = buffers[buffer_];
    const std::size_t part = std::min<std::size_t>(buffer.iov_len - buffer_offset_, wanted - taken);
    if (part != 0)
      slice_[count++] = {.iov_base = static_cast<char*>(buffer.iov_base) + buffer_offset_, .iov_len = part};
    taken += part;
    buffer_offset_ += part;
    if (buffer_offset_ == buffer.iov_len) {
      ++buffer_;
      buffer_offset_ = 0;
    }
  }
  uint64_t surplus = taken < wanted ? (offset + done_ + taken) % channel_->store_.atomic_write_size() : 0;
  if (surplus < taken) {
    give_back(surplus);
    taken -= surplus;
    for (; slice_[count - 1].iov_len <= surplus; --count) surplus -= slice_[count - 1].iov_len;
    slice_[count - 1].iov_len -= surplus;
  }
  wanted = taken;
  return {slice_.data(), count};
}

// Of what take_buffers() took last.
void BlobIo::give_back(uint64_t bytes) noexcept {
  while (bytes > buffer_offset_) {
    bytes -= buffer_offset_;
    buffer_offset_ = buffers[--buffer_].iov_len;
  }
  buffer_offset_ -= bytes;
}

}  // namespace holdfast
