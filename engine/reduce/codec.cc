// SPDX-License-Identifier: BSD-3-Clause
#include "reduce/codec.hh"

#include <isa-l/igzip_lib.h>
#include <lz4.h>

#include <array>
#include <new>

namespace holdfast {
namespace {

class DeflateCodec final : public Codec {
 public:
  Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                              std::span<std::byte> into) noexcept override;
  Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override;

 private:
  isal_zstream deflate_;
  inflate_state inflate_;
  std::array<uint8_t, ISAL_DEF_LVL1_DEFAULT> level_1_buffer_;
};

class Lz4Codec final : public Codec {
 public:
  Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                              std::span<std::byte> into) noexcept override;
  Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override;

 private:
  LZ4_stream_t state_;
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

Result<std::optional<std::size_t>> DeflateCodec::compress(std::span<const std::byte> from,
                                                          std::span<std::byte> into) noexcept {
  HF_CHECK(check_sizes(from, into));
  isal_deflate_stateless_init(&deflate_);
  deflate_.level = 1;
  deflate_.level_buf = level_1_buffer_.data();
  deflate_.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
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
      static_cast<int>(from.size()), static_cast<int>(into.size()), 1);
  if (written <= 0) return std::optional<std::size_t>{};
  return std::optional<std::size_t>{static_cast<std::size_t>(written)};
}

Result<> Lz4Codec::decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept {
  HF_CHECK(check_sizes(from, into));
  const int written =
      LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(into.data()),
                          static_cast<int>(from.size()), static_cast<int>(into.size()));
  if (written < 0 || static_cast<std::size_t>(written) != into.size()) return not_what_was_compressed();
  return {};
}

template <class Kind>
Result<std::unique_ptr<Codec>> make() noexcept {
  std::unique_ptr<Codec> codec(new (std::nothrow) Kind);
  if (!codec) return Error{.code = Errc::no_resources, .reason = "there is no memory for a codec"};
  return codec;
}

}  // namespace

Result<std::unique_ptr<Codec>> make_codec(CodecKind kind) noexcept {
  switch (kind) {
    case CodecKind::deflate: return make<DeflateCodec>();
    case CodecKind::lz4: return make<Lz4Codec>();
  }
  return Error{.code = Errc::unsupported, .reason = "this version does not have the codec of the volume"};
}

}  // namespace holdfast
