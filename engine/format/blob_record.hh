// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/metadata_page.hh"
#include "holdfast/ids.hh"
#include "holdfast/result.hh"

namespace holdfast {

struct Xattr {
  std::string name;
  std::vector<std::byte> value;

  friend bool operator==(const Xattr&, const Xattr&) = default;
};

// Three words of flags. Bits that this library does not know are kept; an unknown bit of `invalid` forbids
// opening, of `data_ro` all changes, of `md_ro` changes of metadata.
struct BlobFlags {
  static constexpr uint64_t kThin = 1 << 0;
  static constexpr uint64_t kInternalXattr = 1 << 1;
  static constexpr uint64_t kExtentTable = 1 << 2;
  static constexpr uint64_t kExternalSnapshot = 1 << 3;
  static constexpr uint64_t kKnownInvalid = kThin | kInternalXattr | kExtentTable | kExternalSnapshot;
  static constexpr uint64_t kReadOnly = 1 << 0;
  static constexpr uint64_t kKnownDataReadOnly = kReadOnly;
  static constexpr uint64_t kClearMethod = 3;
  static constexpr uint64_t kKnownMetadataReadOnly = kClearMethod;

  uint64_t invalid = 0;
  uint64_t data_ro = 0;
  uint64_t md_ro = 0;

  friend bool operator==(const BlobFlags&, const BlobFlags&) = default;
};

inline constexpr uint32_t kClustersPerExtentPage = 512;

// A blob's metadata, decoded and checked.
struct BlobRecord {
  BlobId id;
  BlobFlags flags;
  std::vector<Xattr> xattrs;            // in the order of media
  std::vector<Xattr> internal_xattrs;
  std::vector<ClusterIndex> clusters;   // 0: not allocated (thin blobs only)
  std::vector<PageIndex> extent_pages;  // one for each 512 clusters of a blob with an extent table; 0: none
  std::vector<PageIndex> chain;  // the root first
  bool pointer_root = false;  // the root page on media holds no descriptor, only the link to its chain
  bool unknown_descriptors = false;  // media hold more than this library would write back

  bool thin() const noexcept { return (flags.invalid & BlobFlags::kThin) != 0; }
  bool has_extent_table() const noexcept { return (flags.invalid & BlobFlags::kExtentTable) != 0; }
  bool data_read_only() const noexcept { return flags.data_ro != 0 || unfinished(); }
  bool metadata_read_only() const noexcept {
    return data_read_only() || (flags.md_ro & ~BlobFlags::kKnownMetadataReadOnly) != 0 || unknown_descriptors;
  }
  // The snapshot that unallocated clusters are read from.
  std::optional<BlobId> parent() const noexcept;
  bool has_parent() const noexcept { return parent() || (flags.invalid & BlobFlags::kExternalSnapshot) != 0; }
  // A snapshot whose creation or deletion was cut short: another blob may name the same clusters.
  bool unfinished() const noexcept;

  friend bool operator==(const BlobRecord&, const BlobRecord&) = default;
};

// How many clusters the blobs of one store may have together. A few bytes on media must not take gigabytes of
// memory; but thin blobs may be larger than the device. Blobs are counted in ascending order of their ids,
// and one of them gets half of what is left at most: were it all, a blob of absurd size would take the room
// of all that follow.
class ClusterBudget {
 public:
  explicit ClusterBudget(const StoreLayout& layout) noexcept
      : left_(kBeyondDevice + uint64_t{2} * layout.total_clusters) {}

  uint64_t largest_blob() const noexcept { return std::min<uint64_t>(left_ / 2, UINT32_MAX); }
  void take(uint64_t clusters) noexcept { left_ -= clusters; }

 private:
  static constexpr uint64_t kBeyondDevice = uint64_t{1} << 26;
  uint64_t left_;
};

inline constexpr std::size_t kXattrLengthBytes = 4;
inline constexpr std::size_t kLargestXattr = kDescriptorBytes - kDescriptorHeader - kXattrLengthBytes;
Result<> check_xattr(std::string_view name, std::span<const std::byte> value);

// Decodes a blob from the descriptors of its pages, in the order of its chain, then from its extent pages.
class BlobParser {
 public:
  // A blob with more clusters than `cluster_budget` is refused.
  BlobParser(BlobId id, const StoreLayout& layout, uint64_t cluster_budget)
      : layout_(layout), cluster_budget_(cluster_budget) {
    record_.id = id;
  }

  Result<> add_chain_page(PageIndex page, std::span<const std::byte> descriptors);
  // After the last chain page: which extent pages to read, in order;
  // index 0 stands for 512 unallocated clusters.
  const std::vector<PageIndex>& extent_pages() const noexcept { return record_.extent_pages; }
  Result<> add_extent_page(std::size_t slot, std::span<const std::byte> descriptors);
  // How much of its budget the blob has taken so far, also when a page was refused.
  uint64_t clusters_so_far() const noexcept { return record_.clusters.size(); }
  Result<BlobRecord> finish();

 private:
  Result<> add_descriptor(const Descriptor& descriptor);
  Result<> add_flags(std::span<const std::byte> payload);
  Result<> add_xattr(std::span<const std::byte> payload, std::vector<Xattr>& xattrs);
  Result<> add_runs(std::span<const std::byte> payload);
  Result<> add_table(std::span<const std::byte> payload);
  Result<> add_clusters(ClusterIndex first, uint64_t count);
  Error broken(const char* reason) const;

  const StoreLayout& layout_;
  uint64_t cluster_budget_;
  BlobRecord record_;
  PageIndex page_;
  std::set<std::pair<bool, std::string>> names_;  // of xattrs: internal or not, and the name
  bool first_descriptor_ = true;
  bool has_runs_ = false;
  bool has_table_ = false;
  uint64_t table_clusters_ = 0;
};

// Where the descriptors of a blob begin. A device that does not write a whole page atomically gets pointer
// roots: everything stands in continuation pages, and a commit changes the last sector of the root alone
// (docs/format-extensions.md).
enum class RootForm : uint8_t { whole, pointer };

// The metadata of a blob as chain pages in SPDK's order: flags, xattrs, internal xattrs, extents. Page i
// belongs on chain page i; link_chain() names the places and seals the pages.
std::vector<MetadataPage> encode_blob(const BlobRecord& record, RootForm form = RootForm::whole);
void link_chain(std::span<MetadataPage> pages, std::span<const PageIndex> chain);

// One slot of an extent table: up to 512 clusters of a blob.
struct ExtentSlot {
  std::size_t index = 0;
  std::span<const ClusterIndex> clusters;
};
ExtentSlot extent_slot(std::span<const ClusterIndex> clusters_of_blob, std::size_t index) noexcept;
constexpr std::size_t extent_slots(uint64_t clusters) {
  return (clusters + kClustersPerExtentPage - 1) / kClustersPerExtentPage;
}
MetadataPage encode_extent_page(BlobId id, const ExtentSlot& slot);

}  // namespace holdfast
