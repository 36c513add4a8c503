// SPDX-License-Identifier: BSD-3-Clause
// What a compressed volume adds to its codec, in one run on one machine: device and map file are memory, so
// that nothing else is measured. And, on a map file of an ordinary filesystem (HOLDFAST_BENCH_DIR, else the
// working directory), writes at depth 32 against two blocking msync() a write, which is how the map was kept
// before.
//
//   build/release/tests/volume_speed --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "bench/memory_host.hh"
#include "holdfast/nvme/loop.hh"
#include "holdfast/nvme/mapped_memory.hh"
#include "holdfast/volume.hh"
#include "reduce/codec.hh"

namespace holdfast {
namespace {

constexpr uint32_t kChunk = 16384;
constexpr uint32_t kPage = 4096;
constexpr uint64_t kDeviceBytes = uint64_t{64} << 20;
constexpr uint64_t kChunks = 2048;  // that are written to
constexpr std::size_t kDepth = 32;
constexpr uint32_t kDeflate = 0;
constexpr uint32_t kLz4 = 1;

uint64_t next_random(uint64_t& state) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return state >> 33;
}

// Two to one with either codec: runs of noise, each followed by a repetition of earlier bytes of its chunk.
// How fast LZ4 compresses depends on the length of the runs more than on the ratio. These make it about as
// fast as it was where the peer was measured, 12 to 13 microseconds a chunk.
std::vector<std::byte> two_to_one(std::size_t bytes) {
  constexpr uint64_t kMeanRun = 80;
  uint64_t random = 7;
  std::vector<std::byte> data;
  while (data.size() < bytes) {
    for (uint64_t noise = next_random(random) % (2 * kMeanRun); noise > 0; --noise)
      data.push_back(static_cast<std::byte>(next_random(random)));
    const std::size_t in_chunk = data.size() % kChunk;
    if (in_chunk < 2 * kMeanRun) continue;
    const std::size_t back = kMeanRun + next_random(random) % (in_chunk - kMeanRun);
    for (uint64_t again = next_random(random) % (2 * kMeanRun + 32); again > 0; --again)
      data.push_back(data[data.size() - back]);
  }
  data.resize(bytes);
  return data;
}

const std::vector<std::byte>& source() {
  static const std::vector<std::byte> data = two_to_one(std::size_t{64} * kChunk);
  return data;
}
std::span<const std::byte> source_chunk(uint64_t number) {
  return std::span(source()).subspan(number % 64 * kChunk, kChunk);
}

void set_rates(benchmark::State& state, uint64_t bytes_each) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes_each));
}

void codec_compress(benchmark::State& state) {
  const auto codec = std::move(*make_codec(static_cast<uint32_t>(state.range(0)), 1, nullptr));
  std::vector<std::byte> packed(kChunk - kPage);
  uint64_t number = 0;
  uint64_t made = 0;
  for (auto _ : state) made += codec->compress(source_chunk(number++), packed)->value_or(kChunk);
  state.counters["ratio"] = static_cast<double>(number * kChunk) / static_cast<double>(made);
  set_rates(state, kChunk);
}

void codec_decompress_and_copy(benchmark::State& state) {
  const auto codec = std::move(*make_codec(static_cast<uint32_t>(state.range(0)), 1, nullptr));
  std::vector<std::vector<std::byte>> packed(kChunks, std::vector<std::byte>(kChunk));
  for (uint64_t i = 0; i < packed.size(); ++i)
    packed[i].resize(codec->compress(source_chunk(i), packed[i])->value_or(kChunk));
  std::vector<std::byte> plain(kChunk);
  std::vector<std::vector<std::byte>> copies(kDepth, std::vector<std::byte>(kChunk));
  uint64_t random = 1;
  std::size_t turn = 0;
  for (auto _ : state) {
    if (!codec->decompress(packed[next_random(random) % kChunks], plain)) state.SkipWithError("decompress");
    std::vector<std::byte>& copy = copies[turn++ % kDepth];
    std::ranges::copy(plain, copy.begin());
    benchmark::DoNotOptimize(copy.data());
  }
  set_rates(state, kChunk);
}

