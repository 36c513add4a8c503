// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>

#include "core/crc32c.hh"
#include "core/little_endian.hh"
#include "store_on_disk.hh"

namespace holdfast {
namespace {

DeviceGeometry disk_of_blocks(uint32_t block_size) {
  DeviceGeometry geometry = small_disk();
  geometry.block_count = geometry.byte_count() / block_size;
  geometry.block_size = block_size;
  return geometry;
}

TEST(StoreOpen, FindsNoStoreOnABlankDevice) {
  StoreOnDisk host;
  EXPECT_EQ(error_of(host.open()), Errc::not_a_store);
  EXPECT_EQ(host.counts.changes, 0U);
}

TEST(StoreOpen, FindsNoStoreWhereTheSignatureIsMissing) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  host.media.write(0, bytes_of("spdkblob"), 0);
  EXPECT_EQ(error_of(host.open()), Errc::not_a_store);
}

TEST(StoreOpen, RefusesACorruptSuperblockAndSaysWhere) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  host.media.write(2000, bytes_of("x"), 0);
  const Result<> opened = host.open();
  EXPECT_EQ(error_of(opened), Errc::corrupt);
  EXPECT_EQ(opened.error().object, ObjectKind::super_block);
  EXPECT_EQ(opened.error().byte, 0U);
}

TEST(StoreOpen, RefusesAVersionThatItDoesNotKnow) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  std::vector<std::byte> page(kTestPage);
  host.media.read(0, page);
  page[8] = std::byte{4};
  const Le32 crc = crc32c(std::span(page).first(kTestPage - 4));
  std::memcpy(page.data() + kTestPage - 4, &crc, sizeof(crc));
  host.media.write(0, page, 0);
  EXPECT_EQ(error_of(host.open()), Errc::unsupported);
}

TEST(StoreOpen, RefusesAStoreOfAnotherTypeThanWanted) {
  StoreOnDisk host;
  FormatOptions options = small_store();
  options.type = StoreType::named("LVOLSTORE");
  ASSERT_TRUE(host.format(options));
  OpenOptions wanted;
  wanted.type = StoreType::named("BLOBFS");
  EXPECT_EQ(error_of(host.open(wanted)), Errc::wrong_type);
  wanted.type = StoreType::named("LVOLSTORE");
  EXPECT_TRUE(host.open(wanted));
  EXPECT_TRUE(host.open());
}

TEST(StoreOpen, RefusesAnUntypedStoreIfATypeIsWanted) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  OpenOptions wanted;
  wanted.type = StoreType::named("BLOBFS");
  EXPECT_EQ(error_of(host.open(wanted)), Errc::wrong_type);
}

TEST(StoreOpen, WorksWithBlocksOf512To4096Bytes) {
  for (const uint32_t block_size : {512U, 1024U, 4096U}) {
    StoreOnDisk host(disk_of_blocks(block_size));
    ASSERT_TRUE(host.format()) << block_size;
    ASSERT_TRUE(host.open()) << block_size;
    EXPECT_EQ(host.store->info().io_unit_size, block_size);
    EXPECT_TRUE(host.create(of_clusters(1)));
  }
}

TEST(StoreOpen, RefusesDevicesWhoseBlocksOrBuffersDoNotFitAPage) {
  for (const uint32_t block_size : {256U, 8192U}) {
    DeviceGeometry geometry = disk_of_blocks(block_size);
    geometry.atomic_write_size = 8192;
    StoreOnDisk host(geometry);
    EXPECT_EQ(error_of(host.format()), Errc::unsupported) << block_size;
    EXPECT_EQ(error_of(host.open()), Errc::unsupported) << block_size;
  }
  DeviceGeometry geometry = small_disk();
  geometry.buffer_alignment = 8192;
  StoreOnDisk host(geometry);
  EXPECT_EQ(error_of(host.open()), Errc::unsupported);
}

TEST(StoreOpen, GoesOnWithAStoreFromADeviceThatWritesWholePages) {
  StoreOnDisk host(disk_of_blocks(512));
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  host.drop();

  DeviceGeometry weak = host.disk.geometry();
  weak.atomic_write_size = 512;
  simdisk::Disk other(weak, {host.media, host.scheduler, host.digest});
  {
    const auto store = host.run(Blobstore::open(other, host.home, {}));
    ASSERT_TRUE(store);
    const BlobHandle blob = (*store)->open_blob(id).value();
    ASSERT_TRUE(blob->set_xattr("k", bytes_of("on the weak device")));
    ASSERT_TRUE(host.run(blob->sync()));
    ASSERT_TRUE(blob->set_xattr("k", bytes_of("again")));
    ASSERT_TRUE(host.run(blob->sync()));
  }
  ASSERT_TRUE(host.open());
  EXPECT_EQ(text_of(host.handle(id)->xattr("k")), "again");
  EXPECT_EQ(host.store->info().free_metadata_pages, kTestPages - 2);
}

TEST(StoreOpen, RefusesAStoreThatIsLargerThanItsDevice) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  DeviceGeometry cut = host.disk.geometry();
  cut.block_count -= 1;
  simdisk::Disk other(cut, {host.media, host.scheduler, host.digest});
  EXPECT_EQ(error_of(host.run(Blobstore::open(other, host.home, {}))), Errc::corrupt);
}

TEST(StoreOpen, ReportsAFailedRead) {
  StoreOnDisk host;
  ASSERT_TRUE(host.format());
  host.device.fail_every(IoKind::read);
  EXPECT_EQ(error_of(host.open()), Errc::device_failed);
  host.device.heal();
  EXPECT_TRUE(host.open());
}

TEST(StoreOpen, ForReadingWritesNothingAndRefusesEveryChange) {
  StoreOnDisk host;
  host.format_and_open();
  const BlobId id = host.create(of_clusters(1)).value();
  ASSERT_TRUE(host.write_pages(*host.handle(id), 0, 4, 1));
  const uint64_t before = host.counts.changes;

  ASSERT_TRUE(host.open(for_reading()));
  EXPECT_TRUE(host.store->info().read_only);
  EXPECT_EQ(error_of(host.create()), Errc::read_only);
  EXPECT_EQ(error_of(host.remove(id)), Errc::read_only);
  {
    const BlobHandle blob = host.handle(id);
    EXPECT_EQ(error_of(blob->set_xattr("a", bytes_of("b"))), Errc::read_only);
    EXPECT_EQ(error_of(blob->remove_xattr("a")), Errc::read_only);
    EXPECT_TRUE(host.run(blob->sync()));
    EXPECT_EQ(error_of(host.write_pages(*blob, 0, 1, 2)), Errc::read_only);
    AlignedBuffer page(kTestPage);
    EXPECT_EQ(error_of(host.transfer(BlobIoKind::unmap, *blob, 0, page.bytes())), Errc::read_only);
    EXPECT_EQ(error_of(host.transfer(BlobIoKind::write_zeroes, *blob, 0, page.bytes())), Errc::read_only);
    EXPECT_EQ(host.read_pages(*blob, 3, 1), std::vector{StoreOnDisk::pattern(1, 3)});
  }
  EXPECT_TRUE(host.run(host.store->close()));
  EXPECT_EQ(host.counts.changes, before);
}

}  // namespace
}  // namespace holdfast
