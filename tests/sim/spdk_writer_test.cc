// SPDX-License-Identifier: BSD-3-Clause
#include "foreign/spdk_writer.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "engine/blob/store_on_disk.hh"

namespace holdfast::sim {
namespace {

DeviceGeometry disk_of_64_mib() {
  DeviceGeometry geometry;
  geometry.block_count = (64 << 20) / geometry.block_size;
  return geometry;
}

DeviceGeometry tearing_disk() {
  DeviceGeometry geometry = small_disk();
  geometry.atomic_write_size = 512;
  return geometry;
}

Xattr xattr_of_size(std::string name, std::size_t size) {
  return {.name = std::move(name), .value = std::vector<std::byte>(size, std::byte{'x'})};
}

SpdkBlob named(std::string_view name, uint64_t clusters, bool thin = false) {
  const auto value = bytes_of(name);
  return {
      .clusters = clusters, .thin = thin, .table = true, .xattrs = {{"name", {value.begin(), value.end()}}}};
}

// A formatted store, and sessions of the foreign program and of the engine on it, in turn.
struct ForeignStore {
  explicit ForeignStore(const DeviceGeometry& geometry = small_disk(),
                        const FormatOptions& options = small_store())
      : disk(geometry) {
    EXPECT_TRUE(disk.format(options));
  }

  Result<> load() {
    disk.drop();
    writer.reset();
    foreign = disk.disk.open_channel(disk.home).value();
    writer = std::make_unique<SpdkWriter>(*foreign);
    return disk.run(writer->load());
  }
  BlobId create(const SpdkBlob& wanted) { return disk.run(writer->create(wanted)).value(); }
  Result<> write(BlobId id, uint64_t offset, std::size_t length, uint8_t content) {
    AlignedBuffer bytes(length);
    std::ranges::fill(bytes.bytes(), std::byte{content});
    return disk.run(writer->write(id, offset, bytes.bytes()));
  }
  // What the next program reads from the device.
  AlignedBuffer page(uint64_t index) {
    AlignedBuffer bytes(kPageSize);
    const ForeignRequest request{
        .kind = IoKind::read, .byte = index * kPageSize, .length = kPageSize, .bytes = bytes.bytes().data()};
    ForeignRequests requests(*foreign, {&request, 1});
    EXPECT_TRUE(disk.run(requests.run()));
    return bytes;
  }
  uint32_t checksum(uint64_t index) {
    Le32 crc;
    const AlignedBuffer bytes = page(index);
    std::memcpy(&crc, bytes.bytes().data() + kPageSize - sizeof(crc), sizeof(crc));
    return crc;
  }
  std::string begin_of(uint64_t index, std::size_t size) {
    const AlignedBuffer bytes = page(index);
    return {reinterpret_cast<const char*>(bytes.bytes().data()), size};
  }
  bool clean() { return begin_of(0, 17)[16] == 1; }

