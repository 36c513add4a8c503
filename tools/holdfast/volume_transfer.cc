// SPDX-License-Identifier: BSD-3-Clause
#include "volume_transfer.hh"

#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "holdfast/aligned_buffer.hh"

namespace holdfast::tools {
namespace {

constexpr std::size_t kRequestsInProgress = 32;

// Bytes of one chunk, and the request that moves them: of whole logical blocks, which may hold more.
struct Piece {
  explicit Piece(uint32_t chunk_size) : buffer(chunk_size) {}

  AlignedBuffer buffer;
  uint64_t offset = 0;  // in the volume
  uint64_t length = 0;
  std::size_t begin = 0;  // in the buffer
  VolumeIo io;
  iovec memory{};
  bool in_progress = false;
  Result<> result;
};

// Pieces that are used in turn: the next one is always the one that was submitted longest ago.
class PieceRing {
 public:
  explicit PieceRing(RealVolume& real) : real_(real), info_(real.volume->info()) {
    for (std::size_t i = 0; i < kRequestsInProgress; ++i)
      pieces_.push_back(std::make_unique<Piece>(info_.chunk_size));
  }
  PieceRing(const PieceRing&) = delete;
  PieceRing& operator=(const PieceRing&) = delete;
  // The volume has borrowed the memory of what is in progress.
  ~PieceRing() {
    for (const auto& piece : pieces_) wait_for(*piece);
  }

  const Volume::Info& info() const noexcept { return info_; }

  Piece& next() {
    Piece& piece = *pieces_[turn_++ % pieces_.size()];
    wait_for(piece);
    return piece;
  }

  // Of the bytes from here on, as many as lie in the same chunk.
  void place(Piece& piece, uint64_t offset, uint64_t length) const {
    piece.offset = offset;
    piece.length = std::min(length, info_.chunk_size - offset % info_.chunk_size);
    piece.begin = offset % info_.logical_block_size;
  }

  void submit(Piece& piece, VolumeIoKind kind) {
    prepare(piece, kind, piece.buffer);
    piece.io.context = &piece;
    piece.io.on_complete = [](VolumeIo& ended, Result<> result) noexcept {
      auto& piece_of_it = *static_cast<Piece*>(ended.context);
      piece_of_it.result = result;
      piece_of_it.in_progress = false;
    };
    piece.in_progress = true;
    real_.volume->submit(piece.io);
  }

  // What the volume holds beside the piece in its first and its last block.
  Result<> fill_edges(Piece& piece) {
    const std::size_t end = piece.begin + piece.length;
    const std::size_t block_end = blocks_of(piece);
    if (piece.begin == 0 && end == block_end) return {};
    AlignedBuffer old(info_.chunk_size);
    prepare(piece, VolumeIoKind::read, old);
    HF_CHECK(real_.loop->run(real_.volume->perform(piece.io)));
    std::ranges::copy(old.bytes().first(piece.begin), piece.buffer.bytes().begin());
    std::ranges::copy(old.bytes().subspan(end, block_end - end), piece.buffer.bytes().subspan(end).begin());
    return {};
  }

  std::span<std::byte> bytes(Piece& piece) const {
    return piece.buffer.bytes().subspan(piece.begin, piece.length);
  }

 private:
  void wait_for(const Piece& piece) {
    real_.loop->run_until([&piece] { return !piece.in_progress; });
  }

  std::size_t blocks_of(const Piece& piece) const noexcept {
    const uint64_t block = info_.logical_block_size;
    return (piece.begin + piece.length + block - 1) / block * block;
  }

  void prepare(Piece& piece, VolumeIoKind kind, AlignedBuffer& buffer) const {
    piece.memory = {.iov_base = buffer.bytes().data(), .iov_len = blocks_of(piece)};
    piece.io.kind = kind;
    piece.io.offset = piece.offset - piece.begin;
    piece.io.length = piece.memory.iov_len;
    piece.io.buffers = {&piece.memory, 1};
  }

  RealVolume& real_;
  const Volume::Info info_;
  std::vector<std::unique_ptr<Piece>> pieces_;
  std::size_t turn_ = 0;
};

}  // namespace

Result<> read_bytes(RealVolume& source, uint64_t offset, uint64_t length, const ByteSink& sink) {
  PieceRing ring(source);
  const uint64_t end = offset + length;
  const auto deliver = [&](Piece& piece) -> Result<> {
    if (piece.length == 0) return {};
    if (!piece.result) return sink(piece.offset, piece.result.error());
    return sink(piece.offset, std::span<const std::byte>(ring.bytes(piece)));
  };
  for (uint64_t at = offset; at < end;) {
    Piece& piece = ring.next();
    HF_CHECK(deliver(piece));
    ring.place(piece, at, end - at);
    at += piece.length;
    ring.submit(piece, VolumeIoKind::read);
  }
  for (std::size_t i = 0; i < kRequestsInProgress; ++i) {
    Piece& piece = ring.next();
    HF_CHECK(deliver(piece));
    piece.length = 0;
  }
  return {};
}

Result<uint64_t> write_bytes(RealVolume& target, uint64_t offset, const ByteSupply& supply) {
  PieceRing ring(target);
  uint64_t at = offset;
  for (bool more = true; more;) {
    Piece& piece = ring.next();
    HF_CHECK(piece.result);
    // One byte too many is asked for at the end, to see whether there is one.
    ring.place(piece, at, std::max<uint64_t>(ring.info().size - at, 1));
    HF_TRY(const std::size_t count, supply(ring.bytes(piece)));
    if (count == 0) break;
    if (at == ring.info().size)
      return Error{.code = Errc::out_of_range, .reason = "there is more of it than the volume has room for"};
    more = count == piece.length;
    piece.length = count;
    HF_CHECK(ring.fill_edges(piece));
    const bool nothing = count == ring.info().chunk_size && all_zero(ring.bytes(piece));
    ring.submit(piece, nothing ? VolumeIoKind::unmap : VolumeIoKind::write);
    at += count;
  }
  for (std::size_t i = 0; i < kRequestsInProgress; ++i) HF_CHECK(ring.next().result);
  return at - offset;
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace holdfast::tools