// A volume, and `kDepth` requests that are sent again as soon as they complete.
class Load {
 public:
  Load(BlockDevice& device, MapStore& maps, nvme::Loop& loop, uint32_t codec,
       std::span<Executor* const> workers)
      : loop_(loop) {
    for (std::size_t i = 0; i < kDepth; ++i) buffers_.emplace_back(kChunk);
    VolumeOptions options;
    options.uuid.fill(std::byte{0x42});
    options.codec = codec;
    check(loop.run(Volume::create(device, maps, loop, options)));
    VolumeOpenOptions open;
    open.codec_executors = workers;
    volume_ = std::move(*loop.run(Volume::open(device, maps, loop, open)));
    ios_.resize(kDepth);
    for (std::size_t i = 0; i < kDepth; ++i) {
      vectors_.push_back({.iov_base = buffers_[i].bytes().data(), .iov_len = kChunk});
      std::ranges::copy(source_chunk(i), buffers_[i].bytes().begin());
    }
  }

  // Carries out `count` requests of `length` bytes at random multiples of it.
  void run(VolumeIoKind kind, uint32_t length, uint64_t count) {
    to_send_ = count;
    for (std::size_t i = 0; i < kDepth && to_send_ > 0; ++i) {
      vectors_[i].iov_len = length;
      ios_[i].kind = kind;
      ios_[i].length = length;
      ios_[i].buffers = {&vectors_[i], 1};
      ios_[i].context = this;
      ios_[i].on_complete = &Load::completed;
      send(ios_[i]);
    }
    loop_.run_until([this] { return in_flight_ == 0; });
  }
  void fill() {
    std::ranges::copy(source_chunk(0), buffers_[0].bytes().begin());
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      VolumeIo io;
      io.kind = VolumeIoKind::write;
      io.offset = chunk * kChunk;
      io.length = kChunk;
      vectors_[0].iov_len = kChunk;
      io.buffers = {vectors_.data(), 1};
      check(loop_.run(volume_->perform(io)));
    }
  }
  static void check(const Result<>& result) {
    if (result) return;
    std::fputs(describe(result.error()).c_str(), stderr);
    std::abort();
  }

 private:
  void send(VolumeIo& io) {
    --to_send_;
    ++in_flight_;
    io.offset = next_random(random_) % (kChunks * kChunk / io.length) * io.length;
    volume_->submit(io);
  }
  static void completed(VolumeIo& io, Result<> result) noexcept {
    check(result);
    Load& load = *static_cast<Load*>(io.context);
    --load.in_flight_;
    if (load.to_send_ > 0) load.send(io);
  }

  nvme::Loop& loop_;
  std::unique_ptr<Volume> volume_;
  std::vector<AlignedBuffer> buffers_;
  std::vector<iovec> vectors_;
  std::vector<VolumeIo> ios_;
  uint64_t random_ = 1;
  uint64_t to_send_ = 0;
  uint64_t in_flight_ = 0;
};

constexpr uint64_t kBatch = 1024;

void through_a_volume(benchmark::State& state, VolumeIoKind kind, uint32_t length) {
  const auto loop = std::move(*nvme::Loop::open());
  bench::MemoryDevice device(kDeviceBytes);
  bench::MemoryMaps maps;
  Load load(device, maps, *loop, static_cast<uint32_t>(state.range(0)), {});
  load.fill();
  for (auto _ : state) load.run(kind, length, kBatch);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBatch * length));
}

void volume_overwrite(benchmark::State& state) { through_a_volume(state, VolumeIoKind::write, kChunk); }
void volume_read(benchmark::State& state) { through_a_volume(state, VolumeIoKind::read, kChunk); }
void volume_random_4k_write(benchmark::State& state) { through_a_volume(state, VolumeIoKind::write, kPage); }

// The codecs on threads of their own: 1 or 2.
void volume_overwrite_with_workers(benchmark::State& state) {
  const auto loop = std::move(*nvme::Loop::open());
  bench::MemoryDevice device(kDeviceBytes);
  bench::MemoryMaps maps;
  bench::Workers workers(static_cast<std::size_t>(state.range(1)));
  Load load(device, maps, *loop, static_cast<uint32_t>(state.range(0)), workers.executors());
  load.fill();
  for (auto _ : state) load.run(VolumeIoKind::write, kChunk, kBatch);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
}

std::string bench_folder() {
  const char* folder = std::getenv("HOLDFAST_BENCH_DIR");
  return (folder != nullptr ? std::string(folder) : std::string(".")) + "/volume_speed.maps";
}

