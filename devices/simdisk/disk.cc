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
constexpr int kLeftByDiscard = 0xA5;  // in every second sector; the others are zeroes
constexpr std::size_t kContentsListed = 4096;  // of one unit

bool writes(IoKind kind) {
  return kind == IoKind::write || kind == IoKind::write_zeroes || kind == IoKind::discard;
}

// What is left of blocks that nobody may read anything of.
void leave_anything(std::vector<std::byte>& bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 2 * kMediaSector)
    std::memset(bytes.data() + i, kLeftByDiscard, kMediaSector);
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

  Executor& home() const noexcept { return executor_; }
  IoRequest& request() const noexcept { return request_; }
  EventNumber event() const noexcept { return event_; }
  bool overlaps(const IoRequest& other) const noexcept {
    return other.block < request_.block + request_.block_count &&
           request_.block < other.block + other.block_count;
  }

  std::errc status{};
  uint64_t flush_covers = 0;   // flush: the completions before its submission
  std::vector<uint64_t> units; // write: where its pieces are
  const Fault* fault = nullptr;
  uint64_t late_byte = 0;             // late_completion: where it will land
  std::vector<std::byte> late_bytes;

  bool has(FaultKind kind) const noexcept { return fault != nullptr && fault->kind == kind; }

 private:
  void carry_out() { disk_.complete(*this); }

  Disk& disk_;
  IoRequest& request_;
  Executor& executor_;
  EventNumber event_;
};

// What reaches the disk after its request was told to have failed: over everything that was written since.
class Disk::Landing final : public Pending {
 public:
  Landing(Disk& disk, InFlight& failed, uint64_t due)
      : disk_(disk),
        due_(due),
        executor_(failed.home()),
        byte_(failed.late_byte),
        bytes_(std::move(failed.late_bytes)) {}

  void happen() override {
    disk_.faults_->hit({byte_, byte_ + bytes_.size(), true});
    InFlight write(disk_, nobody_, executor_, disk_.wiring_.scheduler.next_event());
    disk_.wiring_.digest.add({write.event(), byte_});
    disk_.put(write, byte_, std::move(bytes_));
    disk_.complete_write(write);
  }
  void program_dies() override { happen(); }
  const Executor* executor() const noexcept override { return &executor_; }

  bool is_due() const noexcept { return disk_.completions_ >= due_; }

 private:
  Disk& disk_;
  uint64_t due_;  // when as many writes have completed
  Executor& executor_;
  uint64_t byte_;
  std::vector<std::byte> bytes_;
  IoRequest nobody_;  // waits for it
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

Disk::~Disk() {
  stuck_.clear();
  HF_ASSERT(in_flight_.empty());
}

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
  tell_scheduler(request);
  const auto step = static_cast<uint64_t>(request.purpose.step);
  wiring_.digest.add({event, static_cast<uint64_t>(request.kind), request.block, request.block_count,
                      static_cast<uint64_t>(request.fua), step,
                      static_cast<uint64_t>(request.purpose.barrier)});
  auto operation = std::make_unique<InFlight>(*this, request, executor, event);
  operation->status = check(request);
  if (operation->status == std::errc{}) {
    if (wiring_.observer != nullptr) wiring_.observer->submitted(event, request);
    if (ignores(request.purpose.barrier)) ++ignored_requests_;
    if (faults_ != nullptr) operation->fault = faults_->strike(request, geometry_.block_size);
    if (operation->has(FaultKind::hot_removal)) removed_ = true;
    if (request.kind == IoKind::flush) operation->flush_covers = completions_;
    if (writes(request.kind) && !removed_) begin_write(*operation);
  }
  if (operation->has(FaultKind::stuck)) return stuck_.push_back(std::move(operation));
  wiring_.scheduler.add_pending(std::move(operation));
}

void Disk::tell_scheduler(const IoRequest& request) {
  const uint64_t begin = request.block * geometry_.block_size;
  const bool all = request.kind == IoKind::flush;
  wiring_.scheduler.touches(all ? 0 : begin,
                            all ? UINT64_MAX : begin + request.block_count * geometry_.block_size);
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
  const bool undefined = operation.has(FaultKind::undefined_discard) ||
                         (discard_leaves_anything_ && !geometry_.discard_reads_zero);
  const bool changes = geometry_.discard && (geometry_.discard_reads_zero || undefined);
  if (request.kind == IoKind::discard && !changes) return;
  std::vector<std::byte> bytes = content_of(request);
  if (request.kind == IoKind::discard && undefined) leave_anything(bytes);
  uint64_t byte = request.block * geometry_.block_size;
  if (operation.has(FaultKind::late_completion)) {
    operation.late_byte = byte;
    operation.late_bytes = std::move(bytes);
    return;
  }
  if (operation.fault != nullptr) {
    std::vector<std::byte> before(bytes.size());
    read_visible(byte, before);
    faults_->alter_write(*operation.fault, geometry_, before, byte, bytes);
  }
  put(operation, byte, std::move(bytes));
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
  return bytes;
}

