// SPDX-License-Identifier: BSD-3-Clause
// What other programs for this format do at limits and in errors, and this one too; where it differs, the
// comment says so.
#include <algorithm>
#include <cstring>

#include "format/blob_record.hh"
#include "format/metadata_page.hh"
#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kPagesPerCluster = kTestCluster / kTestPage;

struct PeerBehaviour : ::testing::Test {
  explicit PeerBehaviour(const DeviceGeometry& geometry = small_disk()) : host(geometry) {
    host.format_and_open();
  }
  void expect_free(uint64_t clusters, uint64_t pages) const {
    EXPECT_EQ(host.store->info().free_clusters, clusters);
    EXPECT_EQ(host.store->info().free_metadata_pages, pages);
  }
  Result<> without_data(BlobIoKind kind, Blob& blob, uint64_t offset, uint64_t length) {
    BlobIo io;
    io.kind = kind;
    io.blob = &blob;
    io.offset = offset;
    io.length = length;
    return host.run(host.channel->perform(io));
  }
  // Changes a blob's root on media, and opens the store again.
  template <class Change>
  void change_root(BlobId id, const Change& change) {
    host.drop();
    const uint64_t byte = (4 + uint64_t{root_of_blob_id(id).value}) * kTestPage;  // behind the three masks
    MetadataPage root;
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&root, 1));
    host.media.read(byte, bytes);
    change(root);
    host.media.write(byte, bytes, 0);
    ASSERT_TRUE(host.open());
  }
  void set_flags(BlobId id, uint64_t invalid, uint64_t data_ro, uint64_t md_ro) {
    change_root(id, [&](MetadataPage& root) {
      const Le64 words[] = {invalid, data_ro, md_ro};
      std::memcpy(root.descriptors.data() + kDescriptorHeader, words, sizeof(words));
      root.crc = page_checksum(root);
    });
  }

  StoreOnDisk host;
};

using ReadOnlyBlob = PeerBehaviour;
using ResizedBlob = PeerBehaviour;
using ThinBlobOfAPeer = PeerBehaviour;
using BlobFlagsOfAPeer = PeerBehaviour;
using DamagedBlobOfAPeer = PeerBehaviour;
using XattrsOfAPeer = PeerBehaviour;
using SuperBlobOfAPeer = PeerBehaviour;
using DestroyedStore = PeerBehaviour;

TEST_F(ReadOnlyBlob, IsThatOnceItIsSyncedAndForGood) {
  const BlobId id = host.create(of_clusters(2)).value();
  {
    const BlobHandle blob = host.handle(id);
    ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
    ASSERT_TRUE(blob->set_read_only());
    EXPECT_FALSE(blob->read_only());
    EXPECT_TRUE(host.write_pages(*blob, 0, 1, 1));
    ASSERT_TRUE(host.run(blob->sync()));
    EXPECT_TRUE(blob->read_only());
  }
  for (const bool closed : {false, true}) {
    {
      const BlobHandle blob = host.handle(id);
      EXPECT_EQ(error_of(host.write_pages(*blob, 0, 1, 2)), Errc::read_only);
      EXPECT_EQ(error_of(without_data(BlobIoKind::unmap, *blob, 0, kTestPage)), Errc::read_only);
      EXPECT_EQ(error_of(blob->set_xattr("b", bytes_of("2"))), Errc::read_only);
      EXPECT_EQ(error_of(blob->remove_xattr("a")), Errc::read_only);
      EXPECT_EQ(error_of(blob->set_read_only()), Errc::read_only);
      EXPECT_EQ(error_of(host.run(blob->resize(3))), Errc::read_only);
      EXPECT_EQ(error_of(host.run(blob->resize(1))), Errc::read_only);
      EXPECT_TRUE(host.run(blob->sync()));
      EXPECT_EQ(text_of(blob->xattr("a")), "1");
      EXPECT_EQ(host.read_pages(*blob, 0, 1), std::vector{StoreOnDisk::pattern(1, 0)});
    }
    ASSERT_TRUE(host.flush());
    ASSERT_TRUE(closed ? host.close_and_open() : host.open());
    EXPECT_TRUE(host.handle(id)->read_only());
  }
  EXPECT_TRUE(host.remove(id));
  expect_free(kTestClusters, kTestPages);
}

