// SPDX-License-Identifier: BSD-3-Clause
// A compressed volume in a thin blob: compression saves space of the store.
#include <optional>

#include "holdfast/blob_device.hh"
#include "holdfast/blobstore.hh"
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kClusters = 48;
constexpr uint32_t kCluster = 65536;

DeviceGeometry disk_for_a_store() {
  DeviceGeometry geometry;
  geometry.block_count = kClusters * kCluster / geometry.block_size;
  geometry.discard = true;
  geometry.discard_reads_zero = true;
  return geometry;
}

// The store, the blob and the device that it is go before the machine does.
class VolumeOnABlob : public testing::TestWithParam<MemoryKind> {
 protected:
  VolumeOnABlob() {
    host.on_power_off = [this] { end_store(); };
    FormatOptions options;
    options.cluster_size = kCluster;
    options.metadata_pages = 32;
    EXPECT_TRUE(host.run(Blobstore::format(host.machine->device, host.machine->home, options)));
    open_store();
    BlobOptions thin;
    thin.clusters = 40;  // 160 chunks, of which 32 are the volume's
    thin.thin = true;
    id = host.run(store->create_blob(thin)).value();
    open_blob();
    EXPECT_TRUE(host.run(Volume::create(*device, host.machine->maps, host.machine->home, small_volume())));
  }
  ~VolumeOnABlob() override { host.power_off(); }

  void open_store() {
    store = std::move(host.run(Blobstore::open(host.machine->device, host.machine->home, {})).value());
  }
  void open_blob() {
    blob = store->open_blob(id).value();
    device.emplace(*store, blob);
  }
  void open_volume() {
    auto opened = host.run(Volume::open(*device, host.machine->maps, host.machine->home, {}));
    ASSERT_TRUE(opened) << describe(opened.error());
    host.volume = std::move(*opened);
  }
  void close_all() {
    ASSERT_TRUE(host.close());
    host.drop();
    device.reset();
    blob = {};
    ASSERT_TRUE(host.run(store->close()));
    store.reset();
  }
  void end_store() {
    device.reset();
    blob = {};
    store.reset();
  }
  uint64_t free_clusters() const { return store->info().free_clusters; }

  VolumeOnDisk host{disk_for_a_store(), GetParam()};
  std::unique_ptr<Blobstore> store;
  BlobId id;
  BlobHandle blob;
  std::optional<BlobDevice> device;
};
INSTANTIATE_TEST_SUITE_P(Memory, VolumeOnABlob,
                         testing::Values(MemoryKind::persistent_memory, MemoryKind::mapped_file));

TEST_P(VolumeOnABlob, TakesTheClustersThatItsUnitsNeed) {
  open_volume();
  EXPECT_EQ(host.volume->info().size, 32 * kTestChunk);
  const uint64_t before = free_clusters();
  for (uint64_t chunk = 0; chunk < 32; ++chunk) ASSERT_TRUE(host.write_chunk(chunk, text(kTestChunk, chunk)));
  EXPECT_LE(before - free_clusters(), 3U) << "32 units are two clusters";
  for (uint64_t chunk = 0; chunk < 32; ++chunk)
    EXPECT_EQ(host.read_chunk(chunk).value(), text(kTestChunk, chunk));
}

TEST_P(VolumeOnABlob, IsThereAfterAReopen) {
  open_volume();
  ASSERT_TRUE(host.write_chunk(3, noise(kTestChunk, 1)));
  close_all();
  open_store();
  open_blob();
  open_volume();
  EXPECT_TRUE(host.volume->info().was_closed);
  EXPECT_EQ(host.read_chunk(3).value(), noise(kTestChunk, 1));
}

TEST_P(VolumeOnABlob, UnmapDiscardsBelow) {
  open_volume();
  ASSERT_TRUE(host.write_chunk(3, noise(kTestChunk, 1)));
  host.watch = {};
  ASSERT_TRUE(host.unmap_chunk(3));
  EXPECT_EQ(host.watch.blocks_discarded, 4U);
  EXPECT_TRUE(all_zero(host.read_chunk(3).value()));
}

TEST_P(VolumeOnABlob, KeepsWhatItAcknowledgedOverPowerCuts) {
  for (uint64_t round = 0; round < 6; ++round) {
    open_volume();
    for (uint64_t chunk = 0; chunk < 32; ++chunk) {
      if (round > 0) {
        ASSERT_EQ(host.read_chunk(chunk).value(), noise(kTestChunk, 32 * (round - 1) + chunk));
      }
      ASSERT_TRUE(host.write_chunk(chunk, noise(kTestChunk, 32 * round + chunk)));
    }
    host.power_cut(VolumeOnDisk::Cut::keeps_anything);
    open_store();
    open_blob();
  }
}

// The store's own limit: its error is the request's, and the volume goes on.
TEST_P(VolumeOnABlob, ThatFindsNoClusterFailsThatWriteAlone) {
  BlobOptions rest;
  rest.clusters = free_clusters() - 1;
  ASSERT_TRUE(host.run(store->create_blob(rest)));
  open_volume();
  std::optional<uint64_t> refused;
  for (uint64_t chunk = 0; chunk < 32 && !refused; ++chunk) {
    const Result<> written = host.write_chunk(chunk, noise(kTestChunk, chunk));
    if (!written) {
      EXPECT_EQ(written.error().code, Errc::device_failed);
      EXPECT_EQ(written.error().os_error, static_cast<int32_t>(std::errc::no_space_on_device));
      refused = chunk;
    }
  }
  ASSERT_TRUE(refused);
  EXPECT_FALSE(host.volume->info().read_only);
  EXPECT_EQ(host.volume->info().mapped_chunks, *refused);
  EXPECT_EQ(host.volume->info().allocated_units, 4 * *refused);
  for (uint64_t chunk = 0; chunk < *refused; ++chunk)
    EXPECT_EQ(host.read_chunk(chunk).value(), noise(kTestChunk, chunk));
  ASSERT_TRUE(host.unmap_chunk(0));
  EXPECT_TRUE(host.write_chunk(*refused, noise(kTestChunk, *refused))) << "in the units of the unmapped one";
}

}  // namespace
}  // namespace holdfast
