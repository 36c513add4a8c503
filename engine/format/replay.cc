// SPDX-License-Identifier: BSD-3-Clause
#include "format/replay.hh"

#include <algorithm>
#include <cstring>
#include <map>

namespace holdfast {
namespace {

Error damage(BlobId id, uint64_t byte, const char* reason) {
  return {
      .code = Errc::corrupt, .object = ObjectKind::blob, .number = id.value, .byte = byte, .reason = reason};
}

// How many bytes of a page's descriptors mean something: up to the one
// that ends them, or all of them if one is broken.
std::size_t used_length(std::span<const std::byte> descriptors) {
  DescriptorWalk walk(descriptors);
  Descriptor descriptor;
  for (;;) {
    switch (walk.next(descriptor)) {
      case DescriptorWalk::Step::descriptor: break;
      case DescriptorWalk::Step::end: return walk.position(descriptors);
      case DescriptorWalk::Step::broken: return descriptors.size();
    }
  }
}

}  // namespace

PageRun next_run(const Bitmap& wanted, PageIndex from, uint32_t at_most) noexcept {
  uint32_t first = from.value;
  while (first < wanted.size() && !wanted.test(first)) ++first;
  PageRun run{.first = PageIndex{first}, .count = 0};
  while (run.count < at_most && first + run.count < wanted.size() && wanted.test(first + run.count))
    ++run.count;
  return run;
}

Bitmap ReplayedStore::clusters_in_mask(const StoreLayout& layout) const {
  Bitmap clusters = used_clusters;
  for (uint32_t i = 0; i < layout.first_data_cluster.value; ++i) clusters.set(i);
  return clusters;
}

MetadataReplay::MetadataReplay(const StoreLayout& layout) : layout_(layout), cluster_budget_(layout) {
  store_.used_pages = Bitmap(layout.md_len);
  store_.used_clusters = Bitmap(layout.total_clusters);
}

void MetadataReplay::add_page(PageIndex index, std::span<const std::byte> bytes) {
  Le64 blob_id;
  std::memcpy(&blob_id, bytes.data(), sizeof(blob_id));
  if ((blob_id & kBlobIdFlag) == 0) return;  // blank, or never written

  MetadataPage media;
  std::memcpy(&media, bytes.data(), sizeof(media));
  Page page{.index = index.value, .sequence = media.sequence, .next = media.next, .blob_id = media.blob_id};
  page.intact = media.crc == page_checksum(media);
  const bool root = page.blob_id == blob_id_of_root(index).value && page.sequence == 0;
  if (!page.intact && !root) return;
  if (!page.intact) torn_roots_.push_back({index, sector_checksums(bytes.first(kPageSize))});
  if (const auto redo = parse_redo(index, media, layout_.md_len)) return redos_.push_back({index, *redo});
  if (page.intact) {
    page.empty = is_zero(media.descriptors);
    page.begin = descriptors_.size();
    page.length = used_length(media.descriptors);
    descriptors_.insert(descriptors_.end(), media.descriptors.begin(),
                        media.descriptors.begin() + static_cast<std::ptrdiff_t>(page.length));
  }
  pages_.push_back(page);
}

ReplayedStore MetadataReplay::finish() {
  complete_torn_roots();
  for (const Page& page : pages_) {
    if (page.blob_id != blob_id_of_root(PageIndex{page.index}).value || page.sequence != 0) continue;
    Result<BlobRecord> record = read_blob(page);
    if (record) {
      claim(*record);
      store_.blobs.push_back(std::move(*record));
    } else {
      claim_pages_of_damaged(page);
      store_.damaged.push_back({BlobId{page.blob_id}, record.error()});
    }
  }
  if (doubly_owned_) find_double_owners();
  report_unreadable_pages();
  std::sort(store_.damaged.begin(), store_.damaged.end(),
            [](const DamagedBlob& a, const DamagedBlob& b) { return a.id < b.id; });
  return std::move(store_);
}

// Every redo keeps its page until it is erased, whether it is needed or came too early or too late.
void MetadataReplay::complete_torn_roots() {
  for (const FoundRedo& found : redos_) {
    store_.used_pages.set(found.page.value);
    store_.redos.push_back(
        {.page = found.page, .needed = complete_root(found.redo), .root = found.redo.root});
  }
}

bool MetadataReplay::complete_root(const ParsedRedo& redo) {
  const PageIndex index = root_of_blob_id(redo.id());
  const auto torn =
      std::lower_bound(torn_roots_.begin(), torn_roots_.end(), index,
                       [](const TornRoot& root, PageIndex wanted) { return root.index < wanted; });
  if (torn == torn_roots_.end() || torn->index != index || !redo.completes(torn->sectors)) return false;
  Page& root = pages_[static_cast<std::size_t>(find(index) - pages_.data())];
  if (root.intact) return false;  // by another redo
  root.intact = true;
  root.empty = true;
  root.next = redo.root.next;
  return true;
}

Result<BlobRecord> MetadataReplay::read_blob(const Page& root) {
  const BlobId id{root.blob_id};
  if (!root.intact) {
    return damage(id, layout_.byte_of_page(PageIndex{root.index}), "the checksum of its root does not match");
  }
  BlobParser parser(id, layout_, cluster_budget_.largest_blob());
  Result<BlobRecord> record = parse_blob(root, parser);
  cluster_budget_.take(record ? record->clusters.size() : parser.clusters_so_far());
  if (record) record->pointer_root = root.empty && root.next != kNoPage;
  return record;
}

Result<BlobRecord> MetadataReplay::parse_blob(const Page& root, BlobParser& parser) const {
  HF_CHECK(read_chain(root, parser));
  HF_CHECK(read_extents(parser));
  return parser.finish();
}

// Sequence numbers rise by one along a chain, so a chain that bites
// its own tail ends where they stop doing so.
Result<> MetadataReplay::read_chain(const Page& root, BlobParser& parser) const {
  const Page* page = &root;
  for (uint32_t sequence = 0;; ++sequence) {
    HF_CHECK(parser.add_chain_page(PageIndex{page->index}, descriptors_of(*page)));
    if (page->next == kNoPage) return {};
    const uint64_t byte = layout_.byte_of_page(PageIndex{page->next});
    page = find(PageIndex{page->next});
    if (page == nullptr || !page->intact) {
      return damage(BlobId{root.blob_id}, byte, "a page of its chain is not there or not intact");
    }
    if (page->blob_id != root.blob_id || page->sequence != sequence + 1) {
      return damage(BlobId{root.blob_id}, byte, "a page of its chain belongs to something else");
    }
  }
}

// Extent pages keep the id of the blob that wrote them: a snapshot's table names pages with its clone's id.
Result<> MetadataReplay::read_extents(BlobParser& parser) const {
  const std::vector<PageIndex>& table = parser.extent_pages();
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    std::span<const std::byte> descriptors;
    if (table[slot].value != 0) {
      const Page* page = find(table[slot]);
      if (page != nullptr && page->intact && page->sequence == 0) descriptors = descriptors_of(*page);
    }
    HF_CHECK(parser.add_extent_page(slot, descriptors));
  }
  return {};
}

