// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store_on_disk.hh"

namespace holdfast {

// What a caller sees of a blob, and of a store.
struct BlobSight {
  uint64_t clusters = 0;
  bool read_only = false;
  std::map<std::string, std::string> xattrs;
  std::vector<std::byte> pages;  // of those that are looked at: one byte each

  friend bool operator==(const BlobSight&, const BlobSight&) = default;
};
struct StoreSight {
  std::map<uint64_t, BlobSight> blobs;
  std::optional<BlobId> super_blob;
  StoreType type;

  friend bool operator==(const StoreSight&, const StoreSight&) = default;
};
StoreSight sight_of(StoreOnDisk& host);

// A device, and which device the store on it was written by.
struct FaultDevice {
  std::string name;
  uint32_t atomic_write_size = 4096;
  uint32_t written_by = 4096;  // the atomic_write_size of that device: what 4096 wrote, 512 converts
  bool volatile_cache = true;
  bool fua = false;
  bool discard = false;

  DeviceGeometry geometry(uint32_t atomic) const;
};
void PrintTo(const FaultDevice& device, std::ostream* out);
std::vector<FaultDevice> fault_devices();
std::vector<FaultDevice> fault_devices_without_cache();  // on which nothing is flushed

// Something that is done to a store, and may be done again after it failed.
struct Operation {
  std::string name;
  // The blob that it is done to; an operation without one makes a blob.
  std::function<BlobId(StoreOnDisk&)> prepare;
  std::function<Result<>(StoreOnDisk&, BlobId)> perform;
  bool in_two_steps = false;  // the super blob's mark goes before the blob
};
std::vector<Operation> fault_operations();

// A store with two blobs that nothing happens to, and one to which the operation is done; as often as wanted.
class FaultScene {
 public:
  FaultScene(const FaultDevice& device, const Operation& operation, bool clean);

  // The store before the operation, open on a disk of its own.
  std::unique_ptr<StoreOnDisk> begin() const;
  Result<> perform(StoreOnDisk& host) const { return operation_.perform(host, target_); }

  bool clean() const noexcept { return clean_; }
  BlobId target() const noexcept { return target_; }
  const StoreSight& before() const noexcept { return before_; }
  const StoreSight& after() const noexcept { return after_; }
  std::string name() const;

  // The other blobs are as they were, and all that works still works: writes, reads, a creation, a deletion.
  void expect_it_goes_on(StoreOnDisk& host) const;
  // The operation happened or did not, and nothing else did. True: it happened.
  bool expect_whole_or_absent(StoreOnDisk& host) const;
  // After its last blob is deleted the store has all its space, now and after a reopen.
  void expect_no_leak(StoreOnDisk& host) const;

 private:
  void prepare(StoreOnDisk& host);
  bool same(const StoreSight& a, const StoreSight& b) const;
  void expect_empty(const StoreOnDisk& host) const;

  FaultDevice device_;
  Operation operation_;
  bool clean_;
  std::vector<std::pair<uint64_t, std::vector<std::byte>>> image_;  // pages that are not zero
  std::vector<BlobId> others_;
  BlobId target_;
  uint64_t all_clusters_ = 0;
  uint64_t all_pages_ = 0;
  StoreSight before_;
  StoreSight after_;
};

// Opens what each power cut at this moment may leave, on a disk of its own.
void expect_at_each_cut(StoreOnDisk& host, const std::function<void(StoreOnDisk&)>& check);

}  // namespace holdfast
