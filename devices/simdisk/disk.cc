// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/disk.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "holdfast/assert.hh"

namespace holdfast::simdisk {
namespace {

constexpr uint64_t kNotCompleted = ~uint64_t{0};
constexpr int kLeftByDiscard = 0xA5;  // in every second block; the others are zeroes
constexpr std::size_t kContentsListed = 4096;  // of one unit

bool writes(IoKind kind) {
  return kind == IoKind::write || kind == IoKind::write_zeroes || kind == IoKind::discard;
}

uint64_t length_of(std::span<const iovec> buffers) {
  uint64_t length = 0;
  for (const iovec& buffer : buffers) length += buffer.iov_len;
  return length;
}

// The different contents that pieces in the order of submission leave in one unit. The first is the content
// in which nothing undecided has arrived; each piece puts new ones behind those that there were without it.
class Contents {
 public:
  explicit Contents(std::vector<std::byte> on_media) { add(Candidate(std::move(on_media))); }

  void add_durable(uint64_t offset, std::span<const std::byte> bytes, EventNumber event) {
    known_.clear();
    for (Candidate& content : std::exchange(list_, {})) {
      content.lay_over(offset, bytes, event);
      add(std::move(content));
    }
  }
  void add_undecided(uint64_t offset, std::span<const std::byte> bytes, EventNumber event) {
    const std::size_t without = list_.size();
    for (std::size_t i = 0; i < without && complete_; ++i) {
      Candidate content = list_[i];
      content.lay_over(offset, bytes, event);
      add(std::move(content));
    }
  }

  bool complete() const noexcept { return complete_; }
  std::vector<Candidate> take() noexcept { return std::move(list_); }

 private:
  void add(Candidate content) {
    if (known_.contains(content.hash)) return;
    if (list_.size() == kContentsListed) {
      complete_ = false;
      return;
    }
    known_.insert(content.hash);
    list_.push_back(std::move(content));
  }

  std::vector<Candidate> list_;
  std::set<Hash128> known_;
  bool complete_ = true;  // false: there are more, and pieces were left out
};

}  // namespace

// The part of one write that lies in one unit. It reaches media as a whole or not at all.
struct Disk::Piece {
  EventNumber event = 0;                     // of the write's submission
  uint32_t offset = 0;                       // in the unit
  uint32_t length = 0;
  std::shared_ptr<const std::vector<std::byte>> bytes;  // of the whole write
  uint64_t bytes_offset = 0;
  uint64_t completed = kNotCompleted;        // which completion of this disk
  bool durable = false;

  std::span<const std::byte> content() const { return std::span(*bytes).subspan(bytes_offset, length); }
  uint32_t end() const { return offset + length; }
};

// Undecided pieces in the order of submission: a later one lies over an earlier one.
struct Disk::Unit {
  std::vector<Piece> pieces;
};

class Disk::InFlight final : public Pending {
 public:
  InFlight(Disk& disk, IoRequest& request, Executor& executor, EventNumber event)
      : disk_(disk), request_(request), executor_(executor), event_(event) {
    disk_.in_flight_.push_back(this);
  }
  ~InFlight() override { std::erase(disk_.in_flight_, this); }

  // Whoever is told may drop the request or use its blocks again: it is not in flight any more.
  void happen() override {
    carry_out();
    std::erase(disk_.in_flight_, this);
    request_.on_complete(request_, status);
  }
  void program_dies() override {
    if (request_.kind != IoKind::flush) carry_out();
  }
  const Executor* executor() const noexcept override { return &executor_; }

  IoRequest& request() const noexcept { return request_; }
  EventNumber event() const noexcept { return event_; }
  bool overlaps(const IoRequest& other) const noexcept {
    return other.block < request_.block + request_.block_count &&
           request_.block < other.block + other.block_count;
  }

  std::errc status{};
  uint64_t flush_covers = 0;   // flush: the completions before its submission
  std::vector<uint64_t> units; // write: where its pieces are

 private:
  void carry_out() { disk_.complete(*this); }

  Disk& disk_;
  IoRequest& request_;
  Executor& executor_;
  EventNumber event_;
};

class DiskChannel final : public BlockChannel {
 public:
  DiskChannel(Disk& disk, Executor& executor) noexcept : disk_(disk), executor_(executor) {}
  const DeviceGeometry& geometry() const noexcept override { return disk_.geometry(); }
  void submit(IoRequest& request) noexcept override { disk_.submit(request, executor_); }

