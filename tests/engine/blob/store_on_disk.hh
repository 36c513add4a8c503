// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/failing_device.hh"
#include "holdfast/aligned_buffer.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "holdfast/simdisk/disk.hh"

namespace holdfast {

inline constexpr uint32_t kTestPage = 4096;
inline constexpr uint32_t kTestCluster = 4 * kTestPage;
inline constexpr uint32_t kTestPages = 20;     // of metadata; with superblock and masks: six clusters
inline constexpr uint64_t kTestClusters = 26;  // for data

inline DeviceGeometry small_disk() {
  DeviceGeometry geometry;
  geometry.block_count = (6 + kTestClusters) * kTestCluster / geometry.block_size;
  return geometry;
}

inline FormatOptions small_store() {
  FormatOptions options;
  options.cluster_size = kTestCluster;
  options.metadata_pages = kTestPages;
  return options;
}

inline BlobOptions of_clusters(uint64_t clusters) {
  BlobOptions options;
  options.clusters = clusters;
  return options;
}

inline BlobOptions thin(uint64_t clusters, ExtentFormat extents = ExtentFormat::automatic) {
  BlobOptions options;
  options.clusters = clusters;
  options.thin = true;
  options.extents = extents;
  return options;
}

inline OpenOptions for_reading() {
  OpenOptions options;
  options.read_only = true;
  return options;
}

template <class T>
std::optional<Errc> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string text_of(const Result<std::span<const std::byte>>& value) {
  if (!value) return name_of(value.error().code);
  return {reinterpret_cast<const char*>(value->data()), value->size()};
}

// How many requests of each sort a disk has seen.
struct RequestCounts final : simdisk::DiskObserver {
  void submitted(simdisk::EventNumber, const IoRequest& request) override {
    if (request.kind == IoKind::flush) ++flushes;
    if (request.kind == IoKind::read) ++reads;
    if (request.kind == IoKind::read) blocks_read += request.block_count;
    if (request.kind != IoKind::flush && request.kind != IoKind::read) ++changes;
  }
  void completed(simdisk::EventNumber, const IoRequest&) override {}

  uint64_t changes = 0;
  uint64_t flushes = 0;
  uint64_t reads = 0;
  uint64_t blocks_read = 0;
};

// A simulated host with one disk, and the store on it while one is open.
class StoreOnDisk {
 public:
  explicit StoreOnDisk(const DeviceGeometry& geometry = small_disk(), uint64_t seed = 1)
      : media(geometry.byte_count()), choices(seed), disk(geometry, {media, scheduler, digest, &counts}) {}
  ~StoreOnDisk() { drop(); }
  StoreOnDisk(const StoreOnDisk&) = delete;
  StoreOnDisk& operator=(const StoreOnDisk&) = delete;

  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    EXPECT_TRUE(scheduler.run_until([&task] { return task.done(); })) << "the task waits for nothing";
    return task.take_result();
  }

  Result<> format(FormatOptions options = small_store()) {
    return run(Blobstore::format(device, home, options));
  }

  // Opens the store, after dropping the one that is open: without close() that is an unclean end.
  Result<> open(OpenOptions options = {}) {
    drop();
    HF_TRY(store, run(Blobstore::open(device, home, options)));
    HF_TRY(channel, Channel::open(*store, home));
    return {};
  }
  void format_and_open() {
    ASSERT_TRUE(format());
    ASSERT_TRUE(open());
  }
  Result<> close_and_open(OpenOptions options = {}) {
    HF_CHECK(run(store->close()));
    return open(options);
  }
  void drop() {
    channel.reset();
    store.reset();
  }

  Result<BlobId> create(BlobOptions options = {}) { return run(store->create_blob(options)); }
  Result<> remove(BlobId id) { return run(store->delete_blob(id)); }
  // For ids that exist.
  BlobHandle handle(BlobId id) { return store->open_blob(id).value(); }

  Result<> transfer(BlobIoKind kind, Blob& blob, uint64_t offset, std::span<std::byte> bytes,
                    bool fua = false) {
    const iovec whole{.iov_base = bytes.data(), .iov_len = bytes.size()};
    BlobIo io;
    io.kind = kind;
    io.fua = fua;
    io.blob = &blob;
    io.offset = offset;
    io.length = bytes.size();
    if (kind == BlobIoKind::read || kind == BlobIoKind::write) io.buffers = {&whole, 1};
    return run(channel->perform(io));
  }
  // Fills pages [first, first + count) of a blob with a pattern of its own for each page and tag.
  Result<> write_pages(Blob& blob, uint64_t first, uint64_t count, uint8_t tag, bool fua = false) {
    AlignedBuffer buffer(count * kTestPage);
    const std::span<std::byte> bytes = buffer.bytes();
    for (uint64_t i = 0; i < count; ++i)
      std::ranges::fill(bytes.subspan(i * kTestPage, kTestPage), pattern(tag, first + i));
    return transfer(BlobIoKind::write, blob, first * kTestPage, bytes, fua);
  }
  // One byte for each page; nothing if a page is not all one byte, or the read failed.
  std::vector<std::byte> read_pages(Blob& blob, uint64_t first, uint64_t count) {
    AlignedBuffer buffer(count * kTestPage);
    if (!transfer(BlobIoKind::read, blob, first * kTestPage, buffer.bytes())) return {};
    std::vector<std::byte> pages;
    for (uint64_t i = 0; i < count; ++i) {
      const std::span<std::byte> page = buffer.bytes().subspan(i * kTestPage, kTestPage);
      if (std::memcmp(page.data(), page.data() + 1, kTestPage - 1) != 0) return {};
      pages.push_back(page[0]);
    }
    return pages;
  }
  static std::byte pattern(uint8_t tag, uint64_t page) {
    return std::byte{static_cast<uint8_t>(1 + (tag * 31U + page * 7U) % 255U)};
  }
  Result<> flush() {
    BlobIo io;
    io.kind = BlobIoKind::flush;
    return run(channel->perform(io));
  }

  simdisk::Media media;
  simdisk::SeededChoices choices;
  simdisk::Scheduler scheduler{choices};
  Executor& home = scheduler.add_executor();
  simdisk::Digest digest;
  RequestCounts counts;
  simdisk::Disk disk;
  FailingDevice device{disk};
  std::unique_ptr<Blobstore> store;
  std::unique_ptr<Channel> channel;
};

}  // namespace holdfast
