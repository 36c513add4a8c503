// SPDX-License-Identifier: BSD-3-Clause
#include "blob/stage.hh"

#include <cstring>

namespace holdfast {
namespace {

durability::PageImages images_of(std::span<const PageIndex> indices, std::span<const MetadataPage> pages,
                                 uint32_t page_size) {
  durability::PageImages images{.indices = {indices.begin(), indices.end()},
                                .bytes = AlignedBuffer(pages.size() * page_size)};
  for (std::size_t i = 0; i < pages.size(); ++i) {
    std::memcpy(images.bytes.bytes().data() + i * page_size, &pages[i], sizeof(MetadataPage));
  }
  return images;
}

}  // namespace

Result<durability::StagedCommit> stage_commit(const StoreLayout& layout, durability::Space& space,
                                              BlobRecord& record) {
  std::vector<MetadataPage> pages = encode_blob(record);
  HF_TRY(const std::vector<PageIndex> continuation, space.reserve_chain_pages(pages.size() - 1));
  record.chain.resize(1);
  record.chain.insert(record.chain.end(), continuation.begin(), continuation.end());
  link_chain(pages, record.chain);

  durability::StagedCommit staged;
  staged.root = images_of(std::span(record.chain).first(1), std::span(pages).first(1), layout.md_page_size);
  staged.chain =
      images_of(std::span(record.chain).subspan(1), std::span(pages).subspan(1), layout.md_page_size);
  return staged;
}

}  // namespace holdfast
