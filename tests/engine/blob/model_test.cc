// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "store_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kPagesOfACluster = kTestCluster / kTestPage;

constexpr std::size_t kXattrBytes = 1500;  // two of them fill a metadata page

struct ModelBlob {
  std::map<std::string, std::vector<std::byte>> committed;
  std::map<std::string, std::vector<std::byte>> staged;
  std::vector<std::byte> pages;  // one byte for each page of data
};

// A random history of a store, carried out on the store and on a map, which agree at every step.
class Story {
 public:
  explicit Story(uint64_t seed) : host_(small_disk(), seed) {
    RC_ASSERT(host_.format().has_value());
    RC_ASSERT(host_.open().has_value());
  }

  void step() {
    switch (*rc::gen::inRange(0, 14)) {
      case 0:
      case 1:
      case 2: create(); break;
      case 3:
      case 4: set_xattr(); break;
      case 5: remove_xattr(); break;
      case 6:
      case 7: sync(); break;
      case 8: remove(); break;
      case 9:
      case 10: write(); break;
      case 11: RC_ASSERT(host_.flush().has_value()); break;
      case 12: reopen(*rc::gen::arbitrary<bool>()); break;
      case 13: drop_handle(); break;
    }
    RC_ASSERT(free_clusters() == host_.store->info().free_clusters);
  }

  // Everything that can be seen, through handles that stay open and without them.
  void expect_agreement() {
    std::vector<BlobId> ids;
    for (const auto& [id, blob] : blobs_) ids.push_back(BlobId{id});
    RC_ASSERT(host_.store->blob_ids() == ids);
    RC_ASSERT(host_.store->damaged_blobs().empty());
    for (const auto& [id, blob] : blobs_) {
      const BlobHandle handle = host_.handle(BlobId{id});
      std::map<std::string, std::vector<std::byte>> xattrs;
      for (const std::string_view name : handle->xattr_names()) {
        const auto value = handle->xattr(name).value();
        xattrs[std::string(name)] = {value.begin(), value.end()};
      }
      RC_ASSERT(xattrs == blob.staged);
      RC_ASSERT(handle->clusters() * kPagesOfACluster == blob.pages.size());
      RC_ASSERT(host_.read_pages(*handle, 0, blob.pages.size()) == blob.pages);
    }
    RC_ASSERT(free_clusters() == host_.store->info().free_clusters);
  }

  // Without close() the roots alone say what is taken: as much as the
  // running store counts, or something leaked.
  void reopen(bool closed) {
    handles_.clear();
    for (auto& [id, blob] : blobs_) blob.staged = blob.committed;
    const uint64_t free_pages = host_.store->info().free_metadata_pages;
    RC_ASSERT((closed ? host_.close_and_open() : host_.open()).has_value());
    RC_ASSERT(host_.store->info().was_clean || !closed);
    RC_ASSERT(host_.store->info().free_metadata_pages == free_pages);
    expect_agreement();
  }

 private:
  uint64_t free_clusters() const {
    uint64_t used = 0;
    for (const auto& [id, blob] : blobs_) used += blob.pages.size() / kPagesOfACluster;
    return kTestClusters - used;
  }
  uint64_t any_blob() const {
    return std::next(blobs_.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(blobs_)))->first;
  }
  Blob& open(uint64_t id) {
    const auto known = handles_.find(id);
    if (known != handles_.end()) return *known->second;
    return *handles_.emplace(id, host_.handle(BlobId{id})).first->second;
  }
  std::string any_name() const { return std::string(1, *rc::gen::inRange('a', 'f')); }
  std::vector<std::byte> any_value() {
    return std::vector<std::byte>(*rc::gen::inRange<std::size_t>(0, kXattrBytes), std::byte{++tag_});
  }

  void create() {
    const auto clusters = *rc::gen::inRange<uint64_t>(0, 7);
    const std::string name = any_name();
    const std::vector<std::byte> value = any_value();
    const XattrView xattr{.name = name, .value = value};
    BlobOptions options = of_clusters(clusters);
    options.xattrs = {&xattr, 1};
    const uint64_t free_pages = host_.store->info().free_metadata_pages;
    const Result<BlobId> id = host_.create(options);
    RC_ASSERT(id.has_value() == (clusters <= free_clusters() && free_pages > 0));
    if (!id) {
      RC_ASSERT(id.error().code == Errc::no_space);
      RC_ASSERT(host_.store->info().free_metadata_pages == free_pages);
      return;
    }
    RC_ASSERT(!blobs_.contains(id->value));
    ModelBlob& blob = blobs_[id->value];
    blob.committed[name] = value;
    blob.staged = blob.committed;
    blob.pages.resize(clusters * kPagesOfACluster);
  }
  void set_xattr() {
    if (blobs_.empty()) return;
    const uint64_t id = any_blob();
    const std::string name = any_name();
    blobs_[id].staged[name] = any_value();
    RC_ASSERT(open(id).set_xattr(name, blobs_[id].staged[name]).has_value());
  }
  void remove_xattr() {
    if (blobs_.empty()) return;
    const uint64_t id = any_blob();
    const std::string name = any_name();
    const bool known = blobs_[id].staged.erase(name) > 0;
    RC_ASSERT(open(id).remove_xattr(name).has_value() == known);
  }
  void sync() {
    if (blobs_.empty()) return;
    const uint64_t id = any_blob();
    const uint64_t free_pages = host_.store->info().free_metadata_pages;
    const Result<> synced = host_.run(open(id).sync());
    if (synced) {
      blobs_[id].committed = blobs_[id].staged;
    } else {
      RC_ASSERT(synced.error().code == Errc::no_space);
      RC_ASSERT(free_pages < 2U);  // five names need at most two pages behind the root
      RC_ASSERT(host_.store->info().free_metadata_pages == free_pages);
    }
  }
  void remove() {
    if (blobs_.empty()) return;
    const uint64_t id = any_blob();
    const bool is_open = handles_.contains(id);
    const Result<> removed = host_.remove(BlobId{id});
    RC_ASSERT(removed.has_value() == !is_open);
    if (removed) blobs_.erase(id);
  }
  void write() {
    if (blobs_.empty()) return;
    const uint64_t id = any_blob();
    std::vector<std::byte>& pages = blobs_[id].pages;
    if (pages.empty()) return;
    const auto first = *rc::gen::inRange<uint64_t>(0, pages.size());
    const auto count = *rc::gen::inRange<uint64_t>(1, pages.size() - first + 1);
    ++tag_;
    RC_ASSERT(host_.write_pages(open(id), first, count, tag_, *rc::gen::arbitrary<bool>()).has_value());
    for (uint64_t i = first; i < first + count; ++i) pages[i] = StoreOnDisk::pattern(tag_, i);
  }
  void drop_handle() {
    if (handles_.empty()) return;
    const auto which = *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(handles_));
    const auto handle = std::next(handles_.begin(), which);
    ModelBlob& blob = blobs_[handle->first];
    blob.staged = blob.committed;
    handles_.erase(handle);
  }

  StoreOnDisk host_;
  std::map<uint64_t, ModelBlob> blobs_;
  std::map<uint64_t, BlobHandle> handles_;
  uint8_t tag_ = 0;
};

RC_GTEST_PROP(StoreModel, AStoreDoesWhatAMapDoes, ()) {
  Story story(*rc::gen::arbitrary<uint64_t>());
  const auto steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) story.step();
  story.expect_agreement();
  story.reopen(false);
  story.reopen(true);
}

}  // namespace
}  // namespace holdfast
