// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "holdfast/blob.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/ids.hh"
#include "holdfast/options.hh"
#include "holdfast/task.hh"

namespace holdfast {

class StoreState;

// A blobstore on a block device, in SPDK's on-disk format (version 3; versions 1 and 2 are read and kept).
//
// Thread: all calls, and the destructor, on the home executor, which also runs what the calls have to do
// later. Data goes through channels (channel.hh) on any thread.
//
// What an acknowledgement promises:
//   format, destroy, close                                 durable
//   create_blob, delete_blob, set_super_blob, set_type     durable
//   Blob::sync, resize                                     durable
//   Blob::set_xattr, remove_xattr, set_read_only           nothing: they change memory until Blob::sync
//   a write through a channel                              visible; durable after a flush that was submitted
//                                                          later, or with FUA. The cluster that it may have
//                                                          allocated in a thin blob is durable, as zeroes.
//
// Lifetime: the device outlives the store; the store outlives its blobs' handles and its channels. Destroying
// the store without close() is legal at any time at which no call is in progress, and loses nothing that was
// acknowledged: the next open rebuilds what close() would have written. Destructors write nothing.
class Blobstore {
 public:
  // Makes an empty store. The device's former content is lost. Ends with already_exists where a store begins
  // and options.replace_existing is not set, invalid_argument for impossible options, no_space for a device
  // that is too small.
  static Task<> format(BlockDevice& device, Executor& home, FormatOptions options);

  // Opens a store. Of one that was closed it reads what its masks say is in use; after an unclean end it
  // reads all metadata, which is the recovery; it writes nothing. Damaged blobs do not keep the others from
  // opening: see damaged_blobs(). While there are any, nothing is allocated
  // (OpenOptions::allocate_beside_damage), and close() leaves the store marked dirty. Errors: not_a_store,
  // corrupt (the superblock), unsupported, wrong_type, device_failed.
  static Task<std::unique_ptr<Blobstore>> open(BlockDevice& device, Executor& home, OpenOptions options);

  ~Blobstore();

  // Marks the store clean. Ends with busy while a blob is open. After any other end, only destruction is
  // left. Where an operation failed and there is no metadata page to make its blob's state certain, the store
  // stays dirty: the next open finds out.
  Task<> close();

  // Removes the store: the device holds none afterwards. Ends with busy while a blob is open. After it,
  // whatever its end, only destruction is left.
  Task<> destroy();

  // One blob that the program finds without knowing its id. not_found if there is no such blob. A deleted
  // blob is no longer the super blob.
  Task<> set_super_blob(BlobId id);
  Task<> clear_super_blob();
  // unsupported: a store of version 1 has no type.
  Task<> set_type(StoreType type);

  // The new blob's id. Ids are used again after a delete.
  Task<BlobId> create_blob(BlobOptions options);

  // A handle on a blob; the same blob may be opened many times. not_found, corrupt (damaged), unsupported.
  Result<BlobHandle> open_blob(BlobId id);

  // Ends with busy while the blob is open or a clone depends on it, not_found, corrupt (damaged) or
  // unsupported.
  Task<> delete_blob(BlobId id);

  struct Info {
    uint32_t version = 0;
    StoreType type;
    std::optional<BlobId> super_blob;
    uint32_t cluster_size = 0;  // bytes
    uint32_t io_unit_size = 0;  // bytes: offsets and lengths of data are multiples of it
    uint64_t total_clusters = 0;  // for data
    uint64_t free_clusters = 0;
    uint64_t free_metadata_pages = 0;
    bool read_only = false;
    bool was_clean = false;  // at open
    bool read_by_masks = false;  // at open: OpenOptions::trust_clean_mark, and what it needs
  };
  Info info() const;

  std::vector<BlobId> blob_ids() const;  // in ascending order, damaged ones not included

  struct Damage {
    BlobId id;
    Error error;  // what is wrong, and where
  };
  std::span<const Damage> damaged_blobs() const;

 private:
  friend class BlobDevice;
  friend class Channel;
  explicit Blobstore(std::unique_ptr<StoreState> state) noexcept;
  std::unique_ptr<StoreState> state_;
};

}  // namespace holdfast
