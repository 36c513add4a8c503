// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "core/bitmap.hh"
#include "durability/evidence.hh"
#include "holdfast/ids.hh"
#include "holdfast/result.hh"

namespace holdfast::durability {

// Metadata pages and clusters that belong to something.
struct OwnedSpace {
  std::vector<PageIndex> pages;
  std::vector<ClusterIndex> clusters;

  void add(const OwnedSpace& other) {
    pages.insert(pages.end(), other.pages.begin(), other.pages.end());
    clusters.insert(clusters.end(), other.clusters.begin(), other.clusters.end());
  }
};

// Which metadata pages and clusters are taken. Space is given out before media name it, and taken back only
// with evidence that media name it no more. [A1] every page and every
// cluster has at most one owner. Home executor only.
class Space {
 public:
  Space(Bitmap used_pages, Bitmap used_clusters) noexcept
      : pages_(std::move(used_pages)), clusters_(std::move(used_clusters)) {}

  // A damaged blob may own any page or cluster that no intact object owns: nothing is given out any more.
  void seal() noexcept { sealed_ = true; }
  bool sealed() const noexcept { return sealed_; }

  Result<PageIndex> reserve_root_page();
  Result<std::vector<PageIndex>> reserve_chain_pages(uint64_t count);
  Result<std::vector<ClusterIndex>> reserve_clusters(uint64_t count);
  Result<> check_free_clusters(uint64_t count) const;

  // Gives back what was reserved and never named on media.
  void cancel(const OwnedSpace& reserved) noexcept { take_back(reserved); }

  // [B2] after a commit, what it replaced; [B3] after a delete, what the blob owned; [B4] after a conversion,
  // its redo.
  void release(const OwnedSpace& freed, Durable<Barrier::B2>) noexcept { take_back(freed); }
  void release(const OwnedSpace& freed, Durable<Barrier::B3>) noexcept { take_back(freed); }
  void release(const OwnedSpace& freed, Durable<Barrier::B4>) noexcept { take_back(freed); }

  const Bitmap& used_pages() const noexcept { return pages_; }
  const Bitmap& used_clusters() const noexcept { return clusters_; }

 private:
  Result<PageIndex> reserve_page_from(uint64_t first);
  void take_back(const OwnedSpace& space) noexcept;

  Bitmap pages_;
  Bitmap clusters_;
  bool sealed_ = false;
};

}  // namespace holdfast::durability
