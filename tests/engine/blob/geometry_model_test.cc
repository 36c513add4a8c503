// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <map>

#include "store_on_disk.hh"
#include "super_on_media.hh"

namespace holdfast {
namespace {

struct Shape {
  const char* name;
  uint32_t block_size;
  uint32_t atomic_write_size;
  uint32_t cluster_size;
  uint32_t metadata_pages;
  uint32_t clusters;  // of the device
  uint32_t slack;     // blocks behind the last one
  uint32_t version;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

// With the superblock and three masks, 4k - 4 metadata pages are exactly k clusters of 16 KiB.
constexpr Shape kShapes[] = {
    {"clusters of a page", 4096, 4096, 4096, 24, 61, 0, 3},
    {"clusters of a page in sectors", 512, 512, 4096, 24, 59, 7, 3},
    {"metadata in whole clusters", 4096, 4096, 16384, 20, 29, 0, 3},
    {"metadata in part of a cluster", 512, 4096, 16384, 19, 31, 5, 3},
    {"sectors", 512, 512, 16384, 20, 27, 0, 3},
    {"one metadata cluster", 512, 512, 1 << 20, 24, 11, 1, 3},
    {"large clusters", 4096, 4096, 4 << 20, 24, 6, 0, 3},
    {"version 1", 4096, 4096, 16384, 20, 29, 0, 1},
    {"version 1 in sectors", 512, 512, 16384, 20, 29, 3, 1},
    {"version 2", 4096, 4096, 16384, 20, 27, 2, 2},
    {"version 2 in sectors", 512, 512, 16384, 19, 27, 0, 2},
};

struct ModelBlob {
  uint64_t clusters = 0;
  bool read_only = false;
  std::map<std::string, std::string> xattrs;
  std::map<uint64_t, std::byte> units;  // those that are not zero: what fills each

  friend bool operator==(const ModelBlob&, const ModelBlob&) = default;
};
struct ModelStore {
  std::map<uint64_t, ModelBlob> blobs;
  std::optional<uint64_t> super_blob;

  friend bool operator==(const ModelStore&, const ModelStore&) = default;
};

DeviceGeometry geometry_of(const Shape& shape) {
  DeviceGeometry geometry;
  geometry.block_size = shape.block_size;
  geometry.atomic_write_size = shape.atomic_write_size;
  geometry.buffer_alignment = shape.block_size;
  geometry.block_count = uint64_t{shape.clusters} * shape.cluster_size / shape.block_size + shape.slack;
  geometry.discard = shape.slack == 0;
  geometry.discard_reads_zero = geometry.discard;
  return geometry;
}

// A random history on a store of some shape. Each blob is closed after each step.
class History {
 public:
  History(const Shape& shape, uint64_t seed) : shape_(shape), host_(geometry_of(shape), seed) {
    FormatOptions options;
    options.cluster_size = shape.cluster_size;
    options.metadata_pages = shape.metadata_pages;
    RC_ASSERT(host_.format(options).has_value());
    make_older(host_.media, shape.version);
    RC_ASSERT(host_.open().has_value());
    free_clusters_ = host_.store->info().free_clusters;
    free_pages_ = host_.store->info().free_metadata_pages;
  }

  void step() {
    switch (*rc::gen::inRange(0, 13)) {
      case 0:
      case 1: return create();
      case 2:
      case 3: return resize();
      case 4:
      case 5: return write();
      case 6: return clear(BlobIoKind::write_zeroes);
      case 7: return clear(BlobIoKind::unmap);
      case 8: return change_xattrs();
      case 9: return remove();
      case 10: return change_super();
      case 11: return reopen(*rc::gen::arbitrary<bool>());
      case 12: return *rc::gen::inRange(0, 4) == 0 ? make_read_only() : read_all();
    }
  }
  void finish() {
    reopen(false);
    reopen(true);
    for (const BlobId id : host_.store->blob_ids()) RC_ASSERT(host_.remove(id).has_value());
    RC_ASSERT(host_.store->info().free_clusters == free_clusters_);
    RC_ASSERT(host_.store->info().free_metadata_pages == free_pages_);
  }

