// SPDX-License-Identifier: BSD-3-Clause
#include "blob/stage.hh"

#include <algorithm>
#include <cstring>

namespace holdfast {
namespace {

// Metadata pages and the places where they belong.
struct PlacedPages {
  std::vector<PageIndex> places;
  std::vector<MetadataPage> pages;

  void add(PageIndex place, const MetadataPage& page) {
    places.push_back(place);
    pages.push_back(page);
  }
  durability::PageImages images(uint32_t page_size) const {
    durability::PageImages images{.indices = places, .bytes = AlignedBuffer(pages.size() * page_size)};
    for (std::size_t i = 0; i < pages.size(); ++i)
      std::memcpy(images.bytes.bytes().data() + i * page_size, &pages[i], sizeof(MetadataPage));
    return images;
  }
};

bool same_clusters(const ExtentSlot& a, const ExtentSlot& b) {
  return std::ranges::equal(a.clusters, b.clusters);
}

bool any_allocated(const ExtentSlot& slot) {
  return std::ranges::any_of(slot.clusters, [](ClusterIndex cluster) { return cluster.value != 0; });
}

// The clusters that one state of a blob has and another has not.
std::vector<ClusterIndex> missing_from(const BlobRecord& other, const BlobRecord& state) {
  std::vector<ClusterIndex> missing;
  for (std::size_t i = 0; i < state.clusters.size(); ++i) {
    const bool shared = i < other.clusters.size() && other.clusters[i] == state.clusters[i];
    if (!shared && state.clusters[i].value != 0) missing.push_back(state.clusters[i]);
  }
  return missing;
}

// Builds one commit. What it reserves is given back unless it comes to its end.
class Staging {
 public:
  Staging(const StageContext& context, const BlobRecord& present, BlobRecord& next)
      : context_(context), present_(present), next_(next) {}

  Result<durability::StagedCommit> creation() {
    compare_clusters();
    Result<> staged = stage_all({});
    if (!staged) return give_up(staged.error());
    if (context_.form == RootForm::pointer) fresh_.add(root_.places[0], without_first_sector(root_.pages[0]));
    return finish();
  }

  Result<durability::StagedCommit> change(const Doubts& doubts, const MetadataPage& root_on_media) {
    compare_clusters();
    Result<> staged = stage_all(doubts.extent_slots);
    if (staged && context_.form == RootForm::pointer && !present_.pointer_root)
      staged = stage_redo(root_on_media);
    if (!staged) return give_up(staged.error());
    staged_.superseded.add(doubts.space);
    staged_.redos.insert(staged_.redos.end(), doubts.redos.begin(), doubts.redos.end());
    const auto chain = std::span(present_.chain).subspan(1);
    staged_.superseded.pages.insert(staged_.superseded.pages.end(), chain.begin(), chain.end());
    return finish();
  }

 private:
  void compare_clusters() {
    staged_.superseded.clusters = missing_from(next_, present_);
    staged_.fresh_clusters = missing_from(present_, next_);
    staged_.reserved.clusters = staged_.fresh_clusters;
  }

  Result<> stage_all(std::span<const std::size_t> doubtful_slots) {
    if (next_.has_extent_table()) HF_CHECK(stage_extents(doubtful_slots));
    return stage_chain();
  }

  Result<> stage_extents(std::span<const std::size_t> doubtful_slots) {
    const std::size_t slots = extent_slots(next_.clusters.size());
    const std::vector<PageIndex>& former = present_.extent_pages;
    for (std::size_t i = slots; i < former.size(); ++i) supersede(former[i]);
    next_.extent_pages.resize(slots);
    for (std::size_t i = 0; i < slots; ++i) {
      const ExtentSlot slot = extent_slot(next_.clusters, i);
      const bool doubtful = std::ranges::find(doubtful_slots, i) != doubtful_slots.end();
      const bool known = i < former.size() && !doubtful;
      if (known && same_clusters(extent_slot(present_.clusters, i), slot)) continue;
      if (i < former.size()) supersede(former[i]);
      next_.extent_pages[i] = PageIndex{};
      if (!any_allocated(slot)) continue;
      HF_TRY(next_.extent_pages[i], reserve_page());
      fresh_.add(next_.extent_pages[i], encode_extent_page(next_.id, slot));
    }
    return {};
  }

