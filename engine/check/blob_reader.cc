// SPDX-License-Identifier: BSD-3-Clause
#include "check/blob_reader.hh"

#include <algorithm>
#include <charconv>

namespace holdfast {
namespace {

// What blobs may take that turn out to be damaged, which costs time and no more. After that, a blob is
// believed if it is at most twice as large as the device.
constexpr uint64_t kWastedClusters = uint64_t{1} << 30;

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
  return is_zero(std::as_bytes(std::span(&media, 1)));
}

BlobReader::BlobReader(ByteSource& source, const StoreLayout& layout) noexcept
    : source_(source), layout_(layout), cluster_budget_(layout), wasted_budget_(kWastedClusters) {}

BlobReading BlobReader::read(PageIndex root) {
  reading_ = {.id = blob_id_of_root(root), .record = {}, .pages = {root}, .findings = {}};
  const uint64_t always = uint64_t{2} * layout_.total_clusters;
  BlobParser parser(reading_.id, layout_,
                    std::min(cluster_budget_.largest_blob(), std::max(wasted_budget_, always)));
  const bool chain = read_chain(parser);
  for (const PageIndex page : parser.extent_pages()) {
    if (page.value != 0) reading_.pages.push_back(page);
  }
  if (chain && read_extents(parser)) {
    Result<BlobRecord> record = parser.finish();
    if (record) {
      cluster_budget_.take(record->clusters.size());
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
    if (auto completed = completed_root(page, *media)) return completed;
    damaged(byte,
            std::string("the checksum of its ") + role + ", " + named(page) + ", does not match its bytes");
  } else {
    return *media;
  }
  return std::nullopt;
}

std::optional<MetadataPage> BlobReader::completed_root(PageIndex root, const MetadataPage& torn) {
  const SectorChecksums sectors = sector_checksums(std::as_bytes(std::span(&torn, 1)));
  const auto [first, last] = redos_.equal_range(root);
  const auto redo =
      std::find_if(first, last, [&sectors](const auto& each) { return each.second.completes(sectors); });
  if (redo == last) return std::nullopt;
  reading_.findings.push_back(
      {.severity = Severity::note,
       .object = ObjectKind::blob,
       .number = reading_.id.value,
       .byte = layout_.byte_of_page(root),
       .text = "its root was being converted when the power failed; nothing is lost, and the next change "
               "through Holdfast completes it"});
  return redo->second.root;
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
