// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "holdfast/host/block_device.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/host/persistent_memory.hh"
#include "holdfast/task.hh"

// The sentences of holdfast/host/*.hh as tests, for every host. A host joins by implementing ContractHost and
// instantiating the suites HostContract and, if it has maps, MapContract with it (see contract_nvme.cc).
namespace holdfast::contract {

// A host with two executors, a device and a folder of maps, all driven by the test's own thread.
class ContractHost {
 public:
  virtual ~ContractHost() = default;

  virtual Executor& executor(size_t index) = 0;  // 0 or 1: two different ones
  virtual BlockDevice& device() = 0;  // at least 4 MiB, all zeroes when the host is made
  virtual MapStore& maps() = 0;  // empty when the host is made; used on executor 0. MapContract only

  // Runs both executors until `done()`, which is asked between their steps.
  virtual void turn_until(const std::function<bool()>& done) = 0;

  // Ends the device and the maps, and opens the same media again: afterwards executors, device and maps are
  // other objects. A host that can cut power cuts it here; what was not durable may be gone.
  virtual void reopen() = 0;
};

// How to make a host. The name becomes part of the test's name: letters and digits.
struct HostKind {
  std::string name;
  std::function<std::unique_ptr<ContractHost>()> make;
};
inline void PrintTo(const HostKind& kind, std::ostream* out) { *out << kind.name; }
inline std::string name_of_kind(const testing::TestParamInfo<HostKind>& info) { return info.param.name; }

// Memory that any device accepts, filled with one byte.
class Buffer {
 public:
  explicit Buffer(size_t bytes, int fill = 0)
      : bytes_(static_cast<std::byte*>(
            std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment))),
        size_(bytes) {
    std::memset(bytes_.get(), fill, bytes);
  }

  std::byte* data() noexcept { return bytes_.get(); }
  std::span<std::byte> span() noexcept { return {bytes_.get(), size_}; }
  iovec part(size_t offset, size_t length) noexcept { return {data() + offset, length}; }
  bool is_filled_with(int fill) const noexcept {
    for (size_t i = 0; i < size_; ++i) {
      if (bytes_.get()[i] != static_cast<std::byte>(fill)) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kAlignment = 4096;
  struct Free {
    void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  size_t size_;
};

// A request that remembers how it ended.
struct Request : IoRequest {
  Request(IoKind request_kind, uint64_t first_block, uint64_t blocks) {
    kind = request_kind;
    block = first_block;
    block_count = blocks;
    purpose = {.step = Step::user_data, .barrier = Barrier::none};
    on_complete = &remember;
  }
  static Request flush() { return Request(IoKind::flush, 0, 0); }
  // Of the whole of `whole`.
  static Request transfer(IoKind kind, uint64_t block, uint32_t block_size, Buffer& whole) {
    Request request(kind, block, whole.span().size() / block_size);
    request.vector = {whole.part(0, whole.span().size())};
    return request;
  }

  std::vector<iovec> vector;
  std::optional<std::errc> result;

 private:
  static void remember(IoRequest& request, std::errc result) noexcept {
    static_cast<Request&>(request).result = result;
  }
};

class HostContract : public testing::TestWithParam<HostKind> {
 protected:
  void SetUp() override {
    host_ = GetParam().make();
    ASSERT_NE(host_, nullptr);
    open_channels();
  }
  void TearDown() override { close_channels(); }

  void open_channels() {
    for (size_t i = 0; i < 2; ++i) {
      auto channel = host_->device().open_channel(host_->executor(i));
      ASSERT_TRUE(channel) << describe(channel.error());
      channels_[i] = std::move(*channel);
    }
  }
  void close_channels() {
    for (auto& channel : channels_) channel.reset();
  }
  void reopen() {
    close_channels();
    host_->reopen();
    open_channels();
  }

  BlockChannel& channel(size_t index = 0) { return *channels_[index]; }
  const DeviceGeometry& geometry() { return host_->device().geometry(); }
  uint32_t block_size() { return geometry().block_size; }

  void submit(Request& request, size_t channel_index = 0) {
    request.buffers = request.vector;
    channel(channel_index).submit(request);
  }
  void wait_for(const Request& request) {
    host_->turn_until([&] { return request.result.has_value(); });
  }
  std::errc run(Request request, size_t channel_index = 0) {
    submit(request, channel_index);
    wait_for(request);
    return *request.result;
  }
  std::errc write(uint64_t block, Buffer& buffer, bool fua = false, size_t channel_index = 0) {
    Request request = Request::transfer(IoKind::write, block, block_size(), buffer);
    request.fua = fua;
    return run(std::move(request), channel_index);
  }
  std::errc read(uint64_t block, Buffer& buffer, size_t channel_index = 0) {
    return run(Request::transfer(IoKind::read, block, block_size(), buffer), channel_index);
  }

  std::unique_ptr<ContractHost> host_;

 private:
  std::unique_ptr<BlockChannel> channels_[2];
};

class MapContract : public testing::TestWithParam<HostKind> {
 protected:
  void SetUp() override {
    host_ = GetParam().make();
    ASSERT_NE(host_, nullptr);
  }

  MapStore& maps() { return host_->maps(); }
  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    host_->turn_until([&task] { return task.done(); });
    return task.take_result();
  }

  std::unique_ptr<ContractHost> host_;
};

}  // namespace holdfast::contract
