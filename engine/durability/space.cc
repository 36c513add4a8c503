// SPDX-License-Identifier: BSD-3-Clause
#include "durability/space.hh"

namespace holdfast::durability {
namespace {

// Index 0 in an extent table means "no page" and never stands as a
// link of a chain: page 0 can only be a root.
constexpr uint64_t kFirstChainPage = 1;

Error sealed_space() {
  return {.code = Errc::corrupt,
          .object = ObjectKind::device,
          .reason =
              "the store holds damaged blobs, and nothing is allocated while they may own the space; "
              "run holdfast ls to see which, and copy out the intact ones"};
}

}  // namespace

Result<PageIndex> Space::reserve_root_page() { return reserve_page_from(0); }

Result<std::vector<PageIndex>> Space::reserve_chain_pages(uint64_t count) {
  OwnedSpace reserved;
  for (uint64_t i = 0; i < count; ++i) {
    auto page = reserve_page_from(kFirstChainPage);
    if (!page) {
      cancel(reserved);
      return page.error();
    }
    reserved.pages.push_back(*page);
  }
  return std::move(reserved.pages);
}

Result<std::vector<ClusterIndex>> Space::reserve_clusters(uint64_t count) {
  HF_CHECK(check_free_clusters(count));
  std::vector<ClusterIndex> reserved;
  reserved.reserve(count);
  uint64_t next = 0;
  while (reserved.size() < count) {
    next = *clusters_.find_clear(next);
    clusters_.set(next);
    reserved.push_back(ClusterIndex{static_cast<uint32_t>(next)});
  }
  return reserved;
}

Result<> Space::check_free_clusters(uint64_t count) const {
  if (count == 0) return {};
  if (sealed_) return sealed_space();
  if (count <= clusters_.clear_count()) return {};
  return Error{.code = Errc::no_space,
               .object = ObjectKind::device,
               .number = count,
               .reason = "not enough free clusters"};
}

Result<PageIndex> Space::reserve_page_from(uint64_t first) {
  if (sealed_) return sealed_space();
  const auto page = pages_.find_clear(first);
  if (!page || *page < first) {
    return Error{
        .code = Errc::no_space,
        .object = ObjectKind::device,
        .reason = "no free metadata page; delete blobs or xattrs, or format with more metadata pages"};
  }
  pages_.set(*page);
  return PageIndex{static_cast<uint32_t>(*page)};
}

void Space::take_back(const OwnedSpace& space) noexcept {
  for (const PageIndex page : space.pages) {
    const bool was_taken = pages_.clear(page.value);
    HF_ASSERT(was_taken);
  }
  for (const ClusterIndex cluster : space.clusters) {
    const bool was_taken = clusters_.clear(cluster.value);
    HF_ASSERT(was_taken);
  }
}

}  // namespace holdfast::durability
