// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "bench/memory_host.hh"
#include "holdfast/volume.hh"

namespace holdfast {
namespace {

constexpr uint32_t kChunk = 16384;
constexpr uint64_t kChunks = 64;
constexpr uint64_t kDeviceBytes = (kChunks + 128) * kChunk;

std::vector<std::byte> content_of(uint64_t chunk, uint8_t round) {
  std::vector<std::byte> bytes(kChunk);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = std::byte{static_cast<uint8_t>(i % 2 == 0 ? i * chunk * (round + 1U) >> 4 : chunk + round)};
  return bytes;
}

// One request for each chunk, all in flight together.
class EveryChunk {
 public:
  EveryChunk(VolumeIoKind kind, uint8_t round) {
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      memory_.push_back(kind == VolumeIoKind::write ? content_of(chunk, round)
                                                    : std::vector<std::byte>(kChunk));
      vectors_[chunk] = {.iov_base = memory_[chunk].data(), .iov_len = kChunk};
      ios_[chunk].kind = kind;
      ios_[chunk].offset = chunk * kChunk;
      ios_[chunk].length = kChunk;
      ios_[chunk].buffers = {&vectors_[chunk], 1};
      ios_[chunk].context = this;
      ios_[chunk].on_complete = [](VolumeIo& io, Result<> result) noexcept {
        EveryChunk& all = *static_cast<EveryChunk*>(io.context);
        ++all.ended_;
        all.failed_ += result ? 0U : 1U;
      };
    }
  }

  void run(Volume& volume, nvme::Loop& loop) {
    for (VolumeIo& io : ios_) volume.submit(io);
    loop.run_until([this] { return ended_ == kChunks; });
    EXPECT_EQ(failed_, 0U);
  }
  const std::vector<std::byte>& memory(uint64_t chunk) const { return memory_[chunk]; }

 private:
  std::vector<std::vector<std::byte>> memory_;
  std::vector<iovec> vectors_ = std::vector<iovec>(kChunks);
  std::vector<VolumeIo> ios_ = std::vector<VolumeIo>(kChunks);
  uint64_t ended_ = 0;
  uint64_t failed_ = 0;
};

TEST(CodecsOnThreads, KeepEveryChunkApart) {
  const auto loop = std::move(*nvme::Loop::open());
  bench::MemoryDevice device(kDeviceBytes);
  bench::MemoryMaps maps;
  bench::Workers workers(2);
  for (const uint32_t codec : {0U, 1U}) {
    VolumeOptions options;
    options.uuid.fill(static_cast<std::byte>(codec + 1));
    options.codec = codec;
    options.replace_existing = true;
    ASSERT_TRUE(loop->run(Volume::create(device, maps, *loop, options)));
    VolumeOpenOptions open;
    open.codec_executors = workers.executors();
    const auto volume = std::move(*loop->run(Volume::open(device, maps, *loop, open)));
    for (uint8_t round = 0; round < 4; ++round) {
      EveryChunk(VolumeIoKind::write, round).run(*volume, *loop);
      EveryChunk read(VolumeIoKind::read, round);
      read.run(*volume, *loop);
      for (uint64_t chunk = 0; chunk < kChunks; ++chunk)
        EXPECT_EQ(read.memory(chunk), content_of(chunk, round)) << chunk;
    }
    EXPECT_LT(volume->info().allocated_units, kChunks * 4);
  }
}

}  // namespace
}  // namespace holdfast