 private:
  uint64_t unit() const { return shape_.block_size; }
  uint64_t units_per_cluster() const { return shape_.cluster_size / unit(); }
  uint64_t any_blob() const {
    return std::next(model_.blobs.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(model_.blobs)))
        ->first;
  }

  // One change of metadata, in one of three cases with a fault in it. `wanted` is the model after it.
  void change(const std::function<Result<>()>& perform, const ModelStore& wanted) {
    const bool faulty = *rc::gen::inRange(0, 3) == 0;
    const uint64_t failed = host_.device.failed();
    if (faulty) {
      const bool done = *rc::gen::arbitrary<bool>();
      host_.device.fail_request(
          *rc::gen::inRange<uint64_t>(0, 9),
          done ? FailingDevice::Failure::all_done : FailingDevice::Failure::nothing_done);
    }
    const Result<> result = perform();
    host_.device.heal();
    if (result) {
      model_ = wanted;
    } else if (host_.device.failed() > failed) {
      settle(wanted);
    } else {
      RC_ASSERT(result.error().code == Errc::no_space);
    }
    expect_agreement();
  }
  // Whether it happened shows after a reopen; a blob's mark as super blob goes before the blob.
  void settle(const ModelStore& wanted) {
    const bool closes = !host_.store->info().read_only && *rc::gen::arbitrary<bool>();
    RC_ASSERT((closes ? host_.close_and_open() : host_.open()).has_value());
    ModelStore unmarked = model_;
    unmarked.super_blob = wanted.super_blob;
    if (agrees(wanted)) {
      model_ = wanted;
    } else if (agrees(unmarked)) {
      model_ = unmarked;
    }
  }

  void create() {
    BlobOptions options = of_clusters(*rc::gen::inRange<uint64_t>(0, 5));
    options.thin = *rc::gen::arbitrary<bool>();
    options.extents = *rc::gen::element(ExtentFormat::automatic, ExtentFormat::runs, ExtentFormat::table);
    const std::string value(*rc::gen::inRange<std::size_t>(0, 4000), 'v');
    const XattrView xattr{.name = "a", .value = bytes_of(value)};
    options.xattrs = {&xattr, 1};
    const uint64_t failed = host_.device.failed();
    if (*rc::gen::inRange(0, 3) == 0)
      host_.device.fail_request(*rc::gen::inRange<uint64_t>(0, 9), FailingDevice::Failure::all_done);
    const Result<BlobId> id = host_.create(options);
    host_.device.heal();
    if (!id) {
      const bool faulty = host_.device.failed() > failed;
      RC_ASSERT(faulty || id.error().code == Errc::no_space);
      if (faulty) RC_ASSERT(host_.open().has_value());
    }
    ModelStore wanted = model_;
    for (const BlobId found : host_.store->blob_ids()) {  // the store chooses the new one's
      if (wanted.blobs.contains(found.value)) continue;
      wanted.blobs[found.value] = {
          .clusters = options.clusters, .read_only = false, .xattrs = {{"a", value}}, .units = {}};
    }
    RC_ASSERT(wanted.blobs.size() <= model_.blobs.size() + 1);
    RC_ASSERT(!id || wanted.blobs.contains(id->value));
    model_ = wanted;
    expect_agreement();
  }

  void resize() {
    if (model_.blobs.empty()) return;
    const uint64_t id = any_blob();
    if (model_.blobs[id].read_only) return;
    const auto clusters = *rc::gen::inRange<uint64_t>(0, 7);
    ModelStore wanted = model_;
    ModelBlob& blob = wanted.blobs[id];
    blob.clusters = clusters;
    blob.units.erase(blob.units.lower_bound(clusters * units_per_cluster()), blob.units.end());
    change([&] { return host_.run(host_.handle(BlobId{id})->resize(clusters)); }, wanted);
  }

