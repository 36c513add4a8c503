// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/codec.hh"

#include <isa-l/igzip_lib.h>
#include <lz4.h>

#include <algorithm>
#include <array>
#include <new>

#include "reduce/lz4_blocks.hh"

namespace holdfast {
namespace {

constexpr uint32_t kMostDeflate = 3;
constexpr std::size_t kLargestLevelBuffer =
    std::max({ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT});
constexpr uint32_t kMostAcceleration = 65537;

class DeflateCodec final : public Codec {
 public:
  explicit DeflateCodec(int level) noexcept : level_(level) {}
  Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                              std::span<std::byte> into) noexcept override;
  Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override;

 private:
  isal_zstream deflate_;
  inflate_state inflate_;
  const int level_;
  std::array<uint8_t, kLargestLevelBuffer> level_buffer_;
};

class Lz4Codec final : public Codec {
 public:
  explicit Lz4Codec(int acceleration) noexcept : acceleration_(acceleration) {}
  Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                              std::span<std::byte> into) noexcept override;
  Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override;

 private:
  // A chunk of more bytes with more than one reading is given up: SPDK's chunks have 16 KiB.
  static constexpr std::size_t kMaxRewritten = std::size_t{1} << 16;

  Result<> decompress_blocks(std::span<const std::byte> from, std::span<std::byte> into) noexcept;
  Result<uint32_t> reading_that_was_written(uint32_t readings, std::span<const std::byte> from,
                                            std::span<std::byte> into) noexcept;
  bool rewrites_as(std::span<const std::byte> from, std::span<const std::byte> chunk,
                   std::span<const Lz4Block> blocks, bool apart) noexcept;

  const int acceleration_;
  LZ4_stream_t state_;
  Lz4BlockSearch search_;
  std::array<char, kMaxRewritten> copy_;
  std::array<char, LZ4_COMPRESSBOUND(kMaxRewritten)> rewritten_;
};

// The libraries count in 32 bits.
Result<> check_sizes(std::span<const std::byte> from, std::span<std::byte> into) noexcept {
  if (from.empty() || into.empty() || from.size() > Codec::kMaxBytes || into.size() > Codec::kMaxBytes) {
    return Error{.code = Errc::invalid_argument, .reason = "a codec takes and gives 1 byte to 16 MiB"};
  }
  return {};
}

Error not_what_was_compressed() noexcept {
  return {.code = Errc::corrupt, .reason = "compressed bytes are no whole chunk; restore it from a copy"};
}

uint8_t* bytes_of(std::span<std::byte> bytes) noexcept { return reinterpret_cast<uint8_t*>(bytes.data()); }

// For a library whose prototype is not const, although it only reads.
uint8_t* bytes_of(std::span<const std::byte> bytes) noexcept {
  return reinterpret_cast<uint8_t*>(const_cast<std::byte*>(bytes.data()));
}

// Blocks may refer to what the blocks before them made.
bool decompress_as(std::span<const std::byte> from, std::span<std::byte> into,
                   std::span<const Lz4Block> blocks) noexcept {
  const auto* at = reinterpret_cast<const char*>(from.data());
  auto* chunk = reinterpret_cast<char*>(into.data());
  int made = 0;
  for (const Lz4Block& block : blocks) {
    const int written = LZ4_decompress_safe_usingDict(at, chunk + made, static_cast<int>(block.compressed),
                                                      static_cast<int>(block.size), chunk, made);
    if (written < 0 || static_cast<uint32_t>(written) != block.size) return false;
    at += block.compressed;
    made += written;
  }
  return true;
}

Result<std::optional<std::size_t>> DeflateCodec::compress(std::span<const std::byte> from,
                                                          std::span<std::byte> into) noexcept {
  HF_CHECK(check_sizes(from, into));
  isal_deflate_stateless_init(&deflate_);
  deflate_.level = static_cast<uint32_t>(level_);
  deflate_.level_buf = level_buffer_.data();
  deflate_.level_buf_size = static_cast<uint32_t>(level_buffer_.size());
  deflate_.end_of_stream = 1;
  deflate_.flush = NO_FLUSH;
  deflate_.next_in = bytes_of(from);
  deflate_.avail_in = static_cast<uint32_t>(from.size());
  deflate_.next_out = bytes_of(into);
  deflate_.avail_out = static_cast<uint32_t>(into.size());
  if (isal_deflate_stateless(&deflate_) != COMP_OK) return std::optional<std::size_t>{};
  return std::optional<std::size_t>{deflate_.total_out};
}

Result<> DeflateCodec::decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept {
  HF_CHECK(check_sizes(from, into));
  isal_inflate_init(&inflate_);
  inflate_.crc_flag = ISAL_DEFLATE;
  inflate_.next_in = bytes_of(from);
  inflate_.avail_in = static_cast<uint32_t>(from.size());
  inflate_.next_out = bytes_of(into);
  inflate_.avail_out = static_cast<uint32_t>(into.size());
  const bool ended = isal_inflate_stateless(&inflate_) == ISAL_DECOMP_OK;
  if (!ended || inflate_.avail_in != 0 || inflate_.avail_out != 0) return not_what_was_compressed();
  return {};
}

