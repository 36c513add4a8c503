// SPDX-License-Identifier: BSD-3-Clause
#include "check/blob_reader.hh"

#include <algorithm>
#include <charconv>

namespace holdfast {
namespace {

// As many clusters as the engine handles; one blob gets half of what is left at most.
constexpr uint64_t kClustersBeyondDevice = uint64_t{1} << 26;
// What blobs may take that turn out to be damaged, which costs time and no more. After that, a blob is
// believed if it is at most twice as large as the device.
constexpr uint64_t kWastedClusters = uint64_t{1} << 30;
// Their names are compared with each other.
constexpr uint64_t kMostXattrs = 10'000;

constexpr const char* kRestore =
    "; the blob cannot be opened: copy the other blobs to a new store, and take this one from a backup";
constexpr const char* kUpdate = "; open it with a version that does";

std::string named(PageIndex page) { return "metadata page " + std::to_string(page.value); }

}  // namespace

std::string hex_of(BlobId id) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), id.value, 16).ptr;
  return "0x" + std::string(digits, end);
}

bool is_blank(const MetadataPage& media) {
  const auto bytes = std::as_bytes(std::span(&media, 1));
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

BlobReader::BlobReader(ByteSource& source, const StoreLayout& layout) noexcept
    : source_(source),
      layout_(layout),
      cluster_budget_(kClustersBeyondDevice + uint64_t{2} * layout.total_clusters),
      wasted_budget_(kWastedClusters) {}

BlobReading BlobReader::read(PageIndex root) {
  reading_ = {.id = blob_id_of_root(root), .record = {}, .pages = {root}, .findings = {}};
  xattrs_ = 0;
  const uint64_t always = uint64_t{2} * layout_.total_clusters;
  BlobParser parser(reading_.id, layout_, std::min(cluster_budget_ / 2, std::max(wasted_budget_, always)));
  const bool chain = read_chain(parser);
  for (const PageIndex page : parser.extent_pages()) {
    if (page.value != 0) reading_.pages.push_back(page);
  }
  if (chain && read_extents(parser)) {
    Result<BlobRecord> record = parser.finish();
    if (record) {
      cluster_budget_ -= record->clusters.size();
      reading_.record = std::move(*record);
    } else {
      damaged(record.error());
    }
  }
  if (!reading_.record) wasted_budget_ -= std::min(wasted_budget_, parser.clusters_so_far());
  return std::move(reading_);
}

// Sequence numbers rise by one along a chain, so a chain that comes back to itself ends where they do not.
bool BlobReader::read_chain(BlobParser& parser) {
  PageIndex page = root_of_blob_id(reading_.id);
  for (uint32_t sequence = 0;; ++sequence) {
    const auto media = read_intact(page, sequence == 0 ? "root" : "chain page");
    if (!media || !check_chain_page(*media, page, sequence)) return false;
    if (sequence != 0) reading_.pages.push_back(page);
    if (!check_xattr_count(*media, page)) return false;
    if (const Result<> added = parser.add_chain_page(page, media->descriptors); !added)
      return damaged(added.error());
    if (media->next == kNoPage) return true;
    const uint64_t byte = layout_.byte_of_page(page);
    page = PageIndex{media->next};
    if (page.value >= layout_.md_len) {
      return damaged(byte, "its chain leads to " + named(page) + ", which is outside of the metadata region");
    }
  }
}

bool BlobReader::check_chain_page(const MetadataPage& media, PageIndex page, uint32_t sequence) {
  const uint64_t byte = layout_.byte_of_page(page);
  if (media.blob_id != reading_.id.value) {
    return damaged(byte, "its chain leads to " + named(page) + ", which belongs to blob " +
                             hex_of(BlobId{media.blob_id}));
  }
  if (media.sequence != sequence) {
    if (std::ranges::find(reading_.pages, page) != reading_.pages.end()) {
      return damaged(byte, "its chain comes back to " + named(page) + " and never ends");
    }
    return damaged(byte, "the sequence of its chain is broken: " + named(page) + " has number " +
                             std::to_string(media.sequence) + " where " + std::to_string(sequence) +
                             " is expected");
  }
  check_reserved(media, page);
  return true;
}

bool BlobReader::check_xattr_count(const MetadataPage& media, PageIndex page) {
  DescriptorWalk walk(media.descriptors);
  Descriptor descriptor;
  while (walk.next(descriptor) == DescriptorWalk::Step::descriptor) {
    const auto type = static_cast<DescriptorType>(descriptor.type);
    if (type == DescriptorType::xattr || type == DescriptorType::internal_xattr) ++xattrs_;
  }
  if (xattrs_ <= kMostXattrs) return true;
  return damaged(layout_.byte_of_page(page), "it has more xattrs than this check handles");
}

// Extent pages keep the id of the blob that wrote them, any blob: a snapshot's table names pages with its
// clone's id.
bool BlobReader::read_extents(BlobParser& parser) {
  const std::vector<PageIndex>& table = parser.extent_pages();
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    std::optional<MetadataPage> media;
    std::span<const std::byte> descriptors;
    if (table[slot].value != 0) {
      media = read_intact(table[slot], "extent page");
      if (!media) return false;
      if ((media->blob_id & kBlobIdFlag) == 0) {
        return damaged(layout_.byte_of_page(table[slot]),
                       "its extent table names " + named(table[slot]) + ", which carries no blob's id");
      }
      if (media->sequence != 0) {
        return damaged(layout_.byte_of_page(table[slot]),
                       "its extent table names " + named(table[slot]) + ", which continues another chain");
      }
      check_reserved(*media, table[slot]);
      descriptors = media->descriptors;
    }
    if (const Result<> added = parser.add_extent_page(slot, descriptors); !added)
      return damaged(added.error());
  }
  return true;
}

