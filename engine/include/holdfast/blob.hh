// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "holdfast/ids.hh"
#include "holdfast/result.hh"
#include "holdfast/task.hh"

namespace holdfast {

// An open blob. Home executor only, except that channels on any thread read and write its data while a handle
// is held.
class Blob {
 public:
  virtual BlobId id() const noexcept = 0;
  virtual uint64_t clusters() const noexcept = 0;
  virtual uint64_t allocated_clusters() const noexcept = 0;  // those that take space on the device
  virtual uint64_t size() const noexcept = 0;  // bytes: clusters() times the cluster size
  virtual bool thin() const noexcept = 0;
  virtual bool read_only() const noexcept = 0;

  // The views live until the xattr changes.
  virtual Result<std::span<const std::byte>> xattr(std::string_view name) const = 0;
  virtual std::vector<std::string_view> xattr_names() const = 0;

  // Change the blob in memory; sync() makes it durable. A name and its value share one descriptor of 4072
  // bytes, 9 of which are its header: longer ones end with invalid_argument. What was not synced is forgotten
  // with the blob's last handle.
  virtual Result<> set_xattr(std::string_view name, std::span<const std::byte> value) = 0;
  virtual Result<> remove_xattr(std::string_view name) = 0;  // not_found
  // Once synced there is no way back: data, size and metadata stay as they are, and the blob can be deleted.
  virtual Result<> set_read_only() = 0;

  // Makes the changes that were made before this call durable, all or none. A blob without changes costs
  // nothing. After an error the changes are still there, and sync() may be called again. It also ends the
  // doubt that a failed resize() or Blobstore::delete_blob() left.
  virtual Task<> sync() = 0;

  // Another size, durable when the call ends; unsynced changes stay unsynced. What a thick blob gains is
  // allocated and cleared. What is cut off is gone: requests to it that are in progress end first, later ones
  // end with out_of_range. After an error the blob has its former size; after one of a shrinking, media may
  // hold the smaller blob, and writes to it end with read_only until a sync() or resize() works. no_space,
  // invalid_argument (larger than a blob can be), read_only.
  virtual Task<> resize(uint64_t clusters) = 0;

 protected:
  friend class BlobHandle;
  virtual void handle_added() noexcept = 0;
  virtual void handle_dropped() noexcept = 0;
  virtual ~Blob() = default;
};

// Keeps a blob open.
class BlobHandle {
 public:
  BlobHandle() = default;
  explicit BlobHandle(Blob& blob) noexcept : blob_(&blob) { blob_->handle_added(); }
  BlobHandle(const BlobHandle& other) noexcept : blob_(other.blob_) {
    if (blob_ != nullptr) blob_->handle_added();
  }
  BlobHandle(BlobHandle&& other) noexcept : blob_(std::exchange(other.blob_, nullptr)) {}
  BlobHandle& operator=(BlobHandle other) noexcept {
    std::swap(blob_, other.blob_);
    return *this;
  }
  ~BlobHandle() {
    if (blob_ != nullptr) blob_->handle_dropped();
  }

  explicit operator bool() const noexcept { return blob_ != nullptr; }
  Blob& operator*() const noexcept { return *blob_; }
  Blob* operator->() const noexcept { return blob_; }

 private:
  Blob* blob_ = nullptr;
};

}  // namespace holdfast
