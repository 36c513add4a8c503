// SPDX-License-Identifier: BSD-3-Clause
#include "fault_scene.hh"

#include <algorithm>

#include "holdfast/simdisk/combinations.hh"

namespace holdfast {
namespace {

constexpr uint64_t kPagesPerCluster = kTestCluster / kTestPage;
constexpr uint64_t kOtherPages = 2 * kPagesPerCluster;
constexpr uint32_t kMetadataPages = 40;
constexpr uint64_t kFarCluster = 520;  // of a thin blob: it stands in its second extent page

std::vector<std::byte> long_value(char letter) {
  return std::vector<std::byte>(3900, static_cast<std::byte>(letter));
}

FormatOptions scene_format() {
  FormatOptions options = small_store();
  options.metadata_pages = kMetadataPages;
  options.type = StoreType::named("BEFORE");
  return options;
}

BlobOptions thin_blob(uint64_t clusters, ExtentFormat extents) {
  BlobOptions options = of_clusters(clusters);
  options.thin = true;
  options.extents = extents;
  return options;
}

// The pages of a blob that tell whether its content is right.
std::vector<uint64_t> pages_to_look_at(uint64_t clusters) {
  std::vector<uint64_t> pages;
  for (uint64_t page = 0; page < std::min<uint64_t>(clusters, 3) * kPagesPerCluster; ++page)
    pages.push_back(page);
  if (clusters > kFarCluster) pages.push_back(kFarCluster * kPagesPerCluster);
  if (clusters > 3) pages.push_back(clusters * kPagesPerCluster - 1);
  return pages;
}

BlobSight sight_of(StoreOnDisk& host, Blob& blob) {
  BlobSight sight;
  sight.clusters = blob.clusters();
  sight.read_only = blob.read_only();
  for (const std::string_view name : blob.xattr_names())
    sight.xattrs[std::string(name)] = text_of(blob.xattr(name));
  for (const uint64_t page : pages_to_look_at(sight.clusters)) {
    const std::vector<std::byte> content = host.read_pages(blob, page, 1);
    EXPECT_EQ(content.size(), 1U) << "page " << page << " of blob " << blob.id().value;
    sight.pages.insert(sight.pages.end(), content.begin(), content.end());
  }
  return sight;
}

BlobId create_with_long_xattrs(StoreOnDisk& host, BlobOptions options) {
  const std::vector<std::byte> a = long_value('a');
  const std::vector<std::byte> b = long_value('b');
  const std::vector<XattrView> xattrs{
      {.name = "old", .value = bytes_of("1")}, {.name = "a", .value = a}, {.name = "b", .value = b}};
  options.xattrs = xattrs;
  return host.create(options).value();
}

BlobId no_target(StoreOnDisk&) { return {}; }

BlobId short_target(StoreOnDisk& host) {
  const XattrView xattr{.name = "old", .value = bytes_of("1")};
  BlobOptions options = of_clusters(2);
  options.xattrs = {&xattr, 1};
  const BlobId id = host.create(options).value();
  EXPECT_TRUE(host.write_pages(*host.handle(id), 0, 2 * kPagesPerCluster, 4));
  return id;
}

BlobId long_target(StoreOnDisk& host) {
  const BlobId id = create_with_long_xattrs(host, of_clusters(2));
  EXPECT_TRUE(host.write_pages(*host.handle(id), 0, 2 * kPagesPerCluster, 4));
  return id;
}

BlobId thin_target(StoreOnDisk& host, ExtentFormat extents) {
  const BlobId id = host.create(thin_blob(600, extents)).value();
  EXPECT_TRUE(host.write_pages(*host.handle(id), 0, 1, 4));
  return id;
}
BlobId thin_target_with_runs(StoreOnDisk& host) { return thin_target(host, ExtentFormat::runs); }
BlobId thin_target_with_table(StoreOnDisk& host) { return thin_target(host, ExtentFormat::table); }
BlobId thin_target_written_far(StoreOnDisk& host) {
  const BlobId id = thin_target_with_table(host);
  EXPECT_TRUE(host.write_pages(*host.handle(id), kFarCluster * kPagesPerCluster, 1, 4));
  return id;
}

BlobId super_target(StoreOnDisk& host) {
  const BlobId id = short_target(host);
  EXPECT_TRUE(host.run(host.store->set_super_blob(id)));
  return id;
}

Result<> create_thick(StoreOnDisk& host, BlobId) {
  const std::vector<std::byte> value = long_value('c');
  const std::vector<XattrView> xattrs{{.name = "c", .value = value}, {.name = "d", .value = value}};
  BlobOptions options = of_clusters(3);
  options.xattrs = xattrs;
  HF_CHECK(host.create(options));
  return {};
}

Result<> create_thin(StoreOnDisk& host, BlobId) {
  HF_CHECK(host.create(thin_blob(600, ExtentFormat::automatic)));
  return {};
}

Result<> sync_short(StoreOnDisk& host, BlobId id) {
  const BlobHandle blob = host.handle(id);
  HF_CHECK(blob->set_xattr("old", bytes_of("2")));
  return host.run(blob->sync());
}

Result<> sync_to_several_pages(StoreOnDisk& host, BlobId id) {
  const BlobHandle blob = host.handle(id);
  HF_CHECK(blob->set_xattr("c", long_value('c')));
  HF_CHECK(blob->set_xattr("d", long_value('d')));
  HF_CHECK(blob->set_xattr("e", long_value('e')));
  return host.run(blob->sync());
}

Result<> sync_to_one_page(StoreOnDisk& host, BlobId id) {
  const BlobHandle blob = host.handle(id);
  HF_CHECK(blob->remove_xattr("a"));
  HF_CHECK(blob->remove_xattr("b"));
  return host.run(blob->sync());
}

Result<> write_near(StoreOnDisk& host, BlobId id) {
  return host.write_pages(*host.handle(id), kPagesPerCluster + 1, 1, 6, true);
}
Result<> write_far(StoreOnDisk& host, BlobId id) {
  return host.write_pages(*host.handle(id), kFarCluster * kPagesPerCluster, 1, 6, true);
}

auto resize_to(uint64_t clusters) {
  return [clusters](StoreOnDisk& host, BlobId id) { return host.run(host.handle(id)->resize(clusters)); };
}

Result<> remove_it(StoreOnDisk& host, BlobId id) { return host.remove(id); }

Result<> set_super_blob(StoreOnDisk& host, BlobId id) { return host.run(host.store->set_super_blob(id)); }
Result<> clear_super_blob(StoreOnDisk& host, BlobId) { return host.run(host.store->clear_super_blob()); }
Result<> set_type(StoreOnDisk& host, BlobId) {
  return host.run(host.store->set_type(StoreType::named("AFTER")));
}

Result<> make_read_only(StoreOnDisk& host, BlobId id) {
  const BlobHandle blob = host.handle(id);
  HF_CHECK(blob->set_read_only());
  return host.run(blob->sync());
}

}  // namespace

StoreSight sight_of(StoreOnDisk& host) {
  StoreSight sight;
  for (const BlobId id : host.store->blob_ids()) sight.blobs[id.value] = sight_of(host, *host.handle(id));
  const Blobstore::Info info = host.store->info();
  sight.super_blob = info.super_blob;
  sight.type = info.type;
  return sight;
}

DeviceGeometry FaultDevice::geometry(uint32_t atomic) const {
  DeviceGeometry geometry;
  geometry.block_size = std::min(atomic_write_size, written_by);
  geometry.block_count = (11 + kTestClusters) * kTestCluster / geometry.block_size;
  geometry.atomic_write_size = atomic;
  geometry.volatile_cache = volatile_cache;
  geometry.fua = fua;
  geometry.discard = discard;
  geometry.discard_reads_zero = discard;
  return geometry;
}

void PrintTo(const FaultDevice& device, std::ostream* out) { *out << device.name; }

std::vector<FaultDevice> fault_devices() {
  std::vector<FaultDevice> devices;
  for (const auto& [sizes, atomic, written_by] :
       {std::tuple("pages", 4096U, 4096U), {"sectors", 512U, 512U}, {"converted to sectors", 512U, 4096U}}) {
    const std::string name = sizes;
    devices.push_back({name + ", cache", atomic, written_by, true, false, true});
    devices.push_back({name + ", cache with FUA", atomic, written_by, true, true, false});
    devices.push_back({name + ", no cache", atomic, written_by, false, false, false});
  }
  return devices;
}

std::vector<FaultDevice> fault_devices_without_cache() {
  std::vector<FaultDevice> devices = fault_devices();
  std::erase_if(devices, [](const FaultDevice& device) { return device.volatile_cache; });
  return devices;
}

std::vector<Operation> fault_operations() {
  return {
      {"create a thick blob with xattrs", no_target, create_thick},
      {"create a thin blob", no_target, create_thin},
      {"sync a short xattr", short_target, sync_short},
      {"sync a chain that grows", short_target, sync_to_several_pages},
      {"sync a chain that shrinks", long_target, sync_to_one_page},
      {"write first to a thin blob with runs", thin_target_with_runs, write_near},
      {"write first to an extent page that is there", thin_target_with_table, write_near},
      {"write first to an extent page that is not there", thin_target_with_table, write_far},
      {"grow a thick blob", short_target, resize_to(5)},
      {"grow a thin blob with runs", thin_target_with_runs, resize_to(1300)},
      {"grow a thin blob with a table", thin_target_with_table, resize_to(1300)},
      {"shrink a thick blob", short_target, resize_to(1)},
      {"shrink a thin blob", thin_target_written_far, resize_to(100)},
      {"shrink a blob to nothing", long_target, resize_to(0)},
      {"delete a blob", long_target, remove_it},
      {"delete a thin blob", thin_target_written_far, remove_it},
      {"delete the super blob", super_target, remove_it, true},
      {"set the super blob", short_target, set_super_blob},
      {"clear the super blob", super_target, clear_super_blob},
      {"set the type", no_target, set_type},
      {"make a blob read-only", short_target, make_read_only},
  };
}

FaultScene::FaultScene(const FaultDevice& device, const Operation& operation, bool clean)
    : device_(device), operation_(operation), clean_(clean) {
  StoreOnDisk host(device_.geometry(device_.written_by));
  prepare(host);
  std::vector<std::byte> page(simdisk::kMediaPage);
  for (uint64_t i = 0; i < host.media.size() / page.size(); ++i) {
    host.media.read(i * page.size(), page);
    const bool zero = std::ranges::all_of(page, [](std::byte byte) { return byte == std::byte{0}; });
    if (!zero) image_.emplace_back(i, page);
  }
  const std::unique_ptr<StoreOnDisk> undisturbed = begin();
  before_ = sight_of(*undisturbed);
  EXPECT_TRUE(perform(*undisturbed)) << name();
  after_ = sight_of(*undisturbed);
  EXPECT_NE(before_, after_) << name();
}

void FaultScene::prepare(StoreOnDisk& host) {
  ASSERT_TRUE(host.format(scene_format()));
  ASSERT_TRUE(host.open());
  all_clusters_ = host.store->info().free_clusters;
  all_pages_ = host.store->info().free_metadata_pages;
  others_.push_back(create_with_long_xattrs(host, of_clusters(2)));
  target_ = operation_.prepare(host);
  others_.push_back(host.create(thin_blob(6, ExtentFormat::table)).value());
  for (const BlobId other : others_) ASSERT_TRUE(host.write_pages(*host.handle(other), 0, kOtherPages, 1));
  ASSERT_TRUE(host.flush());
  if (clean_) {
    ASSERT_TRUE(host.run(host.store->close()));
  }
  host.drop();
}

std::unique_ptr<StoreOnDisk> FaultScene::begin() const {
  auto host = std::make_unique<StoreOnDisk>(device_.geometry(device_.atomic_write_size));
  for (const auto& [index, page] : image_) host->media.write(index * page.size(), page, 0);
  const Result<> opened = host->open();
  EXPECT_TRUE(opened) << name();
  EXPECT_EQ(host->store->info().was_clean, clean_);
  return host;
}

std::string FaultScene::name() const {
  return operation_.name + " (" + device_.name + (clean_ ? ", clean store)" : ", dirty store)");
}

void FaultScene::expect_it_goes_on(StoreOnDisk& host) const {
  for (const BlobId other : others_) {
    const BlobHandle blob = host.handle(other);
    EXPECT_EQ(sight_of(host, *blob), before_.blobs.at(other.value));
    EXPECT_TRUE(host.write_pages(*blob, 1, 3, 2));
    EXPECT_EQ(host.read_pages(*blob, 1, 1), std::vector{StoreOnDisk::pattern(2, 1)});
    EXPECT_TRUE(host.write_pages(*blob, 1, 3, 1));
  }
  EXPECT_TRUE(host.flush());
  const Result<BlobId> created = host.create(of_clusters(1));
  EXPECT_TRUE(created);
  EXPECT_TRUE(created && host.remove(*created));
}

bool FaultScene::expect_whole_or_absent(StoreOnDisk& host) const {
  EXPECT_TRUE(host.store->damaged_blobs().empty());
  const StoreSight sight = sight_of(host);
  StoreSight between = before_;
  if (operation_.in_two_steps) between.super_blob.reset();
  const bool happened = same(sight, after_);
  EXPECT_TRUE(happened || sight == before_ || sight == between);
  return happened;
}

// A creation beside blobs that were not there before makes a blob of another id.
bool FaultScene::same(const StoreSight& a, const StoreSight& b) const {
  if (target_ != BlobId{} || a.blobs.size() != b.blobs.size()) return a == b;
  const auto equal = [](const auto& one, const auto& other) { return one.second == other.second; };
  return std::ranges::is_permutation(a.blobs, b.blobs, equal) && a.super_blob == b.super_blob &&
         a.type == b.type;
}

void FaultScene::expect_no_leak(StoreOnDisk& host) const {
  for (const BlobId id : host.store->blob_ids()) EXPECT_TRUE(host.remove(id));
  expect_empty(host);
  EXPECT_TRUE(host.close_and_open());
  expect_empty(host);
}

void FaultScene::expect_empty(const StoreOnDisk& host) const {
  const Blobstore::Info info = host.store->info();
  EXPECT_TRUE(host.store->blob_ids().empty());
  EXPECT_FALSE(info.super_blob);
  EXPECT_EQ(info.free_clusters, all_clusters_);
  EXPECT_EQ(info.free_metadata_pages, all_pages_);
}

void expect_at_each_cut(StoreOnDisk& host, const std::function<void(StoreOnDisk&)>& check) {
  const simdisk::CrashSet cut = host.disk.crash_set();
  simdisk::SeededChoices choices(1);
  simdisk::CombinationCursor combinations(cut, 4096, choices);
  EXPECT_TRUE(combinations.exhaustive());
  std::span<const uint32_t> selection;
  while (!testing::Test::HasFailure() && combinations.next(selection)) {
    const simdisk::Media::Mark mark = host.media.mark();
    cut.apply(selection);
    StoreOnDisk after(host.disk.geometry());
    std::vector<std::byte> page(simdisk::kMediaPage);
    for (uint64_t byte = 0; byte < host.media.size(); byte += page.size()) {
      host.media.read(byte, page);
      after.media.write(byte, page, 0);
    }
    host.media.rollback(mark);
    EXPECT_TRUE(after.open());
    if (after.store != nullptr) check(after);
  }
}

}  // namespace holdfast
