// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "real_volume.hh"

namespace holdfast::tools {

// Where bytes of a volume go: they come in ascending order, each piece in one chunk, or the reason why that
// piece cannot be read. An error that it returns ends the transfer.
using ByteSink = std::function<Result<>(uint64_t offset, const Result<std::span<const std::byte>>& bytes)>;

// Where bytes come from: it fills `into` and returns how many bytes that were; fewer than asked for, at the
// end only.
using ByteSupply = std::function<Result<std::size_t>(std::span<std::byte> into)>;

// Both move any bytes, whatever the volume's logical block is, with several requests in progress.
Result<> read_bytes(RealVolume& source, uint64_t offset, uint64_t length, const ByteSink& sink);

// Returns how many bytes were written. Chunks of nothing but zeroes take no space.
Result<uint64_t> write_bytes(RealVolume& target, uint64_t offset, const ByteSupply& supply);

bool all_zero(std::span<const std::byte> bytes);

}  // namespace holdfast::tools
