// SPDX-License-Identifier: BSD-3-Clause
// What each operation costs in barriers and writes, on three classes of device. Counted, not timed: the
// numbers are the same on every machine.
#include <fmt/core.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "holdfast/aligned_buffer.hh"
#include "holdfast/blobstore.hh"
#include "holdfast/channel.hh"
#include "holdfast/simdisk/disk.hh"

namespace holdfast {
namespace {

constexpr uint32_t kCluster = 64 << 10;

// A barrier is a flush, or a write of metadata with FUA.
struct Costs final : simdisk::DiskObserver {
  void submitted(simdisk::EventNumber, const IoRequest& request) override {
    const bool metadata = request.purpose.step != Step::user_data;
    if (request.kind == IoKind::flush) ++flushes;
    if (request.kind == IoKind::write && metadata) {
      ++writes;
      barriers_by_write += request.fua ? 1 : 0;
    }
    if (request.kind == IoKind::write_zeroes) ++zeroings;
  }
  void completed(simdisk::EventNumber, const IoRequest&) override {}

  uint64_t flushes = 0;
  uint64_t barriers_by_write = 0;
  uint64_t writes = 0;
  uint64_t zeroings = 0;
};

struct DeviceClass {
  const char* name;
  bool volatile_cache;
  bool fua;
  uint32_t atomic_write_size;
};
constexpr DeviceClass kClasses[] = {{"no volatile cache, 4 KiB atomic", false, false, 4096},
                                    {"volatile cache, FUA, 4 KiB atomic", true, true, 4096},
                                    {"volatile cache, FUA, 512 B atomic", true, true, 512}};

[[noreturn]] void give_up(const std::string& what) {
  fmt::print(stderr, "operation_costs: {}\n", what);
  std::exit(1);
}

class Host {
 public:
  explicit Host(const DeviceClass& device)
      : media_(kDeviceBytes), choices_(1), disk_(geometry(device), {media_, scheduler_, digest_, &costs_}) {
    FormatOptions format;
    format.cluster_size = kCluster;
    done(Blobstore::format(disk_, home_, format));
    reopen();
  }