 private:
  Disk& disk_;
  Executor& executor_;
};

Disk::Disk(const DeviceGeometry& geometry, Wiring wiring) : geometry_(geometry), wiring_(wiring) {
  HF_ASSERT(geometry_.byte_count() <= wiring_.media.size());
  HF_ASSERT(geometry_.atomic_write_size >= kMediaSector && std::has_single_bit(geometry_.atomic_write_size));
}

Disk::~Disk() { HF_ASSERT(in_flight_.empty()); }

Result<std::unique_ptr<BlockChannel>> Disk::open_channel(Executor& executor) noexcept {
  return std::unique_ptr<BlockChannel>(std::make_unique<DiskChannel>(*this, executor));
}

CrashSet Disk::crash_set() const {
  CrashSet set;
  const uint32_t unit_size = geometry_.atomic_write_size;
  for (const auto& [index, unit] : units_) {
    const uint64_t byte = index * unit_size;
    std::vector<std::byte> on_media(std::min<uint64_t>(unit_size, geometry_.byte_count() - byte));
    wiring_.media.read(byte, on_media);
    Contents contents(std::move(on_media));
    for (const Piece& piece : unit.pieces) {
      if (piece.durable) {
        contents.add_durable(piece.offset, piece.content(), piece.event);
      } else {
        contents.add_undecided(piece.offset, piece.content(), piece.event);
      }
    }
    set.complete = set.complete && contents.complete();
    std::vector<Candidate> candidates = contents.take();
    if (candidates.size() > 1) set.units.push_back({&wiring_.media, byte, std::move(candidates)});
  }
  return set;
}

void Disk::submit(IoRequest& request, Executor& executor) {
  const EventNumber event = wiring_.scheduler.next_event();
  const auto step = static_cast<uint64_t>(request.purpose.step);
  wiring_.digest.add({event, static_cast<uint64_t>(request.kind), request.block, request.block_count,
                      static_cast<uint64_t>(request.fua), step,
                      static_cast<uint64_t>(request.purpose.barrier)});
  auto operation = std::make_unique<InFlight>(*this, request, executor, event);
  operation->status = check(request);
  if (operation->status == std::errc{}) {
    if (wiring_.observer != nullptr) wiring_.observer->submitted(event, request);
    if (ignores(request.purpose.barrier)) ++ignored_requests_;
    if (request.kind == IoKind::flush) operation->flush_covers = completions_;
    if (writes(request.kind)) begin_write(*operation);
  }
  wiring_.scheduler.add_pending(std::move(operation));
}

std::errc Disk::check(const IoRequest& request) const noexcept {
  const bool takes_fua = request.kind == IoKind::write || request.kind == IoKind::write_zeroes;
  if (request.fua && !(takes_fua && geometry_.fua)) return std::errc::invalid_argument;
  if (request.kind == IoKind::flush) return {};
  const bool inside = request.block_count != 0 && request.block < geometry_.block_count &&
                      request.block_count <= geometry_.block_count - request.block;
  const bool data = request.kind == IoKind::read || request.kind == IoKind::write;
  if (!inside || (data && length_of(request.buffers) != request.block_count * geometry_.block_size)) {
    return std::errc::invalid_argument;
  }
  for (const iovec& buffer : request.buffers) {
    if (data && buffer.iov_len == 0) return std::errc::invalid_argument;
    const auto address = reinterpret_cast<uintptr_t>(buffer.iov_base);
    if (data && (address % geometry_.buffer_alignment != 0 || buffer.iov_len % geometry_.block_size != 0)) {
      return std::errc::invalid_argument;
    }
  }
  for (const InFlight* other : in_flight_) {
    if (&other->request() == &request || other->request().kind == IoKind::flush || !other->overlaps(request))
      continue;
    const bool metadata =
        request.purpose.step != Step::user_data || other->request().purpose.step != Step::user_data;
    const bool changes = writes(request.kind) || writes(other->request().kind);
    HF_ASSERT(!(metadata && changes));  // contract rule 4
  }
  return {};
}

// From here on the write is undecided: any of its pieces may reach media at any time.
void Disk::begin_write(InFlight& operation) {
  const IoRequest& request = operation.request();
  const bool changes = geometry_.discard && (geometry_.discard_reads_zero || discard_leaves_anything_);
  if (request.kind == IoKind::discard && !changes) return;
  auto bytes = std::make_shared<std::vector<std::byte>>(content_of(request));
  wiring_.digest.add(hash_bytes(*bytes));

  const uint32_t unit_size = geometry_.atomic_write_size;
  const uint64_t begin = request.block * geometry_.block_size;
  for (uint64_t byte = begin; byte < begin + bytes->size();) {
    const uint64_t unit = byte / unit_size;
    const uint64_t end = std::min(begin + bytes->size(), (unit + 1) * unit_size);
    units_[unit].pieces.push_back({.event = operation.event(),
                                   .offset = static_cast<uint32_t>(byte % unit_size),
                                   .length = static_cast<uint32_t>(end - byte),
                                   .bytes = bytes,
                                   .bytes_offset = byte - begin});
    operation.units.push_back(unit);
    byte = end;
  }
}

std::vector<std::byte> Disk::content_of(const IoRequest& request) const {
  std::vector<std::byte> bytes(request.block_count * geometry_.block_size);
  uint64_t filled = 0;
  if (request.kind == IoKind::write) {
    for (const iovec& buffer : request.buffers) {
      std::memcpy(bytes.data() + filled, buffer.iov_base, buffer.iov_len);
      filled += buffer.iov_len;
    }
  }
  const bool anything = request.kind == IoKind::discard && !geometry_.discard_reads_zero;
  for (uint64_t block = 0; anything && block < request.block_count; block += 2) {
    std::memset(bytes.data() + block * geometry_.block_size, kLeftByDiscard, geometry_.block_size);
  }
  return bytes;
}

void Disk::complete(InFlight& operation) {
  const IoRequest& request = operation.request();
  wiring_.digest.add({operation.event(), wiring_.scheduler.now_ns()});
  if (operation.status != std::errc{}) return;
  if (request.kind == IoKind::read) read(request);
  if (request.kind == IoKind::flush) complete_flush(operation);
  if (writes(request.kind)) complete_write(operation);
  if (wiring_.observer != nullptr) wiring_.observer->completed(wiring_.scheduler.next_event(), request);
}

void Disk::complete_write(InFlight& operation) {
  const IoRequest& request = operation.request();
  const bool fua = request.fua && geometry_.fua && !ignores(request.purpose.barrier);
  ++completions_;
  for (const uint64_t index : operation.units) {
    const auto unit = units_.find(index);
    if (unit == units_.end()) continue;
    for (Piece& piece : unit->second.pieces) {
      if (piece.event != operation.event()) continue;
      piece.completed = completions_;
      piece.durable = fua || !geometry_.volatile_cache;
    }
    settle(index);
  }
}

void Disk::complete_flush(const InFlight& operation) {
  if (ignores(operation.request().purpose.barrier)) return;
  std::vector<uint64_t> indices;
  for (auto& [index, unit] : units_) {
    for (Piece& piece : unit.pieces)
      piece.durable = piece.durable || piece.completed <= operation.flush_covers;
    indices.push_back(index);
  }
  for (const uint64_t index : indices) settle(index);
}

// Latest wins: what completed lies over what is on media.
void Disk::read(const IoRequest& request) const {
  const uint32_t unit_size = geometry_.atomic_write_size;
  uint64_t byte = request.block * geometry_.block_size;
  for (const iovec& buffer : request.buffers) {
    const std::span<std::byte> into(static_cast<std::byte*>(buffer.iov_base), buffer.iov_len);
    wiring_.media.read(byte, into);
    const uint64_t end = byte + into.size();
    for (auto unit = units_.lower_bound(byte / unit_size);
         unit != units_.end() && unit->first * unit_size < end; ++unit) {
      for (const Piece& piece : unit->second.pieces) {
        if (piece.completed == kNotCompleted) continue;
        const uint64_t piece_byte = unit->first * unit_size + piece.offset;
        const uint64_t from = std::max(byte, piece_byte);
        const uint64_t to = std::min(end, piece_byte + piece.length);
        if (from >= to) continue;
        std::memcpy(into.data() + (from - byte), piece.content().data() + (from - piece_byte), to - from);
      }
    }
    byte = end;
  }
}

// Durable pieces go to media. What lies under a durable piece can never come back; a durable piece that lies
// over part of an undecided one goes there too, but is kept to be laid over it again.
void Disk::settle(uint64_t unit_index) {
  const auto unit = units_.find(unit_index);
  if (unit == units_.end()) return;
  std::vector<Piece> left;
  for (Piece& piece : unit->second.pieces) {
    if (!piece.durable) {
      left.push_back(std::move(piece));
      continue;
    }
    std::erase_if(left, [&piece](const Piece& under) {
      return under.offset >= piece.offset && under.end() <= piece.end();
    });
    wiring_.media.write(unit_index * geometry_.atomic_write_size + piece.offset, piece.content(),
                        piece.event);
    const bool covers = std::any_of(left.begin(), left.end(), [&piece](const Piece& under) {
      return under.offset < piece.end() && piece.offset < under.end();
    });
    if (covers) left.push_back(std::move(piece));
  }
  unit->second.pieces = std::move(left);
  if (unit->second.pieces.empty()) units_.erase(unit);
}

}  // namespace holdfast::simdisk
