// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>

#include "format/blob_record.hh"
#include "holdfast/assert.hh"

namespace holdfast {
namespace {

// Fills pages with descriptors, one after the other. A descriptor never spans pages.
class PagePacker {
 public:
  explicit PagePacker(BlobId id) : id_(id) { begin_page(); }

  // What is added from now on stands on another page.
  void begin_page() {
    MetadataPage& page = pages_.emplace_back();
    page.blob_id = id_.value;
    page.sequence = static_cast<uint32_t>(pages_.size() - 1);
    used_ = 0;
  }

  std::size_t room() const noexcept { return kDescriptorBytes - used_; }

  // The payload of a new descriptor, on the present page if it has room and on a fresh one otherwise.
  std::span<std::byte> add(DescriptorType type, std::size_t payload) {
    const std::size_t bytes = kDescriptorHeader + payload;
    HF_ASSERT(bytes <= kDescriptorBytes);
    if (bytes > room()) begin_page();
    std::byte* at = pages_.back().descriptors.data() + used_;
    const Le32 length = static_cast<uint32_t>(payload);
    at[0] = std::byte{static_cast<uint8_t>(type)};
    std::memcpy(at + 1, &length, sizeof(length));
    used_ += bytes;
    return {at + kDescriptorHeader, payload};
  }

  std::vector<MetadataPage> take() { return std::move(pages_); }

 private:
  BlobId id_;
  std::vector<MetadataPage> pages_;
  std::size_t used_ = 0;
};

template <class Number>
void put(std::span<std::byte> payload, std::size_t offset, Number number) {
  const Little<Number> bytes = number;
  std::memcpy(payload.data() + offset, &bytes, sizeof(bytes));
}

void put_flags(PagePacker& packer, const BlobFlags& flags) {
  const std::span<std::byte> payload = packer.add(DescriptorType::flags, 3 * sizeof(uint64_t));
  put(payload, 0, flags.invalid);
  put(payload, 8, flags.data_ro);
  put(payload, 16, flags.md_ro);
}

void put_xattr(PagePacker& packer, DescriptorType type, const Xattr& xattr) {
  const std::span<std::byte> payload =
      packer.add(type, kXattrLengthBytes + xattr.name.size() + xattr.value.size());
  put(payload, 0, static_cast<uint16_t>(xattr.name.size()));
  put(payload, 2, static_cast<uint16_t>(xattr.value.size()));
  std::memcpy(payload.data() + kXattrLengthBytes, xattr.name.data(), xattr.name.size());
  if (xattr.value.empty()) return;
  std::memcpy(payload.data() + kXattrLengthBytes + xattr.name.size(), xattr.value.data(), xattr.value.size());
}

struct Entry {
  uint32_t first = 0;
  uint32_t count = 0;
};

// Extent descriptors are cut where a page ends: each part is `header` followed by as many entries as fit.
void put_entries(PagePacker& packer, DescriptorType type, const std::vector<Entry>& entries,
                 std::span<const std::byte> header) {
  std::size_t next = 0;
  do {
    const std::size_t overhead = kDescriptorHeader + header.size();
    std::size_t fit =
        packer.room() >= overhead + sizeof(Entry) ? (packer.room() - overhead) / sizeof(Entry) : 0;
    if (fit == 0) fit = (kDescriptorBytes - overhead) / sizeof(Entry);  // on a fresh page
    const std::size_t count = std::min(fit, entries.size() - next);
    const std::span<std::byte> payload = packer.add(type, header.size() + count * sizeof(Entry));
    if (!header.empty()) std::memcpy(payload.data(), header.data(), header.size());
    for (std::size_t i = 0; i < count; ++i) {
      put(payload, header.size() + i * sizeof(Entry), entries[next + i].first);
      put(payload, header.size() + i * sizeof(Entry) + 4, entries[next + i].count);
    }
    next += count;
  } while (next < entries.size());
}

// Neighbouring clusters, and neighbouring holes, become one run.
std::vector<Entry> runs_of(std::span<const ClusterIndex> clusters) {
  std::vector<Entry> runs;
  for (const ClusterIndex cluster : clusters) {
    const bool continues =
        !runs.empty() && (cluster.value == 0 ? runs.back().first == 0
                                             : runs.back().first != 0 &&
                                                   runs.back().first + runs.back().count == cluster.value);
    if (continues) {
      ++runs.back().count;
    } else {
      runs.push_back({cluster.value, 1});
    }
  }
  return runs;
}

std::vector<Entry> table_of(std::span<const PageIndex> extent_pages) {
  std::vector<Entry> entries;
  for (const PageIndex page : extent_pages) {
    if (page.value == 0 && !entries.empty() && entries.back().first == 0) {
      ++entries.back().count;
    } else {
      entries.push_back({page.value, 1});
    }
  }
  return entries;
}

void put_extents(PagePacker& packer, const BlobRecord& record) {
  if (record.has_extent_table()) {
    const Le64 clusters = record.clusters.size();
    put_entries(packer, DescriptorType::extent_table, table_of(record.extent_pages),
                std::as_bytes(std::span(&clusters, 1)));
  } else if (!record.clusters.empty()) {
    put_entries(packer, DescriptorType::extent_runs, runs_of(record.clusters), {});
  }
}

}  // namespace

std::vector<MetadataPage> encode_blob(const BlobRecord& record, RootForm form) {
  PagePacker packer(record.id);
  if (form == RootForm::pointer) packer.begin_page();
  put_flags(packer, record.flags);
  for (const Xattr& xattr : record.xattrs) put_xattr(packer, DescriptorType::xattr, xattr);
  for (const Xattr& xattr : record.internal_xattrs) put_xattr(packer, DescriptorType::internal_xattr, xattr);
  put_extents(packer, record);
  return packer.take();
}

void link_chain(std::span<MetadataPage> pages, std::span<const PageIndex> chain) {
  HF_ASSERT(pages.size() == chain.size());
  for (std::size_t i = 0; i < pages.size(); ++i) {
    pages[i].next = i + 1 < pages.size() ? chain[i + 1].value : kNoPage;
    pages[i].crc = page_checksum(pages[i]);
  }
}

ExtentSlot extent_slot(std::span<const ClusterIndex> clusters_of_blob, std::size_t index) noexcept {
  const std::size_t first = index * kClustersPerExtentPage;
  const std::size_t count = std::min<std::size_t>(kClustersPerExtentPage, clusters_of_blob.size() - first);
  return {.index = index, .clusters = clusters_of_blob.subspan(first, count)};
}

MetadataPage encode_extent_page(BlobId id, const ExtentSlot& slot) {
  PagePacker packer(id);
  const std::span<std::byte> payload =
      packer.add(DescriptorType::extent_page, sizeof(uint32_t) * (1 + slot.clusters.size()));
  put(payload, 0, static_cast<uint32_t>(slot.index * kClustersPerExtentPage));
  for (std::size_t i = 0; i < slot.clusters.size(); ++i)
    put(payload, sizeof(uint32_t) * (1 + i), slot.clusters[i].value);
  MetadataPage page = packer.take().front();
  page.crc = page_checksum(page);
  return page;
}

}  // namespace holdfast
