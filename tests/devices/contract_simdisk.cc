// SPDX-License-Identifier: BSD-3-Clause
// The contract on the simulated host. Reopening it is a power cut: only what was durable stays.
#include <memory>

#include "devices/contract.hh"
#include "holdfast/simdisk/disk.hh"
#include "holdfast/simdisk/memory_maps.hh"
#include "holdfast/simdisk/scheduler.hh"

namespace holdfast::contract {
namespace {

constexpr uint64_t kDeviceSize = uint64_t{16} << 20;

class SimulatedHost final : public ContractHost {
 public:
  SimulatedHost(const DeviceGeometry& geometry, simdisk::MemoryKind memory)
      : geometry_(geometry), memory_(memory), media_(kDeviceSize) {
    power_on();
  }
  ~SimulatedHost() override { power_off(); }

  Executor& executor(size_t index) override { return *executors_[index]; }
  BlockDevice& device() override { return *disk_; }
  MapStore& maps() override { return *maps_; }

  void turn_until(const std::function<bool()>& done) override { scheduler_->run_until(done); }
  void reopen() override {
    power_off();
    power_on();
  }

 private:
  void power_on() {
    scheduler_ = std::make_unique<simdisk::Scheduler>(choices_);
    for (Executor*& executor : executors_) executor = &scheduler_->add_executor();
    disk_ = std::make_unique<simdisk::Disk>(geometry_, simdisk::Disk::Wiring{media_, *scheduler_, digest_});
    const simdisk::SimulatedMaps::Wiring wiring{folder_, *scheduler_, *executors_[0], digest_};
    maps_ = std::make_unique<simdisk::SimulatedMaps>(memory_, wiring);
  }
  void power_off() {
    scheduler_->power_off();
    maps_.reset();
    disk_.reset();
    scheduler_.reset();
  }

  DeviceGeometry geometry_;
  simdisk::MemoryKind memory_;
  simdisk::Media media_;
  simdisk::MemoryFolder folder_;
  simdisk::SeededChoices choices_{7};
  simdisk::Digest digest_;
  std::unique_ptr<simdisk::Scheduler> scheduler_;
  Executor* executors_[2] = {};
  std::unique_ptr<simdisk::Disk> disk_;
  std::unique_ptr<simdisk::SimulatedMaps> maps_;
};

HostKind kind(const char* name, uint32_t block_size, bool volatile_cache, bool fua,
              uint32_t atomic_write_size = 4096) {
  const DeviceGeometry geometry{.block_size = block_size,
                                .atomic_write_size = atomic_write_size,
                                .block_count = kDeviceSize / block_size,
                                .buffer_alignment = block_size,
                                .volatile_cache = volatile_cache,
                                .fua = fua,
                                .discard = true,
                                .discard_reads_zero = true};
  return {name, [geometry] {
            return std::make_unique<SimulatedHost>(geometry, simdisk::MemoryKind::persistent_memory);
          }};
}

HostKind map_kind(const char* name, simdisk::MemoryKind memory) {
  return {name, [memory] {
            const DeviceGeometry geometry{.block_count = kDeviceSize / 4096};
            return std::make_unique<SimulatedHost>(geometry, memory);
          }};
}

const HostKind kKinds[] = {
    kind("VolatileCache", 4096, true, false), kind("VolatileCacheWithFua", 4096, true, true),
    kind("BlocksOf512Bytes", 512, true, true), kind("NoVolatileCache", 4096, false, false),
    kind("BlocksThatTear", 4096, true, true, 512)};
INSTANTIATE_TEST_SUITE_P(Simulated, HostContract, testing::ValuesIn(kKinds), name_of_kind);

const HostKind kMapKinds[] = {map_kind("PersistentMemory", simdisk::MemoryKind::persistent_memory),
                              map_kind("MappedFile", simdisk::MemoryKind::mapped_file)};
INSTANTIATE_TEST_SUITE_P(Simulated, MapContract, testing::ValuesIn(kMapKinds), name_of_kind);

}  // namespace
}  // namespace holdfast::contract