TEST_F(ReadOnlyBlob, IsNotMadeByAHandleThatIsDroppedUnsynced) {
  const BlobId id = host.create(of_clusters(1)).value();
  ASSERT_TRUE(host.handle(id)->set_read_only());
  const BlobHandle blob = host.handle(id);
  EXPECT_TRUE(host.run(blob->sync()));
  EXPECT_FALSE(blob->read_only());
  EXPECT_TRUE(host.write_pages(*blob, 0, 1, 1));
}

// A resize is durable by itself, where others wait for a sync.
TEST_F(ResizedBlob, TakesAndGivesItsClustersAtOnce) {
  const BlobId id = host.create().value();
  {
    const BlobHandle blob = host.handle(id);
    for (const uint64_t clusters : {5U, 3U, 3U, 10U, 0U, 26U, 7U}) {
      ASSERT_TRUE(host.run(blob->resize(clusters)));
      EXPECT_EQ(blob->clusters(), clusters);
      EXPECT_EQ(blob->size(), clusters * kTestCluster);
      EXPECT_EQ(blob->allocated_clusters(), clusters);
      expect_free(kTestClusters - clusters, kTestPages - 1);
      EXPECT_TRUE(host.disk.crash_set().units.empty());
    }
  }
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.handle(id)->clusters(), 7U);
  expect_free(kTestClusters - 7, kTestPages - 1);
}

TEST_F(ResizedBlob, KeepsItsSizeWhenThereIsNoRoom) {
  const BlobHandle blob = host.handle(host.create(of_clusters(3)).value());
  ASSERT_TRUE(host.write_pages(*blob, 0, 12, 1));
  EXPECT_EQ(error_of(host.run(blob->resize(kTestClusters + 1))), Errc::no_space);
  EXPECT_EQ(error_of(host.run(blob->resize(~uint64_t{0}))), Errc::invalid_argument);
  EXPECT_EQ(error_of(host.run(blob->resize(uint64_t{1} << 32))), Errc::invalid_argument);
  EXPECT_EQ(blob->clusters(), 3U);
  expect_free(kTestClusters - 3, kTestPages - 1);
  EXPECT_TRUE(host.run(blob->resize(kTestClusters)));
  EXPECT_EQ(host.read_pages(*blob, 11, 1), std::vector{StoreOnDisk::pattern(1, 11)});
}

TEST_F(ResizedBlob, ShowsZeroesWhereItGrows) {
  const BlobHandle blob = host.handle(host.create(of_clusters(kTestClusters)).value());
  ASSERT_TRUE(host.write_pages(*blob, 0, kTestClusters * kPagesPerCluster, 1));
  ASSERT_TRUE(host.run(blob->resize(1)));
  ASSERT_TRUE(host.run(blob->resize(3)));
  EXPECT_EQ(host.read_pages(*blob, 3, 1), std::vector{StoreOnDisk::pattern(1, 3)});
  EXPECT_EQ(host.read_pages(*blob, 4, 8), std::vector<std::byte>(8));
}

TEST_F(ResizedBlob, IsNotDeletedMeanwhile) {
  const BlobId id = host.create(of_clusters(1)).value();
  BlobHandle blob = host.handle(id);
  Task<> resize = blob->resize(4);
  resize.start();
  blob = BlobHandle();
  ASSERT_FALSE(resize.done());
  EXPECT_EQ(error_of(host.remove(id)), Errc::busy);
  EXPECT_EQ(error_of(host.run(host.store->close())), Errc::busy);
  ASSERT_TRUE(host.scheduler.run_until([&resize] { return resize.done(); }));
  EXPECT_TRUE(resize.take_result());
  EXPECT_EQ(host.handle(id)->clusters(), 4U);
}

TEST_F(ResizedBlob, LeavesUnsyncedXattrsUnsynced) {
  const BlobId id = host.create(of_clusters(1)).value();
  {
    const BlobHandle blob = host.handle(id);
    ASSERT_TRUE(blob->set_xattr("a", bytes_of("1")));
    ASSERT_TRUE(host.run(blob->resize(2)));
    EXPECT_EQ(text_of(blob->xattr("a")), "1");
  }
  EXPECT_EQ(error_of(host.handle(id)->xattr("a")), Errc::not_found);
  EXPECT_EQ(host.handle(id)->clusters(), 2U);
}

