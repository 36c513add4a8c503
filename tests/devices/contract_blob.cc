// SPDX-License-Identifier: BSD-3-Clause
// The contract on a blob of a store on the simulated disk. Reopening it is a power cut: only what was durable
// stays.
#include <memory>

#include "devices/contract.hh"
#include "holdfast/blob_device.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/simdisk/disk.hh"
#include "holdfast/simdisk/scheduler.hh"

namespace holdfast::contract {
namespace {

constexpr uint64_t kDiskSize = uint64_t{16} << 20;
constexpr uint32_t kClusterSize = 65536;
constexpr uint64_t kClusters = 192;

class BlobHost final : public ContractHost {
 public:
  BlobHost(const DeviceGeometry& geometry, bool thin) : geometry_(geometry), media_(kDiskSize) {
    power_on();
    FormatOptions format;
    format.cluster_size = kClusterSize;
    if (!run(Blobstore::format(*disk_, *home_, format))) std::abort();
    store_ = std::move(run(Blobstore::open(*disk_, *home_, {})).value());
    BlobOptions options;
    options.clusters = kClusters;
    options.thin = thin;
    id_ = run(store_->create_blob(options)).value();
    device_ = std::make_unique<BlobDevice>(*store_, store_->open_blob(id_).value());
  }
  ~BlobHost() override { power_off(); }

  Executor& executor(size_t index) override { return *executors_[index]; }
  BlockDevice& device() override { return *device_; }
  MapStore& maps() override { std::abort(); }

  void turn_until(const std::function<bool()>& done) override { scheduler_->run_until(done); }
  void reopen() override {
    power_off();
    power_on();
    store_ = std::move(run(Blobstore::open(*disk_, *home_, {})).value());
    device_ = std::make_unique<BlobDevice>(*store_, store_->open_blob(id_).value());
  }

 private:
  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    scheduler_->run_until([&task] { return task.done(); });
    return task.take_result();
  }

  void power_on() {
    scheduler_ = std::make_unique<simdisk::Scheduler>(choices_);
    home_ = &scheduler_->add_executor();
    for (Executor*& executor : executors_) executor = &scheduler_->add_executor();
    disk_ = std::make_unique<simdisk::Disk>(geometry_, simdisk::Disk::Wiring{media_, *scheduler_, digest_});
  }
  void power_off() {
    scheduler_->power_off();
    device_.reset();
    store_.reset();
    disk_.reset();
    scheduler_.reset();
  }

  DeviceGeometry geometry_;
  simdisk::Media media_;
  simdisk::SeededChoices choices_{7};
  simdisk::Digest digest_;
  std::unique_ptr<simdisk::Scheduler> scheduler_;
  Executor* home_ = nullptr;
  Executor* executors_[2] = {};
  std::unique_ptr<simdisk::Disk> disk_;
  std::unique_ptr<Blobstore> store_;
  BlobId id_;
  std::unique_ptr<BlobDevice> device_;
};

HostKind kind(const char* name, bool thin, const DeviceGeometry& promises) {
  DeviceGeometry geometry = promises;
  geometry.block_count = kDiskSize / geometry.block_size;
  geometry.buffer_alignment = geometry.block_size;
  return {name, [geometry, thin] { return std::make_unique<BlobHost>(geometry, thin); }};
}

const HostKind kKinds[] = {
    kind("Thin", true, {.fua = true, .discard = true, .discard_reads_zero = true}),
    kind("Thick", false, {.fua = true, .discard = true, .discard_reads_zero = true}),
    kind("ThinWithoutFua", true, {.discard = true}),
    kind("ThinWithoutVolatileCache", true, {.volatile_cache = false}),
    kind("ThinWithBlocksOf512Bytes", true, {.block_size = 512, .fua = true, .discard = true}),
    kind("ThinOnBlocksThatTear", true, {.block_size = 512, .atomic_write_size = 512, .fua = true})};
INSTANTIATE_TEST_SUITE_P(Blob, HostContract, testing::ValuesIn(kKinds), name_of_kind);

}  // namespace
}  // namespace holdfast::contract