  StoreOnDisk disk;
  std::unique_ptr<BlockChannel> foreign;
  std::unique_ptr<SpdkWriter> writer;
};

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

// The bytes that SPDK itself wrote in this story, by their checksums: of 64 MiB with clusters of 1 MiB.
TEST(SpdkWriter, writes_the_bytes_of_spdk) {
  FormatOptions options;
  options.cluster_size = 1 << 20;
  ForeignStore store(disk_of_64_mib(), options);
  ASSERT_TRUE(store.load());
  const BlobId a = store.create(named("thick", 4));
  const BlobId b = store.create(named("thin", 6, true));
  ASSERT_TRUE(store.write(b, 2 << 20, 4096, 1));
  ASSERT_TRUE(store.disk.run(store.writer->unload()));

  EXPECT_EQ(a.value, kBlobIdFlag | 0);
  EXPECT_EQ(b.value, kBlobIdFlag | 2);
  EXPECT_EQ(store.checksum(0), 0x8B3849A8U);
  EXPECT_EQ(store.checksum(4 + 0), 0xABB72A47U) << "the root of the thick blob";
  EXPECT_EQ(store.checksum(4 + 1), 0x593FE9C1U) << "its extent page";
  EXPECT_EQ(store.checksum(4 + 2), 0x178CC250U) << "the root of the thin blob";
  EXPECT_EQ(store.checksum(4 + 3), 0x8C93307BU) << "its extent page";
  EXPECT_EQ(store.begin_of(1, 7), bytes({0, 0x40, 0, 0, 0, 0x0F, 0})) << "used pages";
  EXPECT_EQ(store.begin_of(2, 7), bytes({1, 0x40, 0, 0, 0, 0x3F, 0})) << "used clusters";
  EXPECT_EQ(store.begin_of(3, 7), bytes({2, 0x40, 0, 0, 0, 0x05, 0})) << "used blob ids";
}

TEST(SpdkWriter, writes_runs_where_no_table_is_wanted) {
  FormatOptions options;
  options.cluster_size = 1 << 20;
  ForeignStore store(disk_of_64_mib(), options);
  ASSERT_TRUE(store.load());
  SpdkBlob thick = named("thick", 4);
  SpdkBlob thin = named("thin", 6, true);
  thick.table = thin.table = false;
  store.create(thick);
  const BlobId b = store.create(thin);
  ASSERT_TRUE(store.write(b, 2 << 20, 4096, 1));
  EXPECT_EQ(store.checksum(4 + 0), 0xF0ED21FDU);
  EXPECT_EQ(store.checksum(4 + 1), 0xED181DA3U);
}

TEST(SpdkWriter, leaves_a_clean_store_as_it_is_until_its_metadata_change) {
  ForeignStore store;
  ASSERT_TRUE(store.disk.open());
  ASSERT_TRUE(store.disk.create(of_clusters(1)));
  ASSERT_TRUE(store.disk.run(store.disk.store->close()));
  const uint64_t changes = store.disk.counts.changes;
  ASSERT_TRUE(store.load());
  EXPECT_EQ(store.disk.counts.changes, changes);
  EXPECT_TRUE(store.clean());
  store.create(named("a", 1));
  EXPECT_FALSE(store.clean());
  ASSERT_TRUE(store.disk.run(store.writer->unload()));
  EXPECT_TRUE(store.clean());
}

TEST(SpdkWriter, never_flushes) {
  ForeignStore store;
  const uint64_t flushes = store.disk.counts.flushes;
  ASSERT_TRUE(store.load());
  const BlobId id = store.create(named("a", 2));
  ASSERT_TRUE(store.write(id, 0, 4096, 1));
  ASSERT_TRUE(store.disk.run(store.writer->resize(id, 1)));
  ASSERT_TRUE(store.disk.run(store.writer->remove(id)));
  ASSERT_TRUE(store.disk.run(store.writer->unload()));
  EXPECT_EQ(store.disk.counts.flushes, flushes);
}

// What the engine finds after the foreign session, by its masks or without them.
TEST(SpdkWriter, writes_what_the_engine_opens) {
  for (const bool unload : {true, false}) {
    for (const DeviceGeometry& geometry : {small_disk(), tearing_disk()}) {
      ForeignStore store(geometry);
      ASSERT_TRUE(store.load());
      const BlobId a = store.create(named("a", 3));
      const BlobId t = store.create(named("t", 600, true));
      const BlobId gone = store.create(named("gone", 2));
      ASSERT_TRUE(store.write(t, 599 * kTestCluster - 4096, 8192, 7));
      const Xattr first = xattr_of_size("first", 3000);
      const Xattr second = xattr_of_size("second", 3000);
      ASSERT_TRUE(store.disk.run(store.writer->set_xattr(a, first)));
      ASSERT_TRUE(store.disk.run(store.writer->set_xattr(a, second)));
      ASSERT_TRUE(store.disk.run(store.writer->resize(a, 5)));
      ASSERT_TRUE(store.disk.run(store.writer->resize(a, 1)));
      ASSERT_TRUE(store.disk.run(store.writer->remove(gone)));
      if (unload) {
        ASSERT_TRUE(store.disk.run(store.writer->unload()));
      }

      ASSERT_TRUE(store.disk.open());
      EXPECT_EQ(store.disk.store->info().was_clean, unload);
      EXPECT_TRUE(store.disk.store->damaged_blobs().empty());
      EXPECT_EQ(store.disk.store->blob_ids(), (std::vector{a, t}));
      EXPECT_EQ(store.disk.store->info().free_clusters, kTestClusters - 3);
      const BlobHandle found = store.disk.handle(a);
      EXPECT_EQ(found->clusters(), 1U);
      EXPECT_EQ(text_of(found->xattr("name")), "a");
      EXPECT_EQ(text_of(found->xattr("second")), std::string(3000, 'x'));
      const BlobHandle thin = store.disk.handle(t);
      const uint64_t pages = 599 * (kTestCluster / kTestPage);
      EXPECT_EQ(store.disk.read_pages(*thin, pages - 2, 4),
                (std::vector{std::byte{0}, std::byte{7}, std::byte{7}, std::byte{0}}));
    }
  }
}

// A root that holds no descriptor but its chain becomes a root with descriptors, in place.
TEST(SpdkWriter, changes_what_the_engine_wrote_for_a_device_that_tears) {
  ForeignStore store(tearing_disk());
  ASSERT_TRUE(store.disk.open());
  const auto name = bytes_of("a");
  const XattrView xattr{.name = "name", .value = name};
  BlobOptions wanted = of_clusters(2);
  wanted.xattrs = {&xattr, 1};
  const BlobId id = store.disk.create(wanted).value();
  ASSERT_TRUE(store.disk.run(store.disk.store->close()));

  ASSERT_TRUE(store.load());
  EXPECT_EQ(store.writer->find("a"), id);
  EXPECT_FALSE(store.writer->find("b").has_value());
  const Xattr k{.name = "k", .value = {std::byte{'v'}}};
  ASSERT_TRUE(store.disk.run(store.writer->set_xattr(id, k)));
  const AlignedBuffer root = store.page(4);
  MetadataPage page;
  std::memcpy(&page, root.bytes().data(), sizeof(page));
  EXPECT_EQ(page.next, kNoPage);
  EXPECT_EQ(page.descriptors[0], std::byte{static_cast<uint8_t>(DescriptorType::flags)});

  ASSERT_TRUE(store.disk.open());
  BlobHandle found = store.disk.handle(id);
  EXPECT_EQ(text_of(found->xattr("k")), "v");
  ASSERT_TRUE(found->set_xattr("k", bytes_of("w")));
  ASSERT_TRUE(store.disk.run(found->sync()));
  found = {};
  ASSERT_TRUE(store.disk.close_and_open());
  EXPECT_EQ(text_of(store.disk.handle(id)->xattr("k")), "w");
}

TEST(SpdkWriter, shrinks_to_nothing_and_grows_again) {
  ForeignStore store;
  ASSERT_TRUE(store.load());
  const BlobId id = store.create(named("a", 2));
  ASSERT_TRUE(store.disk.run(store.writer->resize(id, 0)));
  ASSERT_TRUE(store.disk.open());
  EXPECT_EQ(store.disk.handle(id)->clusters(), 0U);
  ASSERT_TRUE(store.load());
  ASSERT_TRUE(store.disk.run(store.writer->resize(id, 3)));
  ASSERT_TRUE(store.disk.open());
  EXPECT_EQ(store.disk.handle(id)->clusters(), 3U);
}

TEST(SpdkWriter, says_what_it_cannot_do) {
  ForeignStore store;
  ASSERT_TRUE(store.load());
  const BlobId id = store.create(named("a", 1));
  const Xattr large = xattr_of_size("k", 5000);
  EXPECT_EQ(error_of(store.disk.run(store.writer->resize(id, 1000))), Errc::no_space);
  EXPECT_EQ(error_of(store.disk.run(store.writer->set_xattr(id, large))), Errc::invalid_argument);
  EXPECT_EQ(error_of(store.disk.run(store.writer->remove(BlobId{kBlobIdFlag | 9}))), Errc::not_found);
  EXPECT_EQ(error_of(store.write(id, kTestCluster, 4096, 1)), Errc::out_of_range);
}

}  // namespace
}  // namespace holdfast::sim