TEST_F(ThinBlobOfAPeer, GivesBackWhatItHasBehindItsNewEnd) {
  const BlobHandle blob = host.handle(host.create(thin(6)).value());
  for (const uint64_t cluster : {0U, 2U, 4U, 5U})
    ASSERT_TRUE(host.write_pages(*blob, cluster * kPagesPerCluster, 1, 1));
  EXPECT_EQ(blob->allocated_clusters(), 4U);
  ASSERT_TRUE(host.run(blob->resize(2)));
  EXPECT_EQ(blob->allocated_clusters(), 1U);
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 1);
  ASSERT_TRUE(host.run(blob->resize(0)));
  ASSERT_TRUE(host.run(blob->resize(6)));
  EXPECT_EQ(blob->allocated_clusters(), 0U);
  EXPECT_EQ(host.read_pages(*blob, 0, 6 * kPagesPerCluster), std::vector<std::byte>(6 * kPagesPerCluster));
}

TEST_F(ThinBlobOfAPeer, MayBeLargerThanTheStoreUntilItIsWritten) {
  const BlobHandle blob = host.handle(host.create(thin(10 * kTestClusters)).value());
  for (uint64_t cluster = 0; cluster < kTestClusters; ++cluster)
    ASSERT_TRUE(host.write_pages(*blob, 7 * cluster * kPagesPerCluster, 1, 1)) << cluster;
  EXPECT_EQ(error_of(host.write_pages(*blob, kPagesPerCluster, 1, 1)), Errc::no_space);
  EXPECT_TRUE(host.write_pages(*blob, 7 * kPagesPerCluster + 1, 1, 1));
  EXPECT_EQ(host.store->info().free_clusters, 0U);
}

// Others give a cluster back that is unmapped as a whole. Here it stays the blob's.
TEST_F(ThinBlobOfAPeer, KeepsAClusterThatIsUnmapped) {
  const BlobHandle blob = host.handle(host.create(thin(2)).value());
  ASSERT_TRUE(host.write_pages(*blob, 0, kPagesPerCluster, 1));
  ASSERT_TRUE(without_data(BlobIoKind::unmap, *blob, 0, kTestCluster));
  EXPECT_EQ(blob->allocated_clusters(), 1U);
  EXPECT_EQ(host.store->info().free_clusters, kTestClusters - 1);
}

TEST_F(BlobFlagsOfAPeer, UnknownOnesThatForbidOpeningKeepTheBlobUnopenedAndInPlace) {
  const BlobId id = host.create(of_clusters(3)).value();
  set_flags(id, uint64_t{1} << 63, 0, 0);
  EXPECT_EQ(error_of(host.store->open_blob(id)), Errc::unsupported);
  EXPECT_TRUE(host.store->blob_ids().empty());
  EXPECT_EQ(error_of(host.create(of_clusters(1))), Errc::corrupt);
}

TEST_F(BlobFlagsOfAPeer, UnknownOnesThatForbidWritingMakeItReadOnlyAndItsDeleteIsAllowed) {
  const BlobId id = host.create(of_clusters(3)).value();
  set_flags(id, 0, uint64_t{1} << 62, 0);
  {
    const BlobHandle blob = host.handle(id);
    EXPECT_TRUE(blob->read_only());
    EXPECT_EQ(blob->clusters(), 3U);
    EXPECT_EQ(error_of(blob->set_xattr("a", bytes_of("1"))), Errc::read_only);
    EXPECT_EQ(error_of(host.write_pages(*blob, 0, 1, 1)), Errc::read_only);
    EXPECT_TRUE(host.run(blob->sync()));
  }
  EXPECT_TRUE(host.remove(id));
  expect_free(kTestClusters, kTestPages);
}

TEST_F(BlobFlagsOfAPeer, UnknownOnesThatForbidMetadataChangesLeaveDataWritable) {
  const BlobId id = host.create(of_clusters(3)).value();
  set_flags(id, 0, 0, uint64_t{1} << 61);
  {
    const BlobHandle blob = host.handle(id);
    EXPECT_FALSE(blob->read_only());
    EXPECT_EQ(error_of(blob->set_xattr("a", bytes_of("1"))), Errc::read_only);
    EXPECT_EQ(error_of(host.run(blob->resize(4))), Errc::read_only);
    EXPECT_TRUE(host.write_pages(*blob, 0, 1, 1));
    EXPECT_TRUE(host.run(blob->sync()));
  }
  EXPECT_TRUE(host.remove(id));
}