const MetadataReplay::Page* MetadataReplay::find(PageIndex index) const noexcept {
  const auto found = std::lower_bound(pages_.begin(), pages_.end(), index.value,
                                      [](const Page& page, uint32_t wanted) { return page.index < wanted; });
  return found != pages_.end() && found->index == index.value ? &*found : nullptr;
}

std::span<const std::byte> MetadataReplay::descriptors_of(const Page& page) const noexcept {
  return std::span(descriptors_).subspan(page.begin, page.length);
}

void MetadataReplay::claim(const BlobRecord& record) {
  for (const PageIndex page : record.chain) doubly_owned_ |= store_.used_pages.set(page.value);
  for (const PageIndex page : record.extent_pages) {
    if (page.value != 0) doubly_owned_ |= store_.used_pages.set(page.value);
  }
  for (const ClusterIndex cluster : record.clusters) {
    if (cluster.value != 0) doubly_owned_ |= store_.used_clusters.set(cluster.value);
  }
}

void MetadataReplay::claim_pages_of_damaged(const Page& root) { store_.used_pages.set(root.index); }

// One that a chain leads to is known to be no root.
void MetadataReplay::report_unreadable_pages() {
  const std::size_t known = store_.damaged.size();
  for (const PageIndex page : unreadable_) {
    const uint64_t byte = layout_.byte_of_page(page);
    store_.used_pages.set(page.value);
    const bool explained =
        std::any_of(store_.damaged.begin(), store_.damaged.begin() + static_cast<std::ptrdiff_t>(known),
                    [byte](const DamagedBlob& damaged) { return damaged.error.byte == byte; });
    if (explained) continue;
    const BlobId id = blob_id_of_root(page);
    store_.damaged.push_back({id, damage(id, byte, "its page cannot be read; it may be a blob's root")});
  }
}

// Rare, and so done in a second pass: everybody who owns something together with somebody else is damaged,
// unless one of them is a snapshot step that was cut short.
void MetadataReplay::find_double_owners() {
  std::map<uint64_t, std::vector<std::size_t>> owners;  // pages below 2^32, clusters above
  for (std::size_t i = 0; i < store_.blobs.size(); ++i) {
    const BlobRecord& record = store_.blobs[i];
    if (record.unfinished()) continue;
    for (const PageIndex page : record.chain) owners[page.value].push_back(i);
    for (const PageIndex page : record.extent_pages) {
      if (page.value != 0) owners[page.value].push_back(i);
    }
    for (const ClusterIndex cluster : record.clusters) {
      if (cluster.value != 0) owners[kBlobIdFlag + cluster.value].push_back(i);
    }
  }
  std::vector<bool> bad(store_.blobs.size());
  for (const auto& [what, who] : owners) {
    if (who.size() < 2) continue;
    for (const std::size_t i : who) bad[i] = true;
  }
  std::vector<BlobRecord> good;
  for (std::size_t i = 0; i < store_.blobs.size(); ++i) {
    const BlobId id = store_.blobs[i].id;
    if (bad[i]) {
      store_.damaged.push_back(
          {id, damage(id, Error::kNowhere, "one of its pages or clusters has two owners")});
    } else {
      good.push_back(std::move(store_.blobs[i]));
    }
  }
  store_.blobs = std::move(good);
}

}  // namespace holdfast
