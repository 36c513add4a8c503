// SPDX-License-Identifier: BSD-3-Clause
#include "memory_lines.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace holdfast::simdisk {
namespace {

constexpr uint32_t kWord = 8;
constexpr std::byte kRot{0x01};
constexpr EventNumber kSameAuthor = 0;  // media name who wrote a sector, not what became of it

}  // namespace

void MemoryLines::load(uint64_t offset, std::span<std::byte> into) const noexcept {
  file_.content().read(offset, into);
  const uint64_t end = offset + into.size();
  for (auto line = lines_.lower_bound(offset / kMemoryLine);
       line != lines_.end() && line->first * kMemoryLine < end; ++line) {
    const uint64_t begin = line->first * kMemoryLine;
    const uint64_t from = std::max(offset, begin);
    const uint64_t to = std::min(end, begin + kMemoryLine);
    std::memcpy(into.data() + (from - offset), line->second.now.data() + (from - begin), to - from);
  }
}

std::optional<uint64_t> MemoryLines::first_poisoned(uint64_t offset, uint64_t length) const {
  if (length == 0 || !file_.has_poison()) return std::nullopt;
  for (uint64_t line = offset / kMemoryLine; line <= (offset + length - 1) / kMemoryLine; ++line) {
    if (is_poisoned(line)) return std::max(offset, line * kMemoryLine);
  }
  return std::nullopt;
}

void MemoryLines::store(uint64_t offset, std::span<const std::byte> bytes, EventNumber event) {
  while (!bytes.empty()) {
    const uint64_t line = offset / kMemoryLine;
    const auto in_line = static_cast<uint32_t>(offset % kMemoryLine);
    const std::size_t count = std::min<std::size_t>(bytes.size(), kMemoryLine - in_line);
    store_in_line(line, in_line, bytes.first(count), event);
    offset += count;
    bytes = bytes.subspan(count);
  }
}

void MemoryLines::store_in_line(uint64_t line, uint32_t offset, std::span<const std::byte> bytes,
                                EventNumber event) {
  if (is_poisoned(line)) return store_over_poison(line, bytes, event);
  const auto [found, fresh] = lines_.try_emplace(line);
  Line& dirty = found->second;
  if (fresh) file_.content().read(line * kMemoryLine, std::span(dirty.now).first(length_of(line)));
  std::memcpy(dirty.now.data() + offset, bytes.data(), bytes.size());
  while (!bytes.empty()) {
    const auto count = static_cast<uint32_t>(std::min<std::size_t>(bytes.size(), kWord - offset % kWord));
    Piece& piece = dirty.pieces.emplace_back();
    piece.event = event;
    piece.offset = offset;
    piece.length = count;
    std::memcpy(piece.bytes.data(), bytes.data(), count);
    offset += count;
    bytes = bytes.subspan(count);
  }
}

// Nobody can see what is under poison, so the new content goes there at once; what is undecided is whether
// the poison is gone.
void MemoryLines::store_over_poison(uint64_t line, std::span<const std::byte> bytes, EventNumber event) {
  if (bytes.size() != length_of(line)) return;
  file_.content().write(line * kMemoryLine, bytes, event);
  cleansed_[line] = event;
}

void MemoryLines::persist(uint64_t begin, uint64_t end, EventNumber covers) {
  auto line = lines_.lower_bound(begin / kMemoryLine);
  while (line != lines_.end() && line->first * kMemoryLine < end) line = persist_page(line, end, covers);

  auto cleansed = cleansed_.lower_bound(begin / kMemoryLine);
  while (cleansed != cleansed_.end() && cleansed->first * kMemoryLine < end) {
    if (cleansed->second > covers) {
      ++cleansed;
      continue;
    }
    const std::byte clean{0};
    file_.poison().write(cleansed->first, {&clean, 1}, cleansed->second);
    cleansed = cleansed_.erase(cleansed);
  }
}

