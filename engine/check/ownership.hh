// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "core/bitmap.hh"
#include "format/super_block.hh"
#include "holdfast/error.hh"
#include "holdfast/ids.hh"

namespace holdfast {

// Ranges of numbers, as text: the first few, and how many numbers there are in all.
class NumberRanges {
 public:
  void add(uint64_t first, uint64_t count);

  bool empty() const noexcept { return total_ == 0; }
  uint64_t first() const noexcept { return shown_.empty() ? 0 : shown_.front().first; }
  // "cluster 5", "clusters 5 to 8, 12", "clusters 5 to 8, 12 and others, 230 in all"
  std::string named(const char* noun) const;

 private:
  struct Range {
    uint64_t first = 0;
    uint64_t last = 0;
  };

  std::vector<Range> shown_;
  uint64_t total_ = 0;
  bool more_ = false;
};

// Who owns the pages and clusters of a store. Owners are numbers that the caller gives to its blobs.
class Ownership {
 public:
  using Owner = uint32_t;
  static constexpr Owner kOthers = ~Owner{0};  // too many to name them

  // What two owners claim, or one claims twice.
  struct Shared {
    ObjectKind kind = ObjectKind::cluster;
    Owner first = 0;
    Owner second = 0;
    NumberRanges what;
  };

  explicit Ownership(const StoreLayout& layout);

  void claim_page(PageIndex page, Owner owner);
  // What lies one after the other is claimed as one.
  void claim_clusters(std::span<const ClusterIndex> clusters, Owner owner);
  // After the last claim.
  std::vector<Shared> find_shared();

  const Bitmap& pages() const noexcept { return pages_; }
  const Bitmap& clusters() const noexcept { return clusters_; }

 private:
  struct Claim {
    uint32_t first = 0;
    uint32_t count = 0;
    Owner owner = 0;

    uint64_t end() const noexcept { return uint64_t{first} + count; }
  };
  using Pair = std::tuple<ObjectKind, Owner, Owner>;

  void find_shared_clusters();
  void share(ObjectKind kind, Owner a, Owner b, uint64_t first, uint64_t count);

  Bitmap pages_;
  Bitmap clusters_;
  std::map<uint32_t, Owner> page_owners_;
  std::vector<Claim> claims_;
  std::map<Pair, NumberRanges> shared_;
};

}  // namespace holdfast
