// SPDX-License-Identifier: BSD-3-Clause
#include "flight.hh"

#include <linux/falloc.h>
#include <linux/fs.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "file_channel.hh"

namespace holdfast::nvme {
namespace {

// Ranges for one call: long enough to be cheap, short enough that a call ends. Pieces end at multiples of
// these, so that no atomic unit is written by two calls.
constexpr uint64_t kRangeMax = uint64_t{1} << 30;
constexpr uint64_t kZeroBufferSize = 65536;

alignas(4096) constexpr std::array<std::byte, kZeroBufferSize> kZeroes{};

int durable_if(bool fua) noexcept { return fua ? RWF_DSYNC : 0; }

}  // namespace

void Flight::take_off(IoRequest& request) noexcept {
  request_ = &request;
  leg_ = first_leg();
  start_ = request.block * device_->geometry.block_size;
  done_ = 0;
  left_ = request.block_count * device_->geometry.block_size;
  cursor_ = BufferCursor(request.buffers);
  ring_->start(*this);
}

void Flight::prepare(io_uring_sqe& entry) noexcept {
  constexpr int kPunchHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  constexpr int kZeroRange = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
  const int file = device_->file.number();
  const auto position = static_cast<off_t>(next_byte());
  const auto range = static_cast<off_t>(next_range(kRangeMax));
  switch (leg_) {
    case Leg::transfer: return prepare_transfer(entry);
    case Leg::zero_range: return io_uring_prep_fallocate(&entry, file, kZeroRange, position, range);
    case Leg::punch_hole: return io_uring_prep_fallocate(&entry, file, kPunchHole, position, range);
    case Leg::write_zeroes: return prepare_zeroes(entry);
    case Leg::flush: return io_uring_prep_fsync(&entry, file, IORING_FSYNC_DATASYNC);
  }
}

void Flight::answered(int32_t result) noexcept {
  if (result == -EINTR || (result < 0 && take_worse_way(-result))) return ring_->start(*this);
  if (result < 0 || leg_ == Leg::flush) return land(-result);

  const bool counts_bytes = leg_ == Leg::transfer || leg_ == Leg::write_zeroes;
  if (counts_bytes && result == 0) return land(EIO);  // the file ends here
  advance(counts_bytes ? static_cast<uint64_t>(result) : next_range(kRangeMax));
  if (left_ > 0) return ring_->start(*this);

  // fallocate cannot be asked to be durable.
  if (request_->fua && !counts_bytes) {
    leg_ = Leg::flush;
    return ring_->start(*this);
  }
  land(0);
}

Flight::Leg Flight::first_leg() const noexcept {
  switch (request_->kind) {
    case IoKind::read:
    case IoKind::write: return Leg::transfer;
    case IoKind::discard: return Leg::punch_hole;
    case IoKind::flush: return Leg::flush;
    case IoKind::write_zeroes: break;
  }
  switch (device_->zero_method.load(std::memory_order_relaxed)) {
    case ZeroMethod::zero_range: return Leg::zero_range;
    case ZeroMethod::punch_hole: return Leg::punch_hole;
    case ZeroMethod::write: break;
  }
  return Leg::write_zeroes;
}

void Flight::prepare_transfer(io_uring_sqe& entry) noexcept {
  const std::span<const iovec> piece =
      cursor_.next_piece(start_, device_->geometry.atomic_write_size, piece_);
  const auto count = static_cast<unsigned>(piece.size());
  const int file = device_->file.number();
  if (request_->kind == IoKind::read) {
    io_uring_prep_readv(&entry, file, piece.data(), count, next_byte());
  } else {
    io_uring_prep_writev2(&entry, file, piece.data(), count, next_byte(), durable_if(request_->fua));
  }
}

void Flight::prepare_zeroes(io_uring_sqe& entry) noexcept {
  const auto length = static_cast<unsigned>(next_range(kZeroBufferSize));
  io_uring_prep_write(&entry, device_->file.number(), kZeroes.data(), length, next_byte());
  entry.rw_flags = durable_if(request_->fua);
}

uint64_t Flight::next_range(uint64_t piece_max) const noexcept {
  return std::min(left_, piece_max - next_byte() % piece_max);
}

// True if the kernel does not know this way to write zeroes on this file, and there is another one to try.
bool Flight::take_worse_way(int os_error) noexcept {
  if (os_error != EOPNOTSUPP || request_->kind != IoKind::write_zeroes) return false;
  if (leg_ == Leg::zero_range) {
    leg_ = Leg::punch_hole;
    device_->zero_method.store(ZeroMethod::punch_hole, std::memory_order_relaxed);
  } else if (leg_ == Leg::punch_hole) {
    leg_ = Leg::write_zeroes;
    device_->zero_method.store(ZeroMethod::write, std::memory_order_relaxed);
  } else {
    return false;
  }
  return true;
}

void Flight::advance(uint64_t bytes) noexcept {
  done_ += bytes;
  left_ -= bytes;
  if (leg_ == Leg::transfer) cursor_.advance(bytes);
}

// A failed flush is final for the whole device: the kernel tells once that it lost a write, to one caller,
// and believes the next flush to be complete.
void Flight::land(int os_error) noexcept {
  if (leg_ == Leg::flush) {
    int none = 0;
    if (os_error != 0) device_->failed_flush.compare_exchange_strong(none, os_error);
    os_error = device_->failed_flush;
  }
  IoRequest& request = *request_;
  request_ = nullptr;
  channel_->landed(*this, request, static_cast<std::errc>(os_error));
}

}  // namespace holdfast::nvme
