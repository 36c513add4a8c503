// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "holdfast/result.hh"

namespace holdfast {

// How the chunks of a volume are compressed; the number in its superblock.
enum class CodecKind : uint8_t {
  deflate = 0,  // one raw DEFLATE stream (RFC 1951), no header and no checksum
  lz4 = 1,      // raw LZ4 blocks, no frame: one, or when others wrote it, several back to back
};

// A compressor with its working memory, for chunks: what goes in and what comes out is whole and in memory.
//
// One for each channel: used on one thread, one call at a time; no call allocates. The bytes to decompress
// may be anybody's: whatever they are, a call reads only `from`, writes only `into`, and ends.
class Codec {
 public:
  // The largest span of a call. SPDK's chunks end at 1 MiB.
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 24;

  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;

  // Compresses `from` to the front of `into` and returns how many bytes it took, or nothing if `into` is
  // too small for them: an ordinary answer, after which the caller stores the chunk as it is. The rest of
  // `into` is undefined.
  // invalid_argument: a span is empty or above kMaxBytes.
  virtual Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                                      std::span<std::byte> into) noexcept = 0;

  // Fills `into` with what `from` was compressed from, using all of `from`.
  //
  // SPDK makes one LZ4 block of each buffer that it compresses a chunk from, with no lengths between them.
  // Bytes that make a chunk as one block are read so. Others are searched for blocks of whole sectors of 512
  // bytes, in chunks up to 1 MiB. If they have more than one reading, the one counts that compresses to the
  // same bytes again, in chunks up to 64 KiB; if that is not exactly one, they are corrupt
  // (docs/decisions/lz4-blocks.md, also on what this cannot tell). The search takes a bounded time.
  //
  // corrupt: `from` is anything else than that; `into` is then undefined.
  // invalid_argument: as for compress().
  virtual Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept = 0;
};

// Allocates all that the codec will ever need; no_resources if there is not that much memory.
Result<std::unique_ptr<Codec>> make_codec(CodecKind kind) noexcept;

}  // namespace holdfast