TEST_F(BlobFlagsOfAPeer, HowClustersAreClearedIsNoReasonToRefuseChanges) {
  const BlobId id = host.create(of_clusters(3)).value();
  set_flags(id, 0, 0, 2);
  const BlobHandle blob = host.handle(id);
  EXPECT_TRUE(blob->set_xattr("a", bytes_of("1")));
  EXPECT_TRUE(host.run(blob->sync()));
}

TEST_F(DamagedBlobOfAPeer, IsNeitherOpenedNorDeleted) {
  const BlobId id = host.create(of_clusters(3)).value();
  const BlobId intact = host.create(of_clusters(1)).value();
  change_root(id, [](MetadataPage& root) { root.crc = 0; });
  EXPECT_EQ(host.store->blob_ids(), std::vector{intact});
  EXPECT_EQ(error_of(host.store->open_blob(id)), Errc::corrupt);
  EXPECT_EQ(error_of(host.remove(id)), Errc::corrupt);
  EXPECT_TRUE(host.remove(intact));
}

TEST_F(XattrsOfAPeer, ThatFillAPageTakeASecondOneAndGiveItBack) {
  const BlobId id = host.create().value();
  {
    const BlobHandle blob = host.handle(id);
    ASSERT_TRUE(blob->set_xattr("large", std::vector<std::byte>(4063 - 5, std::byte{1})));
    ASSERT_TRUE(host.run(blob->sync()));
  }
  expect_free(kTestClusters, kTestPages - 2);
  ASSERT_TRUE(host.open());
  expect_free(kTestClusters, kTestPages - 2);
  EXPECT_EQ(text_of(host.handle(id)->xattr("large")), std::string(4058, '\1'));
  ASSERT_TRUE(host.remove(id));
  expect_free(kTestClusters, kTestPages);
}

TEST_F(XattrsOfAPeer, OfManyAreListedInTheirOrder) {
  const BlobHandle blob = host.handle(host.create().value());
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) {
    names.push_back("name" + std::to_string((i * 7) % 500));
    ASSERT_TRUE(blob->set_xattr(names.back(), bytes_of(names.back())));
  }
  ASSERT_TRUE(host.run(blob->sync()));
  const std::vector<std::string_view> listed = blob->xattr_names();
  EXPECT_TRUE(std::ranges::equal(listed, names));
}

// A large xattr is removed again while the sync that adds it is on its way, after any number of steps.
TEST_F(XattrsOfAPeer, RemovedDuringTheSyncThatAddsThemAreGoneAfterTheNext) {
  const std::vector<std::byte> large(4000, std::byte{1});
  bool ended = false;
  for (int steps = 0; !ended; ++steps) {
    const BlobId id = host.create().value();
    {
      const BlobHandle blob = host.handle(id);
      ASSERT_TRUE(blob->set_xattr("large", large));
      Task<> first = blob->sync();
      first.start();
      for (int i = 0; i < steps && !first.done(); ++i) ASSERT_TRUE(host.scheduler.step());
      ended = first.done();
      ASSERT_TRUE(blob->remove_xattr("large"));
      ASSERT_TRUE(host.run(blob->sync()));
      ASSERT_TRUE(host.scheduler.run_until([&first] { return first.done(); }));
      EXPECT_TRUE(first.take_result());
    }
    ASSERT_TRUE(host.open());
    expect_free(kTestClusters, kTestPages - 1);
    EXPECT_TRUE(host.handle(id)->xattr_names().empty()) << steps;
    ASSERT_TRUE(host.remove(id));
  }
}

TEST_F(SuperBlobOfAPeer, IsSetOnlyToABlobThatIsThereAndMayBeCleared) {
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
  const BlobId id = host.create().value();
  for (const BlobId missing : {BlobId{0}, BlobId{~uint64_t{0}}, BlobId{id.value + 1}})
    EXPECT_EQ(error_of(host.run(host.store->set_super_blob(missing))), Errc::not_found);
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
  ASSERT_TRUE(host.run(host.store->set_super_blob(id)));
  ASSERT_TRUE(host.open());
  EXPECT_EQ(host.store->info().super_blob, id);
  ASSERT_TRUE(host.run(host.store->clear_super_blob()));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.store->info().super_blob, std::nullopt);
}

