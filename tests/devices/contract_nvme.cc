// SPDX-License-Identifier: BSD-3-Clause
// The contract on the real host: files on a disk's filesystem (the working folder's) and in memory
// (/dev/shm).
#include "devices/contract.hh"
#include "devices/nvme/scratch.hh"
#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"
#include "holdfast/nvme/mapped_memory.hh"

namespace holdfast::contract {
namespace {

constexpr uint64_t kDeviceSize = uint64_t{16} << 20;

class NvmeHost final : public ContractHost {
 public:
  NvmeHost(const std::string& parent, const nvme::DeviceOptions& options)
      : scratch_(parent), options_(options) {
    options_.create_bytes = kDeviceSize;
    open();
    options_.create_bytes.reset();
  }

  Executor& executor(size_t index) override { return *loops_[index]; }
  BlockDevice& device() override { return *device_; }
  MapStore& maps() override { return *maps_; }

  void turn_until(const std::function<bool()>& done) override {
    while (!done()) {
      for (auto& loop : loops_) loop->run_once(nvme::Loop::Wait::no);
    }
  }

  void reopen() override {
    device_.reset();
    maps_.reset();
    open();
  }

 private:
  void open() {
    for (auto& loop : loops_) loop = nvme::Loop::open({.queue_depth = 8}).value();
    device_ = nvme::FileDevice::open(scratch_.path("device"), options_).value();
    maps_ = nvme::MapFolder::open(scratch_.path(""), *loops_[0]).value();
  }

  nvme::Scratch scratch_;
  nvme::DeviceOptions options_;
  std::unique_ptr<nvme::Loop> loops_[2];
  std::unique_ptr<nvme::FileDevice> device_;
  std::unique_ptr<nvme::MapFolder> maps_;
};

HostKind kind(const char* name, const char* parent, const nvme::DeviceOptions& options = {}) {
  return {name, [=] { return std::make_unique<NvmeHost>(parent, options); }};
}

const HostKind kKinds[] = {
    kind("File", "."),
    kind("FileOf512ByteBlocks", ".", {.block_size = 512}),
    kind("FileWithoutFuaAndDiscard", ".", {.fua = false, .discard = false}),
    kind("MemoryFile", "/dev/shm"),
};
INSTANTIATE_TEST_SUITE_P(Nvme, HostContract, testing::ValuesIn(kKinds), name_of_kind);

const HostKind kMapKinds[] = {kind("File", "."), kind("MemoryFile", "/dev/shm")};
INSTANTIATE_TEST_SUITE_P(Nvme, MapContract, testing::ValuesIn(kMapKinds), name_of_kind);

}  // namespace
}  // namespace holdfast::contract
