// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "holdfast/result.hh"

namespace holdfast {

// Where the bytes of a store come from. Read only.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  virtual uint64_t size() const noexcept = 0;
  virtual Result<> read(uint64_t byte, std::span<std::byte> into) = 0;
};

}  // namespace holdfast
