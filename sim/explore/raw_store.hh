// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/store_check.hh"
#include "format/replay.hh"
#include "format/super_block.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast::sim {

// The xattr by which a blob is recognised after a cut.
inline constexpr std::string_view kNameXattr = "name";
// As scenarios know it; nothing: it has no name.
std::optional<std::string> name_of(const BlobRecord& blob);

// A root on media, and the pages of its chain as far as they can be followed, whether intact or not.
struct RootOnMedia {
  // Of the sectors that say that it is a root and where its chain begins; where pages tear, the others are
  // the same in every version of a root.
  simdisk::EventNumber written_at(const simdisk::Media& media) const;

  BlobId id;
  uint64_t page = 0;            // media page of the root
  std::vector<uint64_t> chain;  // media pages behind the root
};

// What media say, read with the format library alone and not through the engine.
struct RawStore {
  Result<CheckedSuper> super = Error{};
  ReplayedStore replayed;
  std::vector<RootOnMedia> roots;
  bool masks_agree = true;  // with the roots
  CheckReport check;        // the offline checker's opinion
};
RawStore read_raw_store(const simdisk::Media& media, uint32_t block_size);

// Reads the stores of one case's disk and remembers them: of many states the metadata are the same. What it
// looks at on media does not depend on what it remembers.
class RawStores {
 public:
  std::shared_ptr<const RawStore> read(const simdisk::Media& media, uint32_t block_size);

 private:
  std::map<simdisk::Hash128, std::shared_ptr<const RawStore>> stores_;
};

}  // namespace holdfast::sim