// The lines from this one on that are in its page of media, as one change of that page.
MemoryLines::Lines::iterator MemoryLines::persist_page(Lines::iterator line, uint64_t end,
                                                       EventNumber covers) {
  const uint64_t page = line->first * kMemoryLine / kMediaPage * kMediaPage;
  const uint64_t size = std::min<uint64_t>(kMediaPage, file_.size() - page);
  std::array<std::byte, kMediaPage> bytes;
  std::array<EventNumber, kSectorsPerPage> events{};
  file_.content().read(page, std::span(bytes).first(size));
  while (line != lines_.end() && line->first * kMemoryLine < std::min(end, page + kMediaPage)) {
    const uint64_t at = line->first * kMemoryLine - page;
    std::vector<Piece>& pieces = line->second.pieces;
    auto piece = pieces.begin();
    for (; piece != pieces.end() && piece->event <= covers; ++piece) {
      std::memcpy(bytes.data() + at + piece->offset, piece->bytes.data(), piece->length);
      events[at / kMediaSector] = std::max(events[at / kMediaSector], piece->event);
    }
    pieces.erase(pieces.begin(), piece);
    line = pieces.empty() ? lines_.erase(line) : std::next(line);
  }
  if (std::ranges::max(events) != 0) {
    file_.content().write(page, std::span(bytes).first(size), std::span(events).first(sectors_for(size)));
  }
  return line;
}

std::vector<FaultHit> MemoryLines::undecided(uint64_t begin, uint64_t end, EventNumber covers) const {
  std::vector<FaultHit> found;
  for (auto line = lines_.lower_bound(begin / kMemoryLine);
       line != lines_.end() && line->first * kMemoryLine < end; ++line) {
    for (const Piece& piece : line->second.pieces) {
      const uint64_t byte = line->first * kMemoryLine + piece.offset;
      const FaultHit hit{.begin = byte, .end = byte + piece.length, .whole = true};
      if (piece.event <= covers && hit.touches(begin, end)) found.push_back(hit);
    }
  }
  for (auto line = cleansed_.lower_bound(begin / kMemoryLine);
       line != cleansed_.end() && line->first * kMemoryLine < end; ++line) {
    const uint64_t byte = line->first * kMemoryLine;
    if (line->second <= covers) found.push_back({byte, byte + length_of(line->first), false});
  }
  return found;
}

void MemoryLines::rot(uint64_t byte) {
  std::byte rotten{};
  file_.content().read(byte, {&rotten, 1});
  rotten ^= kRot;
  file_.content().write(byte, {&rotten, 1}, kSameAuthor);
}

void MemoryLines::poison(uint64_t offset, uint64_t length) {
  file_.poison_lines(offset, length);
  const uint64_t first = offset / kMemoryLine;
  const uint64_t last = (offset + length - 1) / kMemoryLine;
  lines_.erase(lines_.lower_bound(first), lines_.upper_bound(last));
  cleansed_.erase(cleansed_.lower_bound(first), cleansed_.upper_bound(last));
}

void MemoryLines::add_to(CrashSet& set) const {
  for (const auto& [index, line] : lines_) add_line_to(set, index, line);
  for (const auto& [index, event] : cleansed_) {
    const Candidate poisoned(std::vector<std::byte>(1, std::byte{1}));
    Candidate clean = poisoned;
    clean.lay_over(0, std::vector<std::byte>(1), event);
    set.units.push_back({&file_.poison(), index, {poisoned, std::move(clean)}});
  }
}

// Prefixes that leave the same bytes are one candidate, which names the writes of the shortest.
void MemoryLines::add_line_to(CrashSet& set, uint64_t index, const Line& line) const {
  std::vector<std::byte> on_media(length_of(index));
  file_.content().read(index * kMemoryLine, on_media);
  std::vector<Candidate> candidates = {Candidate(std::move(on_media))};
  Candidate prefix = candidates.front();
  for (const Piece& piece : line.pieces) {
    prefix.lay_over(piece.offset, piece.content(), piece.event);
    const auto known = std::ranges::find(candidates, prefix.hash, &Candidate::hash);
    if (known == candidates.end()) candidates.push_back(prefix);
  }
  if (candidates.size() > 1) {
    set.units.push_back({&file_.content(), index * kMemoryLine, std::move(candidates)});
  }
}

uint64_t MemoryLines::length_of(uint64_t line) const noexcept {
  return std::min<uint64_t>(kMemoryLine, file_.size() - line * kMemoryLine);
}

bool MemoryLines::is_poisoned(uint64_t line) const noexcept {
  return file_.has_poison() && file_.is_poisoned(line) && !cleansed_.contains(line);
}

}  // namespace holdfast::simdisk