  Result<> stage_chain() {
    std::vector<MetadataPage> pages = encode_blob(next_, context_.form);
    next_.chain.resize(1);
    while (next_.chain.size() < pages.size()) {
      HF_TRY(const PageIndex page, reserve_page());
      next_.chain.push_back(page);
    }
    link_chain(pages, next_.chain);
    next_.pointer_root = context_.form == RootForm::pointer;
    root_.add(next_.chain[0], pages[0]);
    for (std::size_t i = 1; i < pages.size(); ++i) fresh_.add(next_.chain[i], pages[i]);
    return {};
  }

  Result<> stage_redo(const MetadataPage& replaced) {
    HF_TRY(const std::vector<PageIndex> page, context_.space.reserve_chain_pages(1));
    staged_.redos.push_back(page[0]);
    redo_.add(page[0], make_redo(root_.pages[0], replaced));
    return {};
  }

  Result<PageIndex> reserve_page() {
    HF_TRY(const std::vector<PageIndex> page, context_.space.reserve_chain_pages(1));
    staged_.reserved.pages.push_back(page[0]);
    return page[0];
  }

  void supersede(PageIndex page) {
    if (page.value != 0) staged_.superseded.pages.push_back(page);
  }

  static MetadataPage without_first_sector(MetadataPage page) {
    std::memset(static_cast<void*>(&page), 0, kSectorBytes);
    return page;
  }

  Error give_up(const Error& error) {
    staged_.reserved.pages.insert(staged_.reserved.pages.end(), staged_.redos.begin(), staged_.redos.end());
    context_.space.cancel(staged_.reserved);
    return error;
  }

  durability::StagedCommit finish() {
    staged_.in_place = root_.images(context_.layout.md_page_size);
    staged_.fresh = fresh_.images(context_.layout.md_page_size);
    staged_.redo = redo_.images(context_.layout.md_page_size);
    return std::move(staged_);
  }

  const StageContext& context_;
  const BlobRecord& present_;
  BlobRecord& next_;
  durability::StagedCommit staged_;
  PlacedPages root_;
  PlacedPages fresh_;
  PlacedPages redo_;
};

}  // namespace

Result<durability::StagedCommit> stage_creation(const StageContext& context, BlobRecord& next) {
  const BlobRecord nothing;
  return Staging(context, nothing, next).creation();
}

Result<durability::StagedCommit> stage_change(const StageContext& context, const BlobRecord& present,
                                              BlobRecord& next, const Doubts& doubts,
                                              const MetadataPage& root_on_media) {
  return Staging(context, present, next).change(doubts, root_on_media);
}

bool fits_in_extent_pages(const BlobRecord& present, std::span<const uint64_t> clusters) {
  return present.has_extent_table() && std::ranges::all_of(clusters, [&present](uint64_t cluster) {
           return present.extent_pages[cluster / kClustersPerExtentPage].value != 0;
         });
}

durability::StagedCommit stage_extent_pages(const StageContext& context, const BlobRecord& present,
                                            std::span<const Allocation> allocations) {
  durability::StagedCommit staged;
  staged.in_place_is_root = false;
  PlacedPages pages;
  for (std::size_t i = 0; i < allocations.size();) {
    const std::size_t slot = allocations[i].cluster / kClustersPerExtentPage;
    const ExtentSlot before = extent_slot(present.clusters, slot);
    std::vector<ClusterIndex> clusters(before.clusters.begin(), before.clusters.end());
    for (; i < allocations.size() && allocations[i].cluster / kClustersPerExtentPage == slot; ++i) {
      clusters[allocations[i].cluster % kClustersPerExtentPage] = allocations[i].place;
      staged.fresh_clusters.push_back(allocations[i].place);
    }
    pages.add(present.extent_pages[slot],
              encode_extent_page(present.id, {.index = slot, .clusters = clusters}));
  }
  staged.reserved.clusters = staged.fresh_clusters;
  staged.in_place = pages.images(context.layout.md_page_size);
  return staged;
}

}  // namespace holdfast
