// SPDX-License-Identifier: BSD-3-Clause
// What the blobstore adds to a request: 4 KiB random reads of a mapped blob on a device that completes
// everything and moves nothing, against the same requests sent to that device directly, in the same run.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "holdfast/aligned_buffer.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"

namespace holdfast {
namespace {

constexpr uint32_t kBlock = 4096;
constexpr uint64_t kDeviceBytes = uint64_t{256} << 20;
constexpr uint64_t kBlobClusters = 64;
constexpr uint32_t kClusterBytes = 1 << 20;

// One thread: posted work and completions, in the order in which they came.
class NullLoop final : public Executor {
 public:
  void post(Work& work) noexcept override {
    work.host_next = nullptr;
    *last_work_ = &work;
    last_work_ = &work.host_next;
  }
  bool is_current() const noexcept override { return true; }

  void add(IoRequest& request) noexcept {
    request.host_next = nullptr;
    *last_request_ = &request;
    last_request_ = &request.host_next;
  }
  void turn() noexcept {
    while (IoRequest* request = first_request_) {
      first_request_ = request->host_next;
      if (first_request_ == nullptr) last_request_ = &first_request_;
      request->on_complete(*request, std::errc{});
      if (--budget_ == 0) break;
    }
    budget_ = kTurn;
    while (Work* work = first_work_) {
      first_work_ = work->host_next;
      if (first_work_ == nullptr) last_work_ = &first_work_;
      work->run();
    }
  }

 private:
  static constexpr int kTurn = 256;
  Work* first_work_ = nullptr;
  Work** last_work_ = &first_work_;
  IoRequest* first_request_ = nullptr;
  IoRequest** last_request_ = &first_request_;
  int budget_ = kTurn;
};

// Keeps metadata, so that a store can live on it, and lets data go by.
class NullDevice final : public BlockDevice {
 public:
  explicit NullDevice(NullLoop& loop) : loop_(loop), metadata_(kMetadataBytes) {
    geometry_.block_size = kBlock;
    geometry_.block_count = kDeviceBytes / kBlock;
    geometry_.volatile_cache = false;
  }
  const DeviceGeometry& geometry() const noexcept override { return geometry_; }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor&) noexcept override {
    return std::unique_ptr<BlockChannel>(std::make_unique<NullChannel>(*this));
  }

 private:
  static constexpr uint64_t kMetadataBytes = uint64_t{2} << 20;

  class NullChannel final : public BlockChannel {
   public:
    explicit NullChannel(NullDevice& device) : device_(device) {}
    const DeviceGeometry& geometry() const noexcept override { return device_.geometry_; }
    void submit(IoRequest& request) noexcept override {
      if (request.block * kBlock < kMetadataBytes) device_.move_metadata(request);
      device_.loop_.add(request);
    }

   private:
    NullDevice& device_;
  };

  void move_metadata(const IoRequest& request) {
    std::byte* at = metadata_.bytes().data() + request.block * kBlock;
    for (const iovec& buffer : request.buffers) {
      const bool read = request.kind == IoKind::read;
      std::memcpy(read ? buffer.iov_base : at, read ? at : buffer.iov_base, buffer.iov_len);
      at += buffer.iov_len;
    }
  }

  NullLoop& loop_;
  DeviceGeometry geometry_;
  AlignedBuffer metadata_;
};

template <class T>
T run(NullLoop& loop, Task<T> task) {
  task.start();
  while (!task.done()) loop.turn();
  return std::move(*task.take_result());
}

uint64_t next_block(uint64_t& state) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (state >> 33) % (kBlobClusters * kClusterBytes / kBlock);
}

struct RawIo : IoRequest {
  uint64_t* completed;
};

void raw_device(benchmark::State& state) {
  NullLoop loop;
  NullDevice device(loop);
  const auto channel = std::move(*device.open_channel(loop));
  AlignedBuffer memory(kBlock);
  const iovec buffer{memory.bytes().data(), kBlock};
  std::vector<RawIo> requests(static_cast<std::size_t>(state.range(0)));
  uint64_t random = 1;
  uint64_t completed = 0;
  for (auto _ : state) {
    for (RawIo& request : requests) {
      request.kind = IoKind::read;
      request.block = 1024 + next_block(random);
      request.block_count = 1;
      request.buffers = {&buffer, 1};
      request.completed = &completed;
      request.on_complete = [](IoRequest& done, std::errc) noexcept {
        ++*static_cast<RawIo&>(done).completed;
      };
      channel->submit(request);
    }
    loop.turn();
  }
  state.SetItemsProcessed(static_cast<int64_t>(completed));
}

void through_a_blob(benchmark::State& state) {
  NullLoop loop;
  NullDevice device(loop);
  FormatOptions options;
  options.metadata_pages = 64;
  Task<> formatting = Blobstore::format(device, loop, options);
  formatting.start();
  while (!formatting.done()) loop.turn();
  const auto store = run(loop, Blobstore::open(device, loop, {}));
  BlobOptions blob_options;
  blob_options.clusters = kBlobClusters;
  const BlobHandle blob = *store->open_blob(run(loop, store->create_blob(blob_options)));
  const auto channel = std::move(*Channel::open(*store, loop));

  AlignedBuffer memory(kBlock);
  const iovec buffer{memory.bytes().data(), kBlock};
  std::vector<BlobIo> requests(static_cast<std::size_t>(state.range(0)));
  uint64_t random = 1;
  uint64_t completed = 0;
  for (auto _ : state) {
    for (BlobIo& request : requests) {
      request.kind = BlobIoKind::read;
      request.blob = &*blob;
      request.offset = next_block(random) * kBlock;
      request.length = kBlock;
      request.buffers = {&buffer, 1};
      request.context = &completed;
      request.on_complete = [](BlobIo& done, Result<>) noexcept { ++*static_cast<uint64_t*>(done.context); };
      channel->submit(request);
    }
    loop.turn();
  }
  state.SetItemsProcessed(static_cast<int64_t>(completed));
}

BENCHMARK(raw_device)->Arg(1)->Arg(32)->Arg(128);
BENCHMARK(through_a_blob)->Arg(1)->Arg(32)->Arg(128);

}  // namespace
}  // namespace holdfast

BENCHMARK_MAIN();
