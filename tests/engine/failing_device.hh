// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "holdfast/host/block_device.hh"
#include "holdfast/host/executor.hh"

namespace holdfast {

// A device that fails one request, or all of a kind, of the device below. Such a request was carried out
// nevertheless, or not at all, or in part: contract rule 5 allows all of it.
class FailingDevice final : public BlockDevice {
 public:
  enum class Failure : uint8_t { nothing_done, half_done, all_done };

  explicit FailingDevice(BlockDevice& below) noexcept : below_(below) {}
  const DeviceGeometry& geometry() const noexcept override { return below_.geometry(); }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override {
    HF_TRY(std::unique_ptr<BlockChannel> below, below_.open_channel(executor));
    return std::unique_ptr<BlockChannel>(std::make_unique<FailingChannel>(*this, std::move(below), executor));
  }

  // The nth change or flush from now on fails; 0 is the next one.
  void fail_change(uint64_t nth, Failure failure) {
    countdown_ = nth;
    counts_reads_ = false;
    failure_ = failure;
  }
  // The same, where reads count and fail too.
  void fail_request(uint64_t nth, Failure failure) {
    countdown_ = nth;
    counts_reads_ = true;
    failure_ = failure;
  }
  // The same for reads, of which nothing is done.
  void fail_read(uint64_t nth) { reads_to_go_ = nth; }
  // The next request of this protocol step fails.
  void fail_step(Step step, Failure failure) {
    failing_step_ = step;
    failure_ = failure;
  }
  void fail_every(std::optional<IoKind> kind) { failing_kind_ = kind; }
  // When the nth request from now on arrives.
  void at_request(uint64_t nth, std::function<void()> act) {
    requests_to_go_ = nth;
    act_ = std::move(act);
  }
  // Every read that touches one of these blocks.
  void fail_reads_of(uint64_t first, uint64_t count) { unreadable_ = {first, first + count}; }
  void heal() {
    countdown_.reset();
    reads_to_go_.reset();
    failing_step_.reset();
    failing_kind_.reset();
    requests_to_go_.reset();
    unreadable_ = {};
  }
  uint64_t failed() const noexcept { return failed_; }

 private:
  struct Refusal final : Work {
    explicit Refusal(IoRequest& refused) noexcept : request(refused) {}
    void run() noexcept override { request.on_complete(request, std::errc::io_error); }
    IoRequest& request;
  };
  struct Relay final : IoRequest {
    IoRequest* outer = nullptr;
    iovec half{};
  };

  class FailingChannel final : public BlockChannel {
   public:
    FailingChannel(FailingDevice& device, std::unique_ptr<BlockChannel> below, Executor& executor) noexcept
        : device_(device), below_(std::move(below)), executor_(executor) {}
    const DeviceGeometry& geometry() const noexcept override { return below_->geometry(); }
    void submit(IoRequest& request) noexcept override {
      device_.count_request();
      if (!device_.fails(request)) return below_->submit(request);
      const uint64_t blocks = device_.blocks_done(request);
      if (blocks == 0) return executor_.post(device_.refusals_.emplace_back(request));
      Relay& relay = device_.relays_.emplace_back();
      static_cast<IoRequest&>(relay) = request;
      relay.outer = &request;
      relay.on_complete = [](IoRequest& done, std::errc) noexcept {
        IoRequest& outer = *static_cast<Relay&>(done).outer;
        outer.on_complete(outer, std::errc::io_error);
      };
      if (blocks < request.block_count) cut_short(relay, blocks);
      below_->submit(relay);
    }

   private:
    void cut_short(Relay& relay, uint64_t blocks) const noexcept {
      relay.block_count = blocks;
      if (relay.kind != IoKind::write) return;
      relay.half = {.iov_base = relay.buffers[0].iov_base, .iov_len = blocks * geometry().block_size};
      relay.buffers = {&relay.half, 1};
    }

    FailingDevice& device_;
    std::unique_ptr<BlockChannel> below_;
    Executor& executor_;
  };

  void count_request() {
    if (!requests_to_go_) return;
    if (*requests_to_go_ == 0) act_();
    requests_to_go_ = *requests_to_go_ == 0 ? std::nullopt : std::optional(*requests_to_go_ - 1);
  }

  // Half of a request is as many whole atomic units, of its first buffer.
  uint64_t blocks_done(const IoRequest& request) const noexcept {
    const bool changes = request.kind != IoKind::flush && request.kind != IoKind::read;
    if (!changes || failure_ == Failure::nothing_done) return 0;
    if (failure_ == Failure::all_done) return request.block_count;
    uint64_t half = request.block_count / 2;
    const uint32_t block_size = geometry().block_size;
    if (!request.buffers.empty()) half = std::min(half, request.buffers[0].iov_len / block_size);
    return half - half % std::max<uint64_t>(1, geometry().atomic_write_size / block_size);
  }

  bool fails(const IoRequest& request) noexcept {
    bool failing = failing_kind_ == request.kind || failing_step_ == request.purpose.step;
    if (failing_step_ == request.purpose.step) failing_step_.reset();
    const bool counts_apart = request.kind == IoKind::read && !counts_reads_;
    std::optional<uint64_t>& countdown = counts_apart ? reads_to_go_ : countdown_;
    if (countdown) {
      failing = failing || *countdown == 0;
      countdown = *countdown == 0 ? std::nullopt : std::optional(*countdown - 1);
    }
    const bool touches =
        request.block < unreadable_.second && request.block + request.block_count > unreadable_.first;
    failing = failing || (request.kind == IoKind::read && touches);
    failed_ += failing ? 1 : 0;
    return failing;
  }

  BlockDevice& below_;
  std::optional<uint64_t> countdown_;
  bool counts_reads_ = false;
  std::optional<uint64_t> reads_to_go_;
  std::optional<Step> failing_step_;
  std::optional<IoKind> failing_kind_;
  std::optional<uint64_t> requests_to_go_;
  std::function<void()> act_;
  std::pair<uint64_t, uint64_t> unreadable_;  // first block, and the one behind the last
  Failure failure_ = Failure::nothing_done;
  uint64_t failed_ = 0;
  std::list<Refusal> refusals_;
  std::list<Relay> relays_;
};

}  // namespace holdfast
