// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "holdfast/result.hh"

namespace holdfast {

// One of several LZ4 blocks that stand back to back.
struct Lz4Block {
  uint32_t compressed = 0;
  uint32_t size = 0;
};

// Finds where each block ends in a chunk that was compressed block by block, with no lengths between them.
// docs/decisions/lz4-blocks.md has the rules and the reasons.
//
// It only reads. Whatever the bytes, it looks at no more than kMaxSteps tokens, offsets and length bytes,
// and remembers no more than kMaxBlocks blocks that may be: the time of a call has a constant bound.
class Lz4BlockSearch {
 public:
  static constexpr uint32_t kSector = 512;
  static constexpr uint32_t kMaxChunk = uint32_t{1} << 20;
  static constexpr uint32_t kMaxSteps = uint32_t{1} << 22;
  static constexpr uint32_t kMaxBlocks = 4096;
  static constexpr uint32_t kMaxReadings = 16;

  // How many ways there are to read `from` as whole blocks of whole sectors that make `size` bytes
  // together: 1 to kMaxReadings. They keep their numbers until the next call.
  // corrupt: there is none, or there are more, or the bounds ended the search before it knew.
  Result<uint32_t> find(std::span<const std::byte> from, std::size_t size) noexcept;

  // The blocks of one reading, in order; valid until the next call of either.
  std::span<const Lz4Block> reading(uint32_t number) noexcept;

 private:
  // A place where a block may begin. All are reached from the first one.
  struct Start {
    uint32_t at = 0;              // in the compressed bytes
    uint32_t sector = 0;          // in the chunk
    uint32_t ways = 0;            // readings of what stands before; kMaxReadings + 1 if there are more
    uint32_t last_block = 0;      // one that ends here, as an index of blocks_; the others hang on it
    uint32_t next_of_sector = 0;  // the next start of the same sector
  };
  struct Block {
    uint32_t begin = 0;           // an index of starts_
    uint32_t next_with_end = 0;   // the next block that ends at the same place
  };
  class Walk;

  static constexpr uint32_t kNone = ~uint32_t{0};

  void begin(std::span<const std::byte> from, std::size_t size) noexcept;
  bool walk_block(uint32_t start) noexcept;
  bool add_block(uint32_t begin, uint32_t at, uint32_t sector) noexcept;
  uint32_t start_at(uint32_t at, uint32_t sector) noexcept;

  std::span<const std::byte> from_;
  uint32_t size_ = 0;
  uint32_t steps_left_ = 0;
  uint32_t start_count_ = 0;
  uint32_t block_count_ = 0;
  std::array<Start, kMaxBlocks + 1> starts_;
  std::array<Block, kMaxBlocks> blocks_;
  std::array<uint32_t, kMaxChunk / kSector + 1> first_of_sector_;
  std::array<Lz4Block, kMaxChunk / kSector> reading_;
};

}  // namespace holdfast
