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
  lz4 = 1,      // raw LZ4 blocks, no frame
};

// From here to 255: codecs that a program brings itself. SPDK does not open such volumes.
inline constexpr uint32_t kFirstOwnCodec = 128;

// A compressor with its working memory, for chunks: what goes in and what comes out is whole and in memory.
//
// Used by one thread at a time, one call at a time; no call allocates. The bytes to decompress may be
// anybody's: whatever they are, a call reads only `from`, writes only `into`, and ends.
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
  // corrupt: `from` is anything else than that; `into` is then undefined.
  // invalid_argument: as for compress().
  virtual Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept = 0;
};

// Makes the codecs of a program's own. It outlives the volumes that it is given to.
class CodecMaker {
 public:
  // The number and the level in the volume's superblock. unsupported: none of these.
  virtual Result<std::unique_ptr<Codec>> make(uint32_t codec, uint32_t level) noexcept = 0;

 protected:
  ~CodecMaker() = default;
};

}  // namespace holdfast
