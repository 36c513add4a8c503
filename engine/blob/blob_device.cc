// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/blob_device.hh"

#include <array>
#include <cstdint>
#include <utility>

#include "blob/store_state.hh"
#include "durability/data.hh"
#include "holdfast/channel.hh"

namespace holdfast {
namespace {

// Requests that wait, in the order in which they came.
class Line {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(IoRequest& request) noexcept {
    request.host_next = nullptr;
    (first_ == nullptr ? first_ : last_->host_next) = &request;
    last_ = &request;
  }
  IoRequest& pop() noexcept { return *std::exchange(first_, first_->host_next); }

 private:
  IoRequest* first_ = nullptr;
  IoRequest* last_ = nullptr;
};

class BlobDeviceChannel final : public BlockChannel, private Work {
 public:
  BlobDeviceChannel(const BlobDevice& device, Blob& blob, Executor& executor,
                    std::unique_ptr<Channel> channel) noexcept;

  const DeviceGeometry& geometry() const noexcept override { return device_.geometry(); }
  void submit(IoRequest& request) noexcept override;

 private:
  // One request while the blob's channel works on it.
  struct Flight {
    BlobIo io;
    BlobDeviceChannel* channel = nullptr;
    IoRequest* request = nullptr;
    Flight* next_free = nullptr;
  };

  void run() noexcept override;
  void take_off(IoRequest& request) noexcept;
  static void landed(BlobIo& io, Result<> result) noexcept;

  const BlobDevice& device_;
  Blob& blob_;
  Executor& executor_;
  std::unique_ptr<Channel> channel_;
  std::array<Flight, BlobDevice::kDepth> flights_;
  Flight* free_ = nullptr;
  Line waiting_;
  Line refused_;
};

DeviceGeometry geometry_of(DeviceGeometry below, uint32_t atomic_write_size, uint64_t blob_size) noexcept {
  below.block_count = blob_size / below.block_size;
  below.atomic_write_size = atomic_write_size;
  return below;
}

bool is_inside(const IoRequest& request, const DeviceGeometry& geometry) noexcept {
  return request.block_count > 0 && request.block < geometry.block_count &&
         request.block_count <= geometry.block_count - request.block;
}

// Ranges without clusters never reach the device below: its rules for buffers are held here.
bool buffers_fit(const IoRequest& request, const DeviceGeometry& geometry) noexcept {
  uint64_t left = request.block_count * geometry.block_size;
  for (const iovec& buffer : request.buffers) {
    const auto address = reinterpret_cast<uintptr_t>(buffer.iov_base);
    const bool is_aligned =
        address % geometry.buffer_alignment == 0 && buffer.iov_len % geometry.block_size == 0;
    if (!is_aligned || buffer.iov_len == 0 || buffer.iov_len > left) return false;
    left -= buffer.iov_len;
  }
  return left == 0;
}

bool is_allowed(const IoRequest& request, const DeviceGeometry& geometry) noexcept {
  const BlobIoKind kind = durability::blob_kind_of(request);
  if (kind == BlobIoKind::flush) return true;
  const bool moves_bytes = kind == BlobIoKind::read || kind == BlobIoKind::write;
  const bool may_be_fua = kind == BlobIoKind::write || kind == BlobIoKind::write_zeroes;
  return is_inside(request, geometry) && (!moves_bytes || buffers_fit(request, geometry)) &&
         (!request.fua || (may_be_fua && geometry.fua));
}

std::errc status_of(const Result<>& result) noexcept {
  if (result) return {};
  if (result.error().os_error != 0) return static_cast<std::errc>(result.error().os_error);
  switch (result.error().code) {
    case Errc::no_space: return std::errc::no_space_on_device;
    case Errc::out_of_range: return std::errc::no_such_device_or_address;
    case Errc::read_only: return std::errc::read_only_file_system;
    case Errc::unsupported: return std::errc::not_supported;
    case Errc::no_resources: return std::errc::not_enough_memory;
    case Errc::invalid_argument: return std::errc::invalid_argument;
    default: return std::errc::io_error;
  }
}

}  // namespace

BlobDevice::BlobDevice(Blobstore& store, BlobHandle blob) noexcept
    : store_(store),
      blob_(std::move(blob)),
      geometry_(
          geometry_of(store.state_->device().geometry(), store.state_->atomic_write_size(), blob_->size())) {}

Result<std::unique_ptr<BlockChannel>> BlobDevice::open_channel(Executor& executor) noexcept {
  HF_TRY(std::unique_ptr<Channel> channel, Channel::open(store_, executor));
  return std::unique_ptr<BlockChannel>(
      std::make_unique<BlobDeviceChannel>(*this, *blob_, executor, std::move(channel)));
}

namespace {

BlobDeviceChannel::BlobDeviceChannel(const BlobDevice& device, Blob& blob, Executor& executor,
                                     std::unique_ptr<Channel> channel) noexcept
    : device_(device), blob_(blob), executor_(executor), channel_(std::move(channel)) {
  for (Flight& flight : flights_) {
    flight.channel = this;
    flight.next_free = std::exchange(free_, &flight);
  }
}

void BlobDeviceChannel::submit(IoRequest& request) noexcept {
  if (!is_allowed(request, geometry())) {
    if (refused_.empty()) executor_.post(*this);
    return refused_.push(request);
  }
  if (free_ == nullptr) return waiting_.push(request);
  take_off(request);
}

// Completes what was refused. The last completion may end this channel.
void BlobDeviceChannel::run() noexcept {
  Line refused = std::exchange(refused_, Line());
  while (!refused.empty()) {
    IoRequest& request = refused.pop();
    request.on_complete(request, std::errc::invalid_argument);
  }
}

void BlobDeviceChannel::take_off(IoRequest& request) noexcept {
  Flight& flight = *std::exchange(free_, free_->next_free);
  flight.request = &request;
  BlobIo& io = flight.io;
  durability::pass_on(request, io);
  io.blob = &blob_;
  io.offset = request.block * geometry().block_size;
  io.length = request.block_count * geometry().block_size;
  io.buffers = request.buffers;
  io.on_complete = &landed;
  io.context = &flight;
  channel_->submit(io);
}

// The completion comes last: it may submit the request again, or end this channel.
void BlobDeviceChannel::landed(BlobIo& io, Result<> result) noexcept {
  Flight& flight = *static_cast<Flight*>(io.context);
  BlobDeviceChannel& channel = *flight.channel;
  IoRequest& request = *flight.request;
  flight.next_free = std::exchange(channel.free_, &flight);
  if (!channel.waiting_.empty()) channel.take_off(channel.waiting_.pop());
  request.on_complete(request, status_of(result));
}

}  // namespace
}  // namespace holdfast
