// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <optional>
#include <span>

#include "format/metadata_page.hh"
#include "format/super_block.hh"
#include "holdfast/ids.hh"

namespace holdfast {

// Where a page may tear, a root that holds descriptors is converted once to a pointer root, which changes all
// of its sectors. A redo is a copy of the new root on a free page, durable before the root is touched, and
// written when what it names is durable: a root that an earlier try tore is completed from it at once. It
// carries the checksum of each sector that it replaces, in a descriptor of type 0, which every reader skips.
// A torn root is completed from a redo, if each of its sectors is the redo's or the one that it replaces; an
// intact root makes it meaningless (docs/format-extensions.md).

using SectorChecksums = std::array<uint32_t, kPageSize / kSectorBytes>;
SectorChecksums sector_checksums(std::span<const std::byte> page) noexcept;

// The root of a blob whose descriptors all stand behind it, from `next` on.
MetadataPage pointer_root(BlobId id, PageIndex next) noexcept;

// The redo of a pointer root that replaces this page.
MetadataPage make_redo(const MetadataPage& pointer_root, const MetadataPage& replaced) noexcept;

// What a page says that is a redo: intact, and nothing else.
struct ParsedRedo {
  MetadataPage root;
  SectorChecksums replaced{};

  BlobId id() const noexcept { return BlobId{root.blob_id}; }
  // Whether a cut in the midst of the replacement can have left these sectors.
  bool completes(const SectorChecksums& torn) const noexcept;
};
std::optional<ParsedRedo> parse_redo(PageIndex index, const MetadataPage& page, uint32_t md_len) noexcept;

// A redo on media. `needed`: its root is torn, and is to be written.
struct Redo {
  PageIndex page;
  bool needed = false;
  MetadataPage root;
};

}  // namespace holdfast
