// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "reduce/chunk_slot.hh"

namespace holdfast {

// Parts of one chunk go one after the other, in the order in which they came.
class ChunkLine {
 public:
  ChunkLine(Executor& home, std::size_t slots) : home_(home), lines_(std::bit_ceil(2 * slots)) {}

  // The slot that is before this one in its chunk, or null: it is this one's turn.
  ChunkSlot* join(ChunkSlot& slot) noexcept {
    ChunkSlot* before = nullptr;
    ChunkSlot** link = &line_of(slot.part.chunk);
    for (; *link != nullptr; link = &(*link)->next_in_line) {
      if ((*link)->part.chunk == slot.part.chunk) before = *link;
    }
    *link = &slot;
    slot.next_in_line = nullptr;
    return before;
  }

  // Gives the turn to the next one of the same chunk.
  void leave(ChunkSlot& slot) noexcept {
    ChunkSlot** link = &line_of(slot.part.chunk);
    while (*link != &slot) link = &(*link)->next_in_line;
    *link = slot.next_in_line;
    if (ChunkSlot* next = behind(slot)) home_.post(*next);
  }

  // The next one of the same chunk, or null.
  static ChunkSlot* behind(const ChunkSlot& slot) noexcept {
    ChunkSlot* next = slot.next_in_line;
    while (next != nullptr && next->part.chunk != slot.part.chunk) next = next->next_in_line;
    return next;
  }

 private:
  ChunkSlot*& line_of(uint64_t chunk) noexcept { return lines_[chunk & (lines_.size() - 1)]; }

  Executor& home_;
  std::vector<ChunkSlot*> lines_;
};

}  // namespace holdfast
