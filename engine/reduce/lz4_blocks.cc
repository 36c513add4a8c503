// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/lz4_blocks.hh"

#include <algorithm>
#include <optional>

namespace holdfast {
namespace {

constexpr uint32_t kLastLiterals = 5;       // a block with a match ends with so many literals at least
constexpr uint32_t kLastMatchDistance = 12; // and its last match begins so far before its end at least
constexpr uint32_t kMinMatch = 4;
constexpr uint32_t kLengthContinues = 15;

Error no_reading() noexcept {
  return {.code = Errc::corrupt, .reason = "compressed bytes are no whole chunk; restore it from a copy"};
}

Error too_many_readings() noexcept {
  return {.code = Errc::corrupt,
          .reason = "compressed bytes have more readings than can be tried; restore the chunk from a copy"};
}

}  // namespace

// Reads the sequences of a block, whose end is not known, one after another.
class Lz4BlockSearch::Walk {
 public:
  Walk(std::span<const std::byte> from, uint32_t at, uint32_t made, uint32_t size, uint32_t& steps_left)
      : from_(from), at_(at), made_(made), begin_(made), size_(size), steps_left_(steps_left) {}

  // Reads a token and its literals. False if the bytes cannot be that, or the steps are used up.
  bool literals() noexcept {
    const auto token = next();
    if (!token) return false;
    match_code_ = *token & 15U;
    const auto length = length_from(*token >> 4);
    if (!length || *length > from_.size() - at_ || *length > size_ - made_) return false;
    at_ += *length;
    made_ += *length;
    literals_ = *length;
    return true;
  }

  // Reads the rest of the sequence. False as before, and if no block of the chunk can hold the match.
  bool match() noexcept {
    const auto low = next();
    const auto high = next();
    if (!low || !high) return false;
    const uint32_t offset = *low | *high << 8;
    if (offset == 0 || offset > made_) return false;
    const auto length = length_from(match_code_);
    if (!length || *length + kMinMatch + kLastLiterals > size_ - made_) return false;
    match_begin_ = made_;
    made_ += *length + kMinMatch;
    has_match_ = true;
    return true;
  }

  // After literals(): may they be the last ones of the block? Compressors leave the unused half of the last
  // token zero.
  bool may_end() const noexcept {
    if (made_ % kSector != 0 || made_ == begin_ || match_code_ != 0) return false;
    return !has_match_ || (literals_ >= kLastLiterals && made_ - match_begin_ >= kLastMatchDistance);
  }

  uint32_t at() const noexcept { return at_; }
  uint32_t made() const noexcept { return made_; }

 private:
  std::optional<uint32_t> next() noexcept {
    if (at_ == from_.size() || steps_left_ == 0) return std::nullopt;
    --steps_left_;
    return static_cast<uint32_t>(from_[at_++]);
  }

  // A length above the chunk's is none.
  std::optional<uint32_t> length_from(uint32_t code) noexcept {
    uint32_t length = code;
    if (code != kLengthContinues) return length;
    for (;;) {
      const auto more = next();
      if (!more || length > size_) return std::nullopt;
      length += *more;
      if (*more != 255) return length;
    }
  }

  std::span<const std::byte> from_;
  uint32_t at_;
  uint32_t made_;
  uint32_t begin_;
  uint32_t size_;
  uint32_t& steps_left_;
  uint32_t match_code_ = 0;
  uint32_t literals_ = 0;
  uint32_t match_begin_ = 0;
  bool has_match_ = false;
};

Result<uint32_t> Lz4BlockSearch::find(std::span<const std::byte> from, std::size_t size) noexcept {
  if (from.size() > kMaxChunk || size > kMaxChunk || size == 0 || size % kSector != 0) return no_reading();
  begin(from, size);
  const uint32_t sectors = size_ / kSector;
  bool within_bounds = true;
  // A block makes a sector at least: when a sector's turn comes, all ways to its starts are known.
  for (uint32_t sector = 0; within_bounds && sector < sectors; ++sector) {
    uint32_t start = first_of_sector_[sector];
    for (; within_bounds && start != kNone; start = starts_[start].next_of_sector) {
      within_bounds = walk_block(start);
    }
  }
  if (!within_bounds) return too_many_readings();
  const uint32_t end = first_of_sector_[sectors];
  if (end == kNone) return no_reading();
  if (starts_[end].ways > kMaxReadings) return too_many_readings();
  return starts_[end].ways;
}

std::span<const Lz4Block> Lz4BlockSearch::reading(uint32_t number) noexcept {
  std::size_t first = reading_.size();
  uint32_t end = first_of_sector_[size_ / kSector];
  while (starts_[end].sector != 0) {
    uint32_t block = starts_[end].last_block;
    for (; number >= starts_[blocks_[block].begin].ways; block = blocks_[block].next_with_end) {
      number -= starts_[blocks_[block].begin].ways;
    }
    const uint32_t begin = blocks_[block].begin;
    reading_[--first] = {.compressed = starts_[end].at - starts_[begin].at,
                         .size = (starts_[end].sector - starts_[begin].sector) * kSector};
    end = begin;
  }
  return std::span(reading_).subspan(first);
}

void Lz4BlockSearch::begin(std::span<const std::byte> from, std::size_t size) noexcept {
  from_ = from;
  size_ = static_cast<uint32_t>(size);
  steps_left_ = kMaxSteps;
  block_count_ = 0;
  std::fill_n(first_of_sector_.begin(), size_ / kSector + 1, kNone);
  starts_[0] = {.at = 0, .sector = 0, .ways = 1, .last_block = kNone, .next_of_sector = kNone};
  first_of_sector_[0] = 0;
  start_count_ = 1;
}

// Goes on beyond each end, as if the block were longer. False if the search has come to a bound.
bool Lz4BlockSearch::walk_block(uint32_t start) noexcept {
  Walk walk(from_, starts_[start].at, starts_[start].sector * kSector, size_, steps_left_);
  while (walk.literals()) {
    const bool all_read = walk.at() == from_.size();
    const bool all_made = walk.made() == size_;
    const bool ends = walk.may_end() && all_read == all_made;
    if (ends && !add_block(start, walk.at(), walk.made() / kSector)) return false;
    if (all_read || all_made || !walk.match()) break;
  }
  return steps_left_ != 0;
}

bool Lz4BlockSearch::add_block(uint32_t begin, uint32_t at, uint32_t sector) noexcept {
  if (block_count_ == kMaxBlocks) return false;
  Start& end = starts_[start_at(at, sector)];
  blocks_[block_count_] = {.begin = begin, .next_with_end = end.last_block};
  end.last_block = block_count_++;
  end.ways = std::min(end.ways + starts_[begin].ways, kMaxReadings + 1);
  return true;
}

uint32_t Lz4BlockSearch::start_at(uint32_t at, uint32_t sector) noexcept {
  for (uint32_t start = first_of_sector_[sector]; start != kNone; start = starts_[start].next_of_sector) {
    if (starts_[start].at == at) return start;
  }
  starts_[start_count_] = {
      .at = at, .sector = sector, .ways = 0, .last_block = kNone, .next_of_sector = first_of_sector_[sector]};
  return first_of_sector_[sector] = start_count_++;
}

}  // namespace holdfast
