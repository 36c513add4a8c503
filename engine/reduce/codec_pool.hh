// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "holdfast/codec.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/task.hh"
#include "holdfast/volume_options.hh"

namespace holdfast {

// The codecs of one volume: one for the home executor, or one for each executor that the program supplies,
// asked in turn. Home executor only.
class CodecPool {
 public:
  // unsupported: the volume needs a codec that nobody here has.
  static Result<std::unique_ptr<CodecPool>> make(uint32_t codec, uint32_t level,
                                                 const VolumeOpenOptions& options, Executor& home);

  // As those of Codec. The spans live until the task ends.
  Task<std::optional<std::size_t>> compress(std::span<const std::byte> from, std::span<std::byte> into);
  Task<> decompress(std::span<const std::byte> from, std::span<std::byte> into);

 private:
  struct Worker {
    Executor* executor = nullptr;
    std::unique_ptr<Codec> codec;
  };
  class Errand;

  explicit CodecPool(Executor& home) noexcept : home_(home) {}
  Worker& next_worker() noexcept;

  Executor& home_;
  std::vector<Worker> workers_;
  std::size_t next_ = 0;
};

}  // namespace holdfast