  template <class T>
  T done(Task<T> task) {
    task.start();
    if (!scheduler_.run_until([&task] { return task.done(); })) give_up("a task waits for nothing");
    Result<T> result = task.take_result();
    if (!result) give_up(describe(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }
  void reopen() {
    channel_.reset();
    store_.reset();
    store_ = done(Blobstore::open(disk_, home_, {}));
    channel_ = Channel::open(*store_, home_).value();
  }
  BlobHandle create(uint64_t clusters, bool thin, ExtentFormat extents) {
    BlobOptions options;
    options.clusters = clusters;
    options.thin = thin;
    options.extents = extents;
    return store_->open_blob(done(store_->create_blob(options))).value();
  }
  void write(Blob& blob, uint64_t offset) {
    AlignedBuffer page(4096);
    const iovec whole{.iov_base = page.bytes().data(), .iov_len = 4096};
    BlobIo io;
    io.kind = BlobIoKind::write;
    io.blob = &blob;
    io.offset = offset;
    io.length = 4096;
    io.buffers = {&whole, 1};
    done(channel_->perform(io));
  }
  Blobstore& store() { return *store_; }
  const Costs& costs() const { return costs_; }

 private:
  static constexpr uint64_t kDeviceBytes = uint64_t{256} << 20;
  static DeviceGeometry geometry(const DeviceClass& device) {
    DeviceGeometry geometry;
    geometry.block_count = kDeviceBytes / geometry.block_size;
    geometry.volatile_cache = device.volatile_cache;
    geometry.fua = device.fua;
    geometry.atomic_write_size = device.atomic_write_size;
    return geometry;
  }

  simdisk::Media media_;
  simdisk::SeededChoices choices_;
  simdisk::Scheduler scheduler_{choices_};
  simdisk::Digest digest_;
  Costs costs_;
  simdisk::Disk disk_;
  Executor& home_ = scheduler_.add_executor();
  std::unique_ptr<Blobstore> store_;
  std::unique_ptr<Channel> channel_;
};

void set(Host& host, Blob& blob, std::size_t bytes) {
  const std::vector<std::byte> value(bytes, std::byte{7});
  if (!blob.set_xattr("k", value)) give_up("no xattr could be set");
  host.done(blob.sync());
}

// Each prepares a store of its own and returns what is to be counted.
struct Operation {
  const char* name;
  std::function<std::function<void()>(Host&)> prepare;
};

std::vector<Operation> operations() {
  const auto blob_of = [](Host& host, uint64_t clusters, bool thin) {
    return host.create(clusters, thin, ExtentFormat::automatic);
  };
  return {
      {"mark dirty (first change)",
       [](Host& host) {
         host.done(host.store().close());
         host.reopen();
         return [&host] { host.done(host.store().clear_super_blob()); };
       }},
      {"create, thick, 4 clusters",
       [=](Host& host) {
         blob_of(host, 0, false);
         return [=, &host] { blob_of(host, 4, false); };
       }},
      {"create, thin",
       [=](Host& host) {
         blob_of(host, 0, false);
         return [=, &host] { blob_of(host, 400, true); };
       }},
      {"sync, one page",
       [=](Host& host) { return [&host, blob = blob_of(host, 1, false)] { set(host, *blob, 10); }; }},
      {"sync, root and one chain page",
       [=](Host& host) {
         BlobHandle blob = blob_of(host, 1, false);
         const std::vector<std::byte> value(3000);
         static_cast<void>(blob->set_xattr("l", value));
         host.done(blob->sync());
         return [&host, blob] { set(host, *blob, 3000); };
       }},
      {"first write of a thin cluster, extent page there",
       [=](Host& host) {
         BlobHandle blob = blob_of(host, 400, true);
         host.write(*blob, 0);
         return [&host, blob] { host.write(*blob, kCluster); };
       }},
      {"first write of a thin cluster, new extent page",
       [=](Host& host) { return [&host, blob = blob_of(host, 400, true)] { host.write(*blob, 0); }; }},
      {"first write of a thin cluster, runs",
       [=](Host& host) {
         return [&host, blob = host.create(400, true, ExtentFormat::runs)] { host.write(*blob, 0); };
       }},
      {"grow, thick, by 4 clusters",
       [=](Host& host) { return [&host, blob = blob_of(host, 1, false)] { host.done(blob->resize(5)); }; }},
      {"shrink",
       [=](Host& host) { return [&host, blob = blob_of(host, 5, false)] { host.done(blob->resize(1)); }; }},
      {"delete",
       [=](Host& host) {
         const BlobId id = blob_of(host, 5, false)->id();
         return [&host, id] { host.done(host.store().delete_blob(id)); };
       }},
      {"set super blob",
       [=](Host& host) {
         const BlobId id = blob_of(host, 0, false)->id();
         return [&host, id] { host.done(host.store().set_super_blob(id)); };
       }},
      {"close",
       [=](Host& host) {
         blob_of(host, 0, false);
         return [&host] { host.done(host.store().close()); };
       }},
  };
}

void print_costs(const DeviceClass& device) {
  fmt::print("{}\n  {:<50} {:>8} {:>15} {:>10}\n", device.name, "operation", "barriers", "metadata writes",
             "zeroings");
  for (const Operation& operation : operations()) {
    Host host(device);
    const std::function<void()> counted = operation.prepare(host);
    const Costs before = host.costs();
    counted();
    const Costs& after = host.costs();
    fmt::print("  {:<50} {:>8} {:>15} {:>10}\n", operation.name,
               after.flushes - before.flushes + after.barriers_by_write - before.barriers_by_write,
               after.writes - before.writes, after.zeroings - before.zeroings);
  }
}

}  // namespace
}  // namespace holdfast

int main() {
  for (const holdfast::DeviceClass& device : holdfast::kClasses) holdfast::print_costs(device);
  return 0;
}
