// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/byte_source.hh"
#include "check/store_check.hh"
#include "format/blob_record.hh"
#include "format/redo.hh"
#include "format/super_block.hh"

namespace holdfast {

std::string hex_of(BlobId id);  // "0x100000003"
bool is_blank(const MetadataPage& media);

// A blob as its pages say, followed page by page from its root.
struct BlobReading {
  BlobId id;
  std::optional<BlobRecord> record;  // of a whole blob
  std::vector<PageIndex> pages;      // what its root leads to, as far as it could be followed
  std::vector<Finding> findings;     // an error if the blob is damaged
};

// Reads the blobs of a store one after the other. Memory: that of one blob.
class BlobReader {
 public:
  BlobReader(ByteSource& source, const StoreLayout& layout) noexcept;

  // A page that completes a root which a cut tore. All of them, before the first read().
  void add_redo(const ParsedRedo& redo) { redos_.emplace(root_of_blob_id(redo.id()), redo); }

  BlobReading read(PageIndex root);
  // The first 4096 bytes of a page that lies in the metadata region.
  Result<MetadataPage> read_page(PageIndex page);

 private:
  std::optional<MetadataPage> completed_root(PageIndex root, const MetadataPage& torn);
  bool read_chain(BlobParser& parser);
  bool read_extents(BlobParser& parser);
  bool check_chain_page(const MetadataPage& media, PageIndex page, uint32_t sequence);
  std::optional<MetadataPage> read_intact(PageIndex page, const char* role);
  void check_reserved(const MetadataPage& media, PageIndex page);
  bool damaged(const Error& error);
  bool damaged(uint64_t byte, const std::string& text);
  bool damaged(uint64_t byte, const std::string& text, const char* remedy);

  ByteSource& source_;
  const StoreLayout& layout_;
  ClusterBudget cluster_budget_;
  uint64_t wasted_budget_;
  std::multimap<PageIndex, ParsedRedo> redos_;
  BlobReading reading_;
};

}  // namespace holdfast
