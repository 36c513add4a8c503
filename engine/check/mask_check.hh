// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/blob_reader.hh"
#include "check/ownership.hh"
#include "core/bitmap.hh"
#include "format/mask.hh"

namespace holdfast {

// What the masks of a clean store should say.
struct RootsSay {
  Bitmap used_pages;
  Bitmap used_clusters;  // those of the store's own metadata included
  Bitmap blob_ids;
  bool damaged_blobs = false;  // of which nobody knows all that they own
};

// Holds the masks of a clean store against its roots.
class MaskCheck {
 public:
  MaskCheck(ByteSource& source, const StoreLayout& layout, BlobReader& reader, const RootsSay& say) noexcept
      : source_(source), layout_(layout), reader_(reader), say_(say) {}

  std::vector<Finding> run();

 private:
  struct Differences {
    NumberRanges unmarked;
    NumberRanges unowned;
  };

  static Differences compare(const Bitmap& mask, const Bitmap& roots);
  std::optional<Bitmap> read_mask(MaskType type);
  void check_blob_ids(const Bitmap& mask, const std::optional<Bitmap>& page_mask);
  void report_lost(PageIndex root, const char* state);
  void report(MaskType type, const Differences& differences);
  void add(Severity severity, MaskType type, uint64_t bit, std::string text);

  ByteSource& source_;
  const StoreLayout& layout_;
  BlobReader& reader_;
  const RootsSay& say_;
  bool lost_blobs_ = false;
  std::vector<Finding> findings_;
};

}  // namespace holdfast
