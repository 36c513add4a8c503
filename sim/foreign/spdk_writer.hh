// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foreign/requests.hh"
#include "format/blob_record.hh"
#include "format/mask.hh"
#include "format/replay.hh"
#include "holdfast/aligned_buffer.hh"

namespace holdfast::sim {

// What a blob is created as.
struct SpdkBlob {
  uint64_t clusters = 0;
  bool thin = false;
  bool table = true;  // extents in pages of their own, as SPDK does by default; otherwise as runs
  std::vector<Xattr> xattrs;
};

// A program that uses a store as SPDK's blobstore does (releases from 20.01 on): the same bytes in the same
// order. It never flushes, rewrites roots, extent pages and the superblock in place, believes the masks of a
// clean store, and writes them when it unloads. It knows nothing of pointer roots, beyond what every reader
// of the format makes of them, and nothing of redos. One operation at a time. Snapshots and clones are not
// imitated.
class SpdkWriter {
 public:
  explicit SpdkWriter(BlockChannel& channel) : channel_(channel) {}
  SpdkWriter(const SpdkWriter&) = delete;
  SpdkWriter& operator=(const SpdkWriter&) = delete;

  // First. Nothing is written to a clean store until its metadata change.
  Task<> load();
  // Last. Without it, the store stays as dirty as it is.
  Task<> unload();

  // The blob whose xattr `name` says so.
  std::optional<BlobId> find(std::string_view name) const;
  // Which id create() will give.
  std::optional<BlobId> next_id() const;

  // Each is on the device when it ends, which is not to say that it is durable. What an operation that fails
  // had taken stays taken.
  Task<BlobId> create(const SpdkBlob& wanted);
  Task<> set_xattr(BlobId id, const Xattr& xattr);
  Task<> resize(BlobId id, uint64_t clusters);
  Task<> remove(BlobId id);
  // `bytes` is aligned as the device demands.
  Task<> write(BlobId id, uint64_t offset, std::span<std::byte> bytes);

 private:
  Task<> send(std::span<const ForeignRequest> requests);
  Task<> read(uint64_t byte, std::span<std::byte> into);
  Task<> write_page(PageIndex place, const MetadataPage& page);
  Task<> read_super(AlignedBuffer& page);
  Task<> write_super(const CheckedSuper& super);

  Task<> load_by_masks();
  Task<> recover();
  Task<Bitmap> read_mask(const PageRegion& region, MaskType type, uint64_t bits);
  Task<ReplayedStore> read_blobs(const Bitmap& pages);
  void claim_everything();
  Task<> write_masks();
  Task<> write_mask(const PageRegion& region, MaskType type, const Bitmap& bits);
  Task<> mark_dirty();

  // A commit: `next` replaces the blob of its id, if there is one.
  Task<> persist(BlobRecord next);
  Task<> write_extent_pages(const BlobRecord& former, const BlobRecord& next);
  Task<> write_chain_and_root(BlobRecord& next);
  Task<> zero_pages(std::span<const PageIndex> pages);
  Task<> discard(std::span<const ClusterIndex> clusters);
  Task<> allocate(BlobId id, std::size_t cluster);
  Task<> write_part(BlobId id, uint64_t offset, std::span<std::byte> bytes);

  Result<BlobRecord> change(BlobId id) const;
  Result<PageIndex> take_page(uint64_t from);
  Result<ClusterIndex> take_cluster();
  Result<> change_size(BlobRecord& blob, uint64_t clusters);
  void release(std::span<const PageIndex> pages, std::span<const ClusterIndex> clusters);

  BlockChannel& channel_;
  StoreLayout layout_;
  bool marked_dirty_ = false;
  Bitmap used_pages_;
  Bitmap used_clusters_;
  std::map<uint64_t, BlobRecord> blobs_;  // by id
};

}  // namespace holdfast::sim
