// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "holdfast/aligned_buffer.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/host/persistent_memory.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::bench {

// A device that is memory: a request is a copy, and completes with the executor's next work. Behind `kept`
// bytes it reads zeroes and keeps nothing.
class MemoryDevice final : public BlockDevice {
 public:
  explicit MemoryDevice(uint64_t bytes) : MemoryDevice(bytes, bytes) {}
  MemoryDevice(uint64_t bytes, uint64_t kept) : bytes_(kept) {
    geometry_.block_count = bytes / geometry_.block_size;
    geometry_.volatile_cache = false;
  }
  const DeviceGeometry& geometry() const noexcept override { return geometry_; }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override {
    return std::unique_ptr<BlockChannel>(std::make_unique<MemoryChannel>(*this, executor));
  }

 private:
  class MemoryChannel final : public BlockChannel, public Work {
   public:
    MemoryChannel(MemoryDevice& device, Executor& executor) : device_(device), executor_(executor) {}
    const DeviceGeometry& geometry() const noexcept override { return device_.geometry_; }
    void submit(IoRequest& request) noexcept override {
      device_.move(request);
      request.host_next = nullptr;
      *last_ = &request;
      last_ = &request.host_next;
      if (!std::exchange(posted_, true)) executor_.post(*this);
    }
    void run() noexcept override {
      posted_ = false;
      IoRequest* request = std::exchange(first_, nullptr);
      last_ = &first_;
      while (request != nullptr) {
        IoRequest& done = *std::exchange(request, request->host_next);
        done.on_complete(done, std::errc{});
      }
    }

   private:
    MemoryDevice& device_;
    Executor& executor_;
    IoRequest* first_ = nullptr;
    IoRequest** last_ = &first_;
    bool posted_ = false;
  };

  void move(const IoRequest& request) {
    const bool read = request.kind == IoKind::read;
    const uint64_t end = (request.block + request.block_count) * geometry_.block_size;
    if (end > bytes_.bytes().size()) {
      for (const iovec& buffer : request.buffers)
        if (read) std::memset(buffer.iov_base, 0, buffer.iov_len);
      return;
    }
    std::byte* at = bytes_.bytes().data() + request.block * geometry_.block_size;
    for (const iovec& buffer : request.buffers) {
      std::memcpy(read ? buffer.iov_base : at, read ? at : buffer.iov_base, buffer.iov_len);
      at += buffer.iov_len;
    }
  }

  DeviceGeometry geometry_;
  AlignedBuffer bytes_;
};

// Map files that are memory, and durable at once.
class MemoryMaps final : public MapStore {
 public:
  Result<std::unique_ptr<PersistentMemory>> create(std::string_view name, uint64_t size) override {
    files_[std::string(name)].resize(size);
    return open(name);
  }
  Result<std::unique_ptr<PersistentMemory>> open(std::string_view name) override {
    return std::unique_ptr<PersistentMemory>(std::make_unique<Map>(files_[std::string(name)]));
  }
  Result<> rename(std::string_view, std::string_view) override { return {}; }
  Result<> remove(std::string_view name) override {
    files_.erase(std::string(name));
    return {};
  }
  Result<std::vector<std::string>> names() override { return std::vector<std::string>{}; }
  Task<> sync_directory() override { co_return {}; }

 private:
  class Map final : public PersistentMemory {
   public:
    explicit Map(std::vector<std::byte>& bytes) : bytes_(bytes), geometry_{.size = bytes.size()} {}
    const PmGeometry& geometry() const noexcept override { return geometry_; }
    Result<uint64_t> load_u64(uint64_t offset) const noexcept override {
      uint64_t value = 0;
      std::memcpy(&value, bytes_.data() + offset, sizeof value);
      return value;
    }
    Result<> load(uint64_t offset, std::span<std::byte> into) const noexcept override {
      std::memcpy(into.data(), bytes_.data() + offset, into.size());
      return {};
    }
    PmWritten store(uint64_t offset, std::span<const std::byte> bytes) noexcept override {
      std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
      return {offset, bytes.size()};
    }
    PmWritten store_u64(uint64_t offset, uint64_t value) noexcept override {
      return store(offset, std::as_bytes(std::span(&value, 1)));
    }
    Task<PmDurable> persist(PmWritten, Purpose) override { co_return made_durable(); }

   private:
    std::vector<std::byte>& bytes_;
    const PmGeometry geometry_;
  };

  std::map<std::string, std::vector<std::byte>> files_;
};

// Threads that run what is posted to their loops.
class Workers {
 public:
  explicit Workers(std::size_t count) {
    loops_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::atomic<bool> ready = false;
      threads_.emplace_back([this, i, &ready] {
        loops_[i] = std::move(*nvme::Loop::open());
        nvme::Loop& loop = *loops_[i];
        ready = true;
        ready.notify_one();
        loop.run_until_stopped();
      });
      ready.wait(false);
      executors_.push_back(loops_[i].get());
    }
  }
  ~Workers() {
    for (const auto& loop : loops_) loop->stop();
    for (std::thread& thread : threads_) thread.join();
  }

  std::span<Executor* const> executors() const { return executors_; }

 private:
  std::vector<std::unique_ptr<nvme::Loop>> loops_;
  std::vector<std::thread> threads_;
  std::vector<Executor*> executors_;
};

}  // namespace holdfast::bench
