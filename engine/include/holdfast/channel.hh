// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "holdfast/blob.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/result.hh"
#include "holdfast/task.hh"

namespace holdfast {

class BlobState;
class Channel;
class Gate;
class StoreState;

enum class BlobIoKind : uint8_t { read, write, write_zeroes, unmap, flush };

// One data request to a blob. Owned by the caller; borrowed by the channel, with its buffers and their iovec
// array, from submit() until on_complete begins. It allocates nothing,
// and may be used again for the next request.
class BlobIo final : private IoRequest, private Work {
 public:
  BlobIoKind kind = BlobIoKind::read;
  bool fua = false;                     // write, write_zeroes: durable at completion
  Blob* blob = nullptr;                 // kept open by the caller; unused by flush
  uint64_t offset = 0;                  // bytes, a multiple of the io unit
  uint64_t length = 0;                  // bytes, a multiple of the io unit; 0 completes and does nothing
  // read, write: together `length` bytes; addresses aligned as the device's geometry says
  std::span<const iovec> buffers;
  // For traces and errors: what this is in the protocol of a caller to whom the blob is a device, if it is
  // that.
  Purpose sender;
  void (*on_complete)(BlobIo&, Result<>) noexcept = nullptr;
  void* context = nullptr;  // the caller's own

 private:
  friend class BlobState;
  friend class Channel;
  friend class Gate;
  friend class StoreState;

  static constexpr uint32_t kSliceBuffers = 8;

  // Where a request is that an executor is to take up.
  enum class Next : uint8_t { completion, allocation, next_piece };

  void run() noexcept override;
  void go_on() noexcept;
  static void piece_completed(IoRequest& request, std::errc status) noexcept;
  static void flush_completed(IoRequest& request, std::errc status) noexcept;
  std::span<const iovec> take_buffers(uint64_t& wanted) noexcept;
  void give_back(uint64_t bytes) noexcept;

  // Where the request stands: the piece in flight ends at `done_`, the next one begins in buffer `buffer_` at
  // `buffer_offset_`.
  Channel* channel_ = nullptr;
  uint64_t done_ = 0;
  std::size_t buffer_ = 0;
  std::size_t buffer_offset_ = 0;
  Next next_ = Next::completion;
  uint8_t round_ = 0;  // of the gate, while a piece is in flight
  BlobIo* next_waiting_ = nullptr;  // in a list of requests that wait
  Result<> late_result_;
  std::array<iovec, kSliceBuffers> slice_;
};

// One thread's way to the data of a store's blobs. Used and completed on the executor that it was opened for,
// which outlives the channel and every Blob::resize that began while the channel was open.
//
// A request that lies in neighbouring clusters goes to the device as one; others are carried out piece by
// piece, in ascending order. No piece ends inside of what the device writes atomically, as far as that is at
// most a cluster and at most eight io units. After an error any part may have been done. Offsets beyond the
// blob's end: out_of_range. Writing to a read-only blob or store: read_only. Reads of unallocated clusters
// give zeroes. Unmapped ranges read as zeroes if the device promises that of discarded blocks, and are
// otherwise unspecified until written.
//
// A write to clusters of a thin blob that have no place yet asks the store's home executor for them first,
// which gives it zeroed ones; requests that need the same cluster wait for it together. no_space is an end of
// such a write. Zeroing and unmapping what has no place does nothing.
//
// flush: everything that any channel had completed when it was submitted is durable when it completes.
class Channel {
 public:
  static Result<std::unique_ptr<Channel>> open(Blobstore& store, Executor& executor);

  ~Channel();  // with nothing in progress, on its executor

  // on_complete runs later on this channel's executor, never inside submit().
  void submit(BlobIo& io) noexcept;

  // The same for tasks.
  Task<> perform(BlobIo& io);

 private:
  friend class BlobIo;
  friend class BlobState;
  Channel(StoreState& store, Executor& executor, std::unique_ptr<BlockChannel> device);

  void submit_next_piece(BlobIo& io) noexcept;
  void submit_to_device(BlobIo& io, uint64_t byte, uint64_t length, std::span<const iovec> buffers) noexcept;
  void submit_flush(BlobIo& io) noexcept;
  void ask_for_clusters(BlobIo& io) noexcept;
  void take_up(BlobIo& io, const Result<>& allocated) noexcept;
  void complete_later(BlobIo& io, Result<> result) noexcept;

  StoreState& store_;
  Executor& executor_;
  std::unique_ptr<BlockChannel> device_;
  Gate& gate_;
};

}  // namespace holdfast
