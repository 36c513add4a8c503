// SPDX-License-Identifier: BSD-3-Clause
// The contract on the real host: files on a disk's filesystem (the
// working folder's) and in memory (/dev/shm).
#include <filesystem>
#include <stdexcept>

#include "devices/contract.hh"
#include "devices/nvme/loop_device.hh"
#include "devices/nvme/scratch.hh"
#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"
#include "holdfast/nvme/mapped_memory.hh"

namespace holdfast::contract {
namespace {

constexpr uint64_t kDeviceSize = uint64_t{16} << 20;

// Two loops, and a folder that holds the device and the folder of the maps.
class NvmeHost final : public ContractHost {
 public:
  NvmeHost(const std::string& folder, const nvme::DeviceOptions& options)
      : scratch_(folder), options_(options) {
    device_path_ = scratch_.path("device");
    nvme::DeviceOptions creating = options;
    creating.create_bytes = kDeviceSize;
    nvme::FileDevice::open(device_path_, creating).value().reset();
  }

  // From now on the device is a block device over the file.
  void attach(uint32_t sector_size) {
    block_device_ = nvme::LoopDevice::attach(device_path_, sector_size);
    if (block_device_ == nullptr) throw std::runtime_error("no loop device");
    device_path_ = block_device_->path();
  }

  void open() {
    for (auto& loop : loops_) loop = nvme::Loop::open({.queue_depth = 8}).value();
    device_ = nvme::FileDevice::open(device_path_, options_).value();
    std::filesystem::create_directory(scratch_.path("maps"));
    maps_ = nvme::MapFolder::open(scratch_.path("maps"), *loops_[0]).value();
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
  nvme::Scratch scratch_;
  nvme::DeviceOptions options_;
  std::string device_path_;
  std::unique_ptr<nvme::LoopDevice> block_device_;
  std::unique_ptr<nvme::Loop> loops_[2];
  std::unique_ptr<nvme::FileDevice> device_;
  std::unique_ptr<nvme::MapFolder> maps_;
};

HostKind kind(const char* name, const char* folder, const nvme::DeviceOptions& options = {}) {
  return {name, [=] {
            auto host = std::make_unique<NvmeHost>(folder, options);
            host->open();
            return host;
          }};
}

HostKind block_device(const char* name, uint32_t sector_size) {
  return {name, [=] {
            auto host = std::make_unique<NvmeHost>(".", nvme::DeviceOptions{});
            host->attach(sector_size);
            host->open();
            return host;
          }};
}

// Where loop devices cannot be attached, the probe's test says so by a skip.
std::vector<HostKind> kinds() {
  std::vector<HostKind> all = {
      kind("File", "."),
      kind("FileOf512ByteBlocks", ".", {.block_size = 512}),
      kind("FileWithoutFuaAndDiscard", ".", {.fua = false, .discard = false}),
      kind("MemoryFile", "/dev/shm"),
  };
  if (nvme::LoopDevice::available()) {
    all.push_back(block_device("BlockDevice", 512));
    all.push_back(block_device("BlockDeviceOf4096ByteBlocks", 4096));
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Nvme, HostContract, testing::ValuesIn(kinds()), name_of_kind);

const HostKind kMapKinds[] = {kind("File", "."), kind("MemoryFile", "/dev/shm")};
INSTANTIATE_TEST_SUITE_P(Nvme, MapContract, testing::ValuesIn(kMapKinds), name_of_kind);

}  // namespace
}  // namespace holdfast::contract