  // A range that begins or ends near the border of a cluster.
  std::pair<uint64_t, uint64_t> any_range(const ModelBlob& blob) const {
    const uint64_t end = blob.clusters * units_per_cluster();
    const uint64_t border = *rc::gen::inRange<uint64_t>(0, blob.clusters + 1) * units_per_cluster();
    const uint64_t first = std::min(end - 1, border - std::min(border, *rc::gen::inRange<uint64_t>(0, 4)));
    return {first, std::min(end - first, *rc::gen::inRange<uint64_t>(1, 12))};
  }

  void write() {
    if (model_.blobs.empty()) return;
    const uint64_t id = any_blob();
    ModelBlob& blob = model_.blobs[id];
    if (blob.clusters == 0) return;
    const auto [first, count] = any_range(blob);
    AlignedBuffer buffer(count * unit());
    ++tag_;
    std::ranges::fill(buffer.bytes(), std::byte{tag_});
    const Result<> written =
        host_.transfer(BlobIoKind::write, *host_.handle(BlobId{id}), first * unit(), buffer.bytes());
    RC_ASSERT(written || written.error().code == (blob.read_only ? Errc::read_only : Errc::no_space));
    RC_ASSERT(!written || !blob.read_only);
    // Without a cluster for all of it, part of it may have been written: so it is zeroed.
    if (!written && !blob.read_only) return zero(blob, BlobId{id}, first, count);
    for (uint64_t i = first; written && i < first + count; ++i) blob.units[i] = std::byte{tag_};
  }
  void zero(ModelBlob& blob, BlobId id, uint64_t first, uint64_t count) {
    std::vector<std::byte> length(count * unit());
    RC_ASSERT(
        host_.transfer(BlobIoKind::write_zeroes, *host_.handle(id), first * unit(), length).has_value());
    blob.units.erase(blob.units.lower_bound(first), blob.units.lower_bound(first + count));
  }
  void clear(BlobIoKind kind) {
    if (model_.blobs.empty()) return;
    const uint64_t id = any_blob();
    ModelBlob& blob = model_.blobs[id];
    if (blob.clusters == 0 || blob.read_only) return;
    const auto [first, count] = any_range(blob);
    if (kind == BlobIoKind::write_zeroes) return zero(blob, BlobId{id}, first, count);
    std::vector<std::byte> length(count * unit());
    RC_ASSERT(host_.transfer(kind, *host_.handle(BlobId{id}), first * unit(), length).has_value());
    if (host_.device.geometry().discard_reads_zero)
      blob.units.erase(blob.units.lower_bound(first), blob.units.lower_bound(first + count));
  }

  void change_xattrs() {
    if (model_.blobs.empty()) return;
    const uint64_t id = any_blob();
    if (model_.blobs[id].read_only) return;
    const std::string name(1, *rc::gen::inRange('a', 'e'));
    const std::string value(*rc::gen::inRange<std::size_t>(0, 4000), *rc::gen::inRange('a', 'z'));
    ModelStore wanted = model_;
    const bool removes = wanted.blobs[id].xattrs.erase(name) > 0 && *rc::gen::arbitrary<bool>();
    if (!removes) wanted.blobs[id].xattrs[name] = value;
    change(
        [&]() -> Result<> {
          const BlobHandle blob = host_.handle(BlobId{id});
          HF_CHECK(removes ? blob->remove_xattr(name) : blob->set_xattr(name, bytes_of(value)));
          return host_.run(blob->sync());
        },
        wanted);
  }
  void make_read_only() {
    if (model_.blobs.empty()) return;
    const uint64_t id = any_blob();
    if (model_.blobs[id].read_only) return;
    ModelStore wanted = model_;
    wanted.blobs[id].read_only = true;
    change(
        [&]() -> Result<> {
          const BlobHandle blob = host_.handle(BlobId{id});
          HF_CHECK(blob->set_read_only());
          return host_.run(blob->sync());
        },
        wanted);
  }
  void remove() {
    if (model_.blobs.empty()) return;
    const uint64_t id = any_blob();
    ModelStore wanted = model_;
    wanted.blobs.erase(id);
    if (wanted.super_blob == id) wanted.super_blob.reset();
    change([&] { return host_.remove(BlobId{id}); }, wanted);
  }
  void change_super() {
    ModelStore wanted = model_;
    wanted.super_blob.reset();
    if (model_.blobs.empty() || *rc::gen::inRange(0, 3) == 0)
      return change([&] { return host_.run(host_.store->clear_super_blob()); }, wanted);
    wanted.super_blob = any_blob();
    change([&] { return host_.run(host_.store->set_super_blob(BlobId{*wanted.super_blob})); }, wanted);
  }