TEST_F(DestroyedStore, IsNoStoreAnyMore) {
  const BlobId id = host.create(of_clusters(2)).value();
  {
    const BlobHandle blob = host.handle(id);
    EXPECT_EQ(error_of(host.run(host.store->destroy())), Errc::busy);
    EXPECT_TRUE(host.write_pages(*blob, 0, 1, 1));
  }
  ASSERT_TRUE(host.run(host.store->destroy()));
  EXPECT_TRUE(host.disk.crash_set().units.empty());
  EXPECT_EQ(error_of(host.create()), Errc::not_a_store);
  EXPECT_EQ(error_of(host.open()), Errc::not_a_store);
  EXPECT_TRUE(host.format());
}

TEST_F(DestroyedStore, IsThereOrNotWhenItsEndFailed) {
  for (const auto failure : {FailingDevice::Failure::nothing_done, FailingDevice::Failure::all_done}) {
    for (uint64_t k = 0; k < 2; ++k) {
      StoreOnDisk other;
      other.format_and_open();
      ASSERT_TRUE(other.create(of_clusters(2)));
      other.device.fail_change(k, failure);
      EXPECT_FALSE(other.run(other.store->destroy()));
      other.device.heal();
      const Result<> opened = other.open();
      EXPECT_TRUE(opened || opened.error().code == Errc::not_a_store);
      if (opened) {
        EXPECT_EQ(other.store->blob_ids().size(), 1U);
        EXPECT_TRUE(other.run(other.store->destroy()));
      }
    }
  }
}

TEST(DevicesOfOtherPrograms, WhoseBlockIsNoPowerOfTwoAreUnsupported) {
  for (const uint32_t block_size : {500U, 520U, 768U, 4104U}) {
    DeviceGeometry geometry = small_disk();
    geometry.block_size = block_size;
    StoreOnDisk host(geometry);
    EXPECT_EQ(error_of(host.format()), Errc::unsupported) << block_size;
    EXPECT_EQ(host.counts.changes, 0U);
  }
}

struct SmallBlocks : PeerBehaviour {
  static DeviceGeometry blocks_of_512() {
    DeviceGeometry geometry = small_disk();
    geometry.block_count *= 8;
    geometry.block_size = 512;
    geometry.buffer_alignment = 512;
    return geometry;
  }
  SmallBlocks() : PeerBehaviour(blocks_of_512()) {}

  Result<> transfer(BlobIoKind kind, Blob& blob, uint64_t block, AlignedBuffer& bytes) {
    return host.transfer(kind, blob, block * 512, bytes.bytes());
  }
};

// Around the border of two clusters, of a thick and of a thin blob.
TEST_F(SmallBlocks, AreWrittenZeroedAndReadOneByOne) {
  constexpr uint64_t kBorder = kTestCluster / 512;
  for (const BlobOptions& options : {of_clusters(3), thin(3)}) {
    const BlobId id = host.create(options).value();
    const BlobHandle blob = host.handle(id);
    AlignedBuffer block(512);
    for (uint64_t i = kBorder - 3; i < kBorder + 3; ++i) {
      std::ranges::fill(block.bytes(), std::byte(i));
      ASSERT_TRUE(transfer(BlobIoKind::write, *blob, i, block));
    }
    ASSERT_TRUE(without_data(BlobIoKind::write_zeroes, *blob, (kBorder - 1) * 512, 2 * 512));
    for (uint64_t i = kBorder - 4; i < kBorder + 4; ++i) {
      const bool written = i >= kBorder - 3 && i != kBorder - 1 && i != kBorder && i < kBorder + 3;
      const std::byte want = written ? std::byte(i) : std::byte{0};
      ASSERT_TRUE(transfer(BlobIoKind::read, *blob, i, block));
      EXPECT_TRUE(std::ranges::all_of(block.bytes(), [want](std::byte each) { return each == want; })) << i;
    }
    EXPECT_EQ(error_of(without_data(BlobIoKind::unmap, *blob, blob->size() - 512, 1024)), Errc::out_of_range);
    EXPECT_TRUE(without_data(BlobIoKind::unmap, *blob, blob->size() - 512, 512));
  }
}

}  // namespace
}  // namespace holdfast