void mapped_file_volume(benchmark::State& state) {
  const std::string folder = bench_folder();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  {
    const auto loop = std::move(*nvme::Loop::open());
    bench::MemoryDevice device(kDeviceBytes);
    const auto maps = std::move(*nvme::MapFolder::open(folder, *loop));
    Load load(device, *maps, *loop, kLz4, {});
    for (auto _ : state) load.run(VolumeIoKind::write, kChunk, kBatch);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  std::filesystem::remove_all(folder);
}

// One write after the other: compress, copy, store a chunk map, msync its page, store an entry, msync its
// page.
void mapped_file_two_msyncs(benchmark::State& state) {
  const std::string folder = bench_folder();
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/peer";
  constexpr std::size_t kMapBytes = 4096 + 2176 * (8 + 40);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::posix_fallocate(file, 0, kMapBytes) != 0) return state.SkipWithError("no map file");
  auto* map =
      static_cast<std::byte*>(::mmap(nullptr, kMapBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  const auto codec = std::move(*make_codec(kLz4, 1, nullptr));
  std::vector<std::byte> packed(kChunk);
  std::vector<std::byte> device(kDeviceBytes);
  uint64_t random = 1;
  const auto store = [map](std::size_t offset, std::size_t length) {
    std::fill_n(map + offset, length, std::byte{1});
    const std::size_t page = offset / kPage * kPage;
    return ::msync(map + page, (offset + length + kPage - 1) / kPage * kPage - page, MS_SYNC) == 0;
  };
  for (auto _ : state) {
    const uint64_t chunk = next_random(random) % kChunks;
    const std::size_t size = codec->compress(source_chunk(chunk), packed)->value_or(kChunk);
    std::copy_n(packed.begin(), size, device.begin() + static_cast<std::ptrdiff_t>(chunk * kChunk));
    if (!store(kPage + 2176 * 8 + chunk * 40, 40) || !store(kPage + chunk * 8, 8))
      state.SkipWithError("msync");
  }
  state.SetItemsProcessed(state.iterations());
  ::munmap(map, kMapBytes);
  ::close(file);
  std::filesystem::remove_all(folder);
}

uint64_t heap_bytes() {
  const struct mallinfo2 heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

uint64_t memory_of_volume(uint64_t device_bytes) {
  const auto loop = std::move(*nvme::Loop::open());
  bench::MemoryDevice device(device_bytes, uint64_t{1} << 20);
  bench::MemoryMaps maps;
  VolumeOptions options;
  options.uuid.fill(std::byte{0x42});
  options.codec = kLz4;
  Load::check(loop->run(Volume::create(device, maps, *loop, options)));
  const uint64_t before = heap_bytes();
  const auto volume = std::move(*loop->run(Volume::open(device, maps, *loop, VolumeOpenOptions())));
  const uint64_t bytes = heap_bytes() - before;
  Load::check(loop->run(volume->close()));
  return bytes;
}

// What an open volume keeps in memory, its map file not counted: for each size, and whatever the size.
void volume_memory(benchmark::State& state) {
  constexpr uint64_t kSmall = uint64_t{16} << 30;
  constexpr uint64_t kLarge = uint64_t{48} << 30;
  constexpr double kMebibyte = 1 << 20;
  uint64_t small = 0;
  uint64_t large = 0;
  for (auto _ : state) {
    small = memory_of_volume(kSmall);
    large = memory_of_volume(kLarge);
  }
  const uint64_t per_tebibyte = (large - small) * ((uint64_t{1} << 40) / (kLarge - kSmall));
  const uint64_t always = small - (large - small) * kSmall / (kLarge - kSmall);
  state.counters["MiB_per_TiB"] = static_cast<double>(per_tebibyte) / kMebibyte;
  state.counters["MiB_always"] = static_cast<double>(always) / kMebibyte;
}

BENCHMARK(codec_compress)->Arg(kLz4)->Arg(kDeflate)->UseRealTime();
BENCHMARK(volume_overwrite)->Arg(kLz4)->Arg(kDeflate)->UseRealTime();
BENCHMARK(codec_decompress_and_copy)->Arg(kLz4)->Arg(kDeflate)->UseRealTime();
BENCHMARK(volume_read)->Arg(kLz4)->Arg(kDeflate)->UseRealTime();
BENCHMARK(volume_random_4k_write)->Arg(kLz4)->Arg(kDeflate)->UseRealTime();
BENCHMARK(volume_overwrite_with_workers)->Args({kLz4, 1})->Args({kLz4, 2})->UseRealTime();
BENCHMARK(volume_memory)->UseRealTime();
BENCHMARK(mapped_file_two_msyncs)->UseRealTime();
BENCHMARK(mapped_file_volume)->UseRealTime();

}  // namespace
}  // namespace holdfast

BENCHMARK_MAIN();