  void reopen(bool close) {
    if (!close) {
      RC_ASSERT(host_.open().has_value());
    } else {
      RC_ASSERT(host_.run(host_.store->close()).has_value());
      host_.drop();
      RC_ASSERT(super_on(host_.media).version == shape_.version);
      RC_ASSERT(host_.open().has_value());
      RC_ASSERT(host_.store->info().was_clean);
    }
    expect_agreement();
    read_all();
  }

  bool agrees(const ModelStore& model) {
    ModelStore found;
    if (const auto super_blob = host_.store->info().super_blob) found.super_blob = super_blob->value;
    for (const BlobId id : host_.store->blob_ids()) {
      const BlobHandle blob = host_.handle(id);
      ModelBlob& sight = found.blobs[id.value];
      sight.clusters = blob->clusters();
      sight.read_only = blob->read_only();
      for (const std::string_view name : blob->xattr_names())
        sight.xattrs[std::string(name)] = text_of(blob->xattr(name));
      const auto known = model.blobs.find(id.value);
      if (known != model.blobs.end()) sight.units = known->second.units;  // read_all() looks at them
    }
    return found == model;
  }
  void expect_agreement() {
    RC_ASSERT(host_.store->damaged_blobs().empty());
    RC_ASSERT(agrees(model_));
  }
  // Around each border of clusters, where everything is written.
  void read_all() {
    for (const auto& [id, blob] : model_.blobs) {
      for (uint64_t border = 0; border <= blob.clusters; ++border) {
        const uint64_t middle = border * units_per_cluster();
        const uint64_t first = middle - std::min<uint64_t>(middle, 4);
        const uint64_t count = std::min(blob.clusters * units_per_cluster() - first, uint64_t{16});
        if (count > 0) expect_content(BlobId{id}, blob, first, count);
      }
    }
  }
  void expect_content(BlobId id, const ModelBlob& blob, uint64_t first, uint64_t count) {
    AlignedBuffer buffer(count * unit());
    const std::span<std::byte> bytes = buffer.bytes();
    const Result<> read = host_.transfer(BlobIoKind::read, *host_.handle(id), first * unit(), bytes);
    RC_ASSERT((read ? "" : describe(read.error())) == "");
    for (uint64_t i = 0; i < count; ++i) {
      const auto known = blob.units.find(first + i);
      const std::byte expected = known == blob.units.end() ? std::byte{0} : known->second;
      const auto found = bytes.subspan(i * unit(), unit());
      RC_ASSERT(std::ranges::all_of(found, [expected](std::byte byte) { return byte == expected; }));
    }
  }

  const Shape& shape_;
  StoreOnDisk host_;
  ModelStore model_;
  uint64_t free_clusters_ = 0;
  uint64_t free_pages_ = 0;
  uint8_t tag_ = 0;
};

class StoreOfShape : public testing::TestWithParam<Shape> {};

TEST_P(StoreOfShape, DoesWhatAMapDoesAlsoAfterFaults) {
  EXPECT_TRUE(rc::check(GetParam().name, [] {
    History history(GetParam(), *rc::gen::arbitrary<uint64_t>());
    const auto steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) history.step();
    history.finish();
  }));
}

INSTANTIATE_TEST_SUITE_P(On, StoreOfShape, testing::ValuesIn(kShapes));

}  // namespace
}  // namespace holdfast