std::optional<MetadataPage> BlobReader::read_intact(PageIndex page, const char* role) {
  const uint64_t byte = layout_.byte_of_page(page);
  const Result<MetadataPage> media = read_page(page);
  if (!media) {
    damaged(byte, std::string("its ") + role + ", " + named(page) + ", cannot be read from the disk");
  } else if (is_blank(*media)) {
    damaged(byte, std::string("its ") + role + ", " + named(page) + ", is missing: there are only zeroes");
  } else if (media->crc != page_checksum(*media)) {
    damaged(byte,
            std::string("the checksum of its ") + role + ", " + named(page) + ", does not match its bytes");
  } else {
    return *media;
  }
  return std::nullopt;
}

Result<MetadataPage> BlobReader::read_page(PageIndex page) {
  MetadataPage media;
  HF_CHECK(source_.read(layout_.byte_of_page(page), std::as_writable_bytes(std::span(&media, 1))));
  return media;
}

void BlobReader::check_reserved(const MetadataPage& media, PageIndex page) {
  if (media.reserved == 0) return;
  reading_.findings.push_back(
      {.severity = Severity::warning,
       .object = ObjectKind::metadata_page,
       .number = page.value,
       .byte = layout_.byte_of_page(page) + offsetof(MetadataPage, reserved),
       .text = "reserved bytes of a page of blob " + hex_of(reading_.id) +
               " are not zero; a newer version may have written them, and a change of the blob clears them"});
}

bool BlobReader::damaged(const Error& error) {
  return damaged(error.byte, error.reason, error.code == Errc::unsupported ? kUpdate : kRestore);
}

bool BlobReader::damaged(uint64_t byte, const std::string& text) { return damaged(byte, text, kRestore); }

bool BlobReader::damaged(uint64_t byte, const std::string& text, const char* remedy) {
  reading_.findings.push_back({.severity = Severity::error,
                               .object = ObjectKind::blob,
                               .number = reading_.id.value,
                               .byte = byte,
                               .text = text + remedy});
  return false;
}

}  // namespace holdfast
