// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "holdfast/codec.hh"

namespace holdfast {

// A count and a byte for each run: two bytes for one where no two neighbours are equal.
class RunLengthCodec : public Codec {
 public:
  Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                              std::span<std::byte> into) noexcept override {
    std::size_t used = 0;
    for (std::size_t at = 0; at < from.size();) {
      std::size_t count = 1;
      while (count < 255 && at + count < from.size() && from[at + count] == from[at]) ++count;
      if (used + 2 > into.size()) return std::nullopt;
      into[used++] = static_cast<std::byte>(count);
      into[used++] = from[at];
      at += count;
    }
    return used;
  }

  Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override {
    std::size_t filled = 0;
    for (std::size_t at = 0; at + 1 < from.size(); at += 2) {
      const auto count = static_cast<std::size_t>(from[at]);
      if (count > into.size() - filled) return damaged();
      std::ranges::fill(into.subspan(filled, count), from[at + 1]);
      filled += count;
    }
    if (filled != into.size() || from.size() % 2 != 0) return damaged();
    return {};
  }

 private:
  static Error damaged() noexcept { return {.code = Errc::corrupt, .reason = "these are no runs"}; }
};

class RunLengthMaker final : public CodecMaker {
 public:
  Result<std::unique_ptr<Codec>> make(uint32_t, uint32_t) noexcept override {
    return std::unique_ptr<Codec>(std::make_unique<RunLengthCodec>());
  }
};

}  // namespace holdfast
