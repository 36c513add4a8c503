// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/bitmap.hh"
#include "format/blob_record.hh"
#include "format/redo.hh"
#include "format/super_block.hh"

namespace holdfast {

struct DamagedBlob {
  BlobId id;
  Error error;
};

// What the metadata pages of a store say, taken together.
struct ReplayedStore {
  std::vector<BlobRecord> blobs;      // in ascending order of id
  std::vector<DamagedBlob> damaged;   // in ascending order of id
  std::vector<Redo> redos;            // conversions that a cut left unfinished; their pages are used
  Bitmap used_pages;                  // everything that some root names, damaged roots included
  Bitmap used_clusters;               // the same; metadata clusters not included

  // The clusters as a cluster mask counts them: with those that hold the store's own metadata.
  Bitmap clusters_in_mask(const StoreLayout& layout) const;
};

// Pages next to each other that are wanted, as many as one request may bring.
struct PageRun {
  PageIndex first;
  uint32_t count = 0;  // 0: there are no more
};
PageRun next_run(const Bitmap& wanted, PageIndex from, uint32_t at_most) noexcept;

// Rebuilds a store from its metadata pages alone, as after a power cut. A page is a root if its first words
// say so: its own id, sequence 0. A root stands for a blob; everything else counts only if a root leads to
// it. One damaged blob never hides another. Memory: what the used part of valid pages takes.
class MetadataReplay {
 public:
  explicit MetadataReplay(const StoreLayout& layout);

  // Every md page once, or every one that the masks of a clean store call used, in ascending order; `bytes`
  // holds at least its first 4096 bytes.
  void add_page(PageIndex index, std::span<const std::byte> bytes);
  // In its place, for a page that the device does not give: it may hold anything, a root too.
  void add_unreadable_page(PageIndex index) { unreadable_.push_back(index); }
  ReplayedStore finish();

 private:
  struct Page {
    uint32_t index = 0;
    uint32_t sequence = 0;
    uint32_t next = kNoPage;
    bool intact = false;
    bool empty = false;  // without a descriptor, and zero where they would be
    uint64_t blob_id = 0;
    uint64_t begin = 0;  // of its descriptors, in descriptors_
    uint64_t length = 0;
  };

  struct TornRoot {
    PageIndex index;
    SectorChecksums sectors;
  };
  struct FoundRedo {
    PageIndex page;
    ParsedRedo redo;
  };

  void complete_torn_roots();
  bool complete_root(const ParsedRedo& redo);
  const Page* find(PageIndex index) const noexcept;
  std::span<const std::byte> descriptors_of(const Page& page) const noexcept;
  Result<BlobRecord> read_blob(const Page& root);
  Result<BlobRecord> parse_blob(const Page& root, BlobParser& parser) const;
  Result<> read_chain(const Page& root, BlobParser& parser) const;
  Result<> read_extents(BlobParser& parser) const;
  void claim(const BlobRecord& record);
  void claim_pages_of_damaged(const Page& root);
  void report_unreadable_pages();
  void find_double_owners();

  const StoreLayout& layout_;
  std::vector<Page> pages_;
  std::vector<std::byte> descriptors_;
  std::vector<TornRoot> torn_roots_;
  std::vector<FoundRedo> redos_;
  std::vector<PageIndex> unreadable_;
  ClusterBudget cluster_budget_;
  ReplayedStore store_;
  bool doubly_owned_ = false;
};

}  // namespace holdfast