void Disk::put(InFlight& operation, uint64_t byte, std::vector<std::byte> content) {
  const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(content));
  wiring_.digest.add(hash_bytes(*bytes));
  const uint32_t unit_size = geometry_.atomic_write_size;
  const uint64_t begin = byte;
  while (byte < begin + bytes->size()) {
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

void Disk::complete(InFlight& operation) {
  const IoRequest& request = operation.request();
  wiring_.digest.add({operation.event(), wiring_.scheduler.now_ns()});
  tell_scheduler(request);
  if (operation.status != std::errc{}) return;
  if (removed_) {
    operation.status = std::errc::no_such_device;
    return;
  }
  if (request.kind == IoKind::read) operation.status = read(operation);
  if (request.kind == IoKind::flush && is_flushed_by(operation)) complete_flush(operation);
  if (writes(request.kind)) complete_write(operation);
  if (operation.has(FaultKind::late_completion))
    late_.push_back(std::make_unique<Landing>(*this, operation, completions_ + operation.fault->delay));
  if (operation.fault != nullptr && operation.status == std::errc{})
    operation.status = error_of(operation.fault->kind);
  const bool told = operation.status == std::errc{};
  if (told && wiring_.observer != nullptr)
    wiring_.observer->completed(wiring_.scheduler.next_event(), request);
  land_late();
}

// Those that are due happen from now on in any order with everything else.
void Disk::land_late() {
  for (std::size_t i = 0; i < late_.size();) {
    if (!late_[i]->is_due()) {
      ++i;
      continue;
    }
    wiring_.scheduler.add_pending(std::move(late_[i]));
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

bool Disk::is_flushed_by(const InFlight& operation) const {
  if (operation.has(FaultKind::lying_flush)) {
    faults_->hit({0, geometry_.byte_count(), true});
    return false;
  }
  const bool fails = operation.fault != nullptr && error_of(operation.fault->kind) != std::errc{};
  return !fails || operation.fault->done == Fault::Done::everything;
}

void Disk::complete_write(InFlight& operation) {
  const IoRequest& request = operation.request();
  const bool lied = operation.has(FaultKind::lying_flush);
  const bool fua = request.fua && geometry_.fua && !lied && !ignores(request.purpose.barrier);
  if (lied) faults_->hit({0, geometry_.byte_count(), true});
  if (faults_ != nullptr && faults_->remembers()) remember_former(request);
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
  if (!ignores(operation.request().purpose.barrier)) make_durable(operation.flush_covers);
}

void Disk::make_durable() { make_durable(completions_); }

void Disk::make_durable(uint64_t completions) {
  std::vector<uint64_t> indices;
  for (auto& [index, unit] : units_) {
    for (Piece& piece : unit.pieces) piece.durable = piece.durable || piece.completed <= completions;
    indices.push_back(index);
  }
  for (const uint64_t index : indices) settle(index);
}

std::errc Disk::read(const InFlight& operation) {
  const IoRequest& request = operation.request();
  const uint32_t block_size = geometry_.block_size;
  const uint64_t begin = request.block * block_size;
  const uint64_t end = begin + request.block_count * block_size;
  if (operation.fault != nullptr && error_of(operation.fault->kind) != std::errc{}) return {};
  if (operation.fault != nullptr)
    faults_->damage(*operation.fault, begin, end, wiring_.media, wiring_.unreadable);
  if (!is_readable(begin, end)) return std::errc::io_error;
  uint64_t byte = begin;
  for (const iovec& buffer : request.buffers) {
    const std::span<std::byte> into(static_cast<std::byte*>(buffer.iov_base), buffer.iov_len);
    read_visible(byte, into);
    for (uint64_t i = 0; i < into.size() && operation.has(FaultKind::stale_read); i += block_size) {
      if (faults_->recall((byte + i) / block_size, into.subspan(i, block_size)))
        faults_->hit({byte + i, byte + i + block_size, true});
    }
    byte += into.size();
  }
  return {};
}

// Latest wins: what completed lies over what is on media.
void Disk::read_visible(uint64_t byte, std::span<std::byte> into) const {
  const uint32_t unit_size = geometry_.atomic_write_size;
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
}

bool Disk::is_readable(uint64_t begin, uint64_t end) const {
  if (wiring_.unreadable == nullptr || wiring_.unreadable->image_hash() == Hash128{}) return true;
  for (uint64_t sector = begin / kMediaSector; sector * kMediaSector < end; ++sector) {
    std::byte bad{};
    wiring_.unreadable->read(sector, std::span(&bad, 1));
    const uint64_t byte = sector * kMediaSector;
    if (bad != std::byte{0} && !is_covered(byte, byte + kMediaSector)) return false;
  }
  return true;
}

// By one write that has completed: it is read from the cache.
bool Disk::is_covered(uint64_t begin, uint64_t end) const {
  const auto unit = units_.find(begin / geometry_.atomic_write_size);
  if (unit == units_.end()) return false;
  const uint64_t offset = begin % geometry_.atomic_write_size;
  return std::ranges::any_of(unit->second.pieces, [offset, length = end - begin](const Piece& piece) {
    return piece.completed != kNotCompleted && piece.offset <= offset && offset + length <= piece.end();
  });
}

void Disk::remember_former(const IoRequest& request) {
  for (uint64_t block = request.block; block < request.block + request.block_count; ++block) {
    std::vector<std::byte> former(geometry_.block_size);
    read_visible(block * geometry_.block_size, former);
    faults_->remember(block, std::move(former));
  }
}

// What was rewritten durably, sector by sector.
void Disk::make_readable(uint64_t begin, uint64_t end) {
  if (wiring_.unreadable == nullptr || wiring_.unreadable->image_hash() == Hash128{}) return;
  const std::byte good{0};
  for (uint64_t sector = sectors_for(begin); (sector + 1) * kMediaSector <= end; ++sector)
    wiring_.unreadable->write(sector, std::span(&good, 1), 0);
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
    const uint64_t byte = unit_index * geometry_.atomic_write_size + piece.offset;
    wiring_.media.write(byte, piece.content(), piece.event);
    make_readable(byte, byte + piece.length);
    const bool covers = std::any_of(left.begin(), left.end(), [&piece](const Piece& under) {
      return under.offset < piece.end() && piece.offset < under.end();
    });
    if (covers) left.push_back(std::move(piece));
  }
  unit->second.pieces = std::move(left);
  if (unit->second.pieces.empty()) units_.erase(unit);
}

}  // namespace holdfast::simdisk
