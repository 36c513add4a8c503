// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>

#include "holdfast/codec.hh"
#include "holdfast/result.hh"

namespace holdfast {

// invalid_argument: deflate has the levels 0 to 3, LZ4 1 to 65537 (its acceleration). A caller's own codec
// has its own.
Result<> check_codec(uint32_t codec, uint32_t level) noexcept;

// Allocates all that the codec will ever need; no_resources if there is not that much memory. unsupported: it
// is none of CodecKind, and there is no maker, or the maker does not know it. `level` is not needed to
// decompress, and a foreign one is brought into its range.
//
// SPDK makes one LZ4 block of each buffer that it compresses a chunk from, with no lengths between them.
// Bytes that make a chunk as one block are read so. Others are searched for blocks of whole sectors of 512
// bytes, in chunks up to 1 MiB. If they have more than one reading, the one counts that compresses to the
// same bytes again, in chunks up to 64 KiB; if that is not exactly one, they are corrupt
// (docs/decisions/lz4-blocks.md, also on what this cannot tell). The search takes a bounded time.
Result<std::unique_ptr<Codec>> make_codec(uint32_t codec, uint32_t level, CodecMaker* maker) noexcept;

}  // namespace holdfast