Result<std::optional<std::size_t>> Lz4Codec::compress(std::span<const std::byte> from,
                                                      std::span<std::byte> into) noexcept {
  HF_CHECK(check_sizes(from, into));
  const int written = LZ4_compress_fast_extState(
      &state_, reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
      static_cast<int>(from.size()), static_cast<int>(into.size()), acceleration_);
  if (written <= 0) return std::optional<std::size_t>{};
  return std::optional<std::size_t>{static_cast<std::size_t>(written)};
}

Result<> Lz4Codec::decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept {
  HF_CHECK(check_sizes(from, into));
  const int written =
      LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
                          static_cast<int>(from.size()), static_cast<int>(into.size()));
  if (written >= 0 && static_cast<std::size_t>(written) == into.size()) return {};
  return decompress_blocks(from, into);
}

Result<> Lz4Codec::decompress_blocks(std::span<const std::byte> from, std::span<std::byte> into) noexcept {
  HF_TRY(const uint32_t readings, search_.find(from, into.size()));
  uint32_t reading = 0;
  if (readings > 1) {
    HF_TRY(reading, reading_that_was_written(readings, from, into));
  }
  if (!decompress_as(from, into, search_.reading(reading))) return not_what_was_compressed();
  return {};
}

// The one that compresses to `from` again, as SPDK does it: from separate buffers or from one.
Result<uint32_t> Lz4Codec::reading_that_was_written(uint32_t readings, std::span<const std::byte> from,
                                                    std::span<std::byte> into) noexcept {
  constexpr Error kUncertain{
      .code = Errc::corrupt,
      .reason = "compressed bytes have more than one reading; restore the chunk from a copy"};
  if (into.size() > kMaxRewritten) return kUncertain;
  std::optional<uint32_t> written;
  for (uint32_t number = 0; number < readings; ++number) {
    const std::span<const Lz4Block> blocks = search_.reading(number);
    if (!decompress_as(from, into, blocks)) continue;
    if (!rewrites_as(from, into, blocks, true) && !rewrites_as(from, into, blocks, false)) continue;
    if (written) return kUncertain;
    written = number;
  }
  if (!written) return kUncertain;
  return *written;
}

// A block refers to the one before it in another form when both are parts of one buffer. `apart` takes every
// other one from a copy, so that no two neighbours are.
bool Lz4Codec::rewrites_as(std::span<const std::byte> from, std::span<const std::byte> chunk,
                           std::span<const Lz4Block> blocks, bool apart) noexcept {
  const auto* here = reinterpret_cast<const char*>(chunk.data());
  std::copy_n(here, chunk.size(), copy_.data());
  LZ4_initStream(&state_, sizeof state_);
  const char* source = here;
  std::size_t made = 0;
  for (const Lz4Block& block : blocks) {
    const int written =
        LZ4_compress_fast_continue(&state_, source + made, rewritten_.data(), static_cast<int>(block.size),
                                   static_cast<int>(rewritten_.size()), acceleration_);
    const auto expected = from.first(block.compressed);
    const auto actual = std::as_bytes(std::span(rewritten_)).first(static_cast<std::size_t>(written));
    if (!std::ranges::equal(actual, expected)) return false;
    from = from.subspan(block.compressed);
    made += block.size;
    if (apart) source = source == here ? copy_.data() : here;
  }
  return true;
}

template <class Kind>
Result<std::unique_ptr<Codec>> make(int level) noexcept {
  std::unique_ptr<Codec> codec(new (std::nothrow) Kind(level));
  if (!codec) return Error{.code = Errc::no_resources, .reason = "there is no memory for a codec"};
  return codec;
}

}  // namespace

Result<> check_codec(uint32_t codec, uint32_t level) noexcept {
  const bool deflate = codec == static_cast<uint32_t>(CodecKind::deflate);
  const bool lz4 = codec == static_cast<uint32_t>(CodecKind::lz4);
  if (deflate && level > kMostDeflate)
    return Error{.code = Errc::invalid_argument, .number = level, .reason = "deflate has the levels 0 to 3"};
  if (lz4 && (level < 1 || level > kMostAcceleration))
    return Error{.code = Errc::invalid_argument, .number = level, .reason = "LZ4 has the levels 1 to 65537"};
  return {};
}

Result<std::unique_ptr<Codec>> make_codec(uint32_t codec, uint32_t level, CodecMaker* maker) noexcept {
  if (codec == static_cast<uint32_t>(CodecKind::deflate))
    return make<DeflateCodec>(static_cast<int>(std::min(level, kMostDeflate)));
  if (codec == static_cast<uint32_t>(CodecKind::lz4))
    return make<Lz4Codec>(static_cast<int>(std::clamp(level, 1U, kMostAcceleration)));
  if (maker != nullptr) return maker->make(codec, level);
  return Error{.code = Errc::unsupported,
               .number = codec,
               .reason = "the volume was written with a codec that this program does not have"};
}

}  // namespace holdfast
