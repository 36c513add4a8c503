// SPDX-License-Identifier: BSD-3-Clause
#include "durability/metadata_io.hh"

#include "core/io_batch.hh"

namespace holdfast::durability {
namespace {

constexpr uint64_t kSuperBytes = sizeof(SuperBlock);

}  // namespace

Task<Durable<Barrier::R1>> MetadataIo::settle() {
  if (device().volatile_cache) HF_CO_CHECK(co_await device_flush_.run(Barrier::R1));
  co_return Durable<Barrier::R1>{};
}

Task<> MetadataIo::read(uint64_t byte, std::span<std::byte> into, Step step) {
  IoBatch batch(channel_, 1);
  IoRequest& request = batch[0];
  request.kind = IoKind::read;
  request.purpose = {step, Barrier::none};
  request.block = byte / device().block_size;
  request.block_count = into.size() / device().block_size;
  batch.set_buffer(0, into.data(), into.size());
  co_return co_await batch.run();
}

Task<> MetadataIo::read_page(PageIndex page, MetadataPage& into) {
  AlignedBuffer buffer(kPageSize);
  HF_CO_CHECK(co_await read(layout_.byte_of_page(page), buffer.bytes(), Step::read_metadata));
  std::memcpy(&into, buffer.bytes().data(), sizeof(into));
  co_return {};
}

Task<Unflushed<Barrier::S1>> MetadataIo::erase_super() {
  std::vector<Extent> super{{.byte = 0, .length = kSuperBytes}};
  return erase<Barrier::S1>(Step::erase_super, std::move(super));
}

Task<Unflushed<Barrier::S7>> MetadataIo::remove_super() {
  std::vector<Extent> super{{.byte = 0, .length = kSuperBytes}};
  return erase<Barrier::S7>(Step::erase_super, std::move(super));
}

// Where the superblock may tear, all of it but its first sector goes to media here, and so the first write of
// it changes that sector alone.
Task<Unflushed<Barrier::S2>> MetadataIo::wipe_metadata(const CheckedSuper& super, Durable<Barrier::S1>) {
  const uint64_t end = layout_.byte_of_cluster(layout_.first_data_cluster);
  std::vector<Extent> metadata{{.byte = kSuperBytes, .length = end - kSuperBytes}};
  AlignedBuffer page(kSuperBytes);
  if (!writes_pages_whole()) {
    const SuperBlock image = encode_super_in_one_sector(super);
    std::memcpy(page.bytes().data(), &image, kSuperBytes);
    std::memset(page.bytes().data(), 0, kSectorBytes);
    metadata.push_back({.byte = 0, .length = kSuperBytes, .bytes = page.bytes().data()});
  }
  co_return co_await write<Barrier::S2>(Step::wipe_metadata, std::move(metadata));
}

Task<Unflushed<Barrier::S3>> MetadataIo::write_first_super(const CheckedSuper& super, Durable<Barrier::S2>) {
  return write_super<Barrier::S3>(super);
}

Task<Unflushed<Barrier::S4>> MetadataIo::write_dirty_super(const CheckedSuper& super) {
  return write_super<Barrier::S4>(super);
}

Task<Unflushed<Barrier::S7>> MetadataIo::rewrite_super(const CheckedSuper& super, const DirtyMark&) {
  return write_super<Barrier::S7>(super);
}

Task<Unflushed<Barrier::S5>> MetadataIo::write_masks(Masks& masks, const DirtyMark&) {
  std::vector<Extent> extents;
  for (Masks::Region& region : masks.regions) {
    const std::span<std::byte> bytes = region.bytes.bytes();
    extents.push_back({.byte = region.byte, .length = bytes.size(), .bytes = bytes.data()});
  }
  co_return co_await write<Barrier::S5>(Step::write_mask, std::move(extents));
}

Task<Unflushed<Barrier::S6>> MetadataIo::write_clean_super(const CheckedSuper& super, DirtyMark,
                                                           Durable<Barrier::S5>) {
  return write_super<Barrier::S6>(super);
}

Task<Unflushed<Barrier::B1>> MetadataIo::write_fresh(PageImages& pages,
                                                     std::span<const ClusterIndex> clusters,
                                                     const DirtyMark&) {
  std::vector<Extent> extents = extents_of(pages);
  for (Extent& cleared : extents_of(clusters)) {
    cleared.step = Step::clear_clusters;
    extents.push_back(cleared);
  }
  co_return co_await write<Barrier::B1>(Step::write_chain, std::move(extents));
}

Task<Unflushed<Barrier::B1>> MetadataIo::write_redo(PageImages& redo, Durable<Barrier::B1>) {
  std::vector<Extent> extents = extents_of(redo);
  co_return co_await write<Barrier::B1>(Step::write_chain, std::move(extents));
}

Task<Unflushed<Barrier::B2>> MetadataIo::write_in_place(Step step, PageImages& pages, Durable<Barrier::B1>) {
  std::vector<Extent> extents = extents_of(pages);
  co_return co_await write<Barrier::B2>(step, std::move(extents));
}

Task<Unflushed<Barrier::B2>> MetadataIo::complete_roots(PageImages& roots, const Durable<Barrier::R1>&,
                                                        const DirtyMark&) {
  std::vector<Extent> extents = extents_of(roots);
  co_return co_await write<Barrier::B2>(Step::write_root, std::move(extents));
}

Task<Unflushed<Barrier::B3>> MetadataIo::erase_root(PageIndex root, const DirtyMark&) {
  std::vector<Extent> page{{.byte = layout_.byte_of_page(root), .length = layout_.md_page_size}};
  return erase<Barrier::B3>(Step::erase_root, std::move(page));
}

Task<Unflushed<Barrier::B4>> MetadataIo::erase_redos(std::span<const PageIndex> redos,
                                                     const Durable<Barrier::B2>&) {
  return erase<Barrier::B4>(Step::erase_redo, pages_of(redos));
}

Task<Unflushed<Barrier::B4>> MetadataIo::erase_redos(std::span<const PageIndex> redos,
                                                     const Durable<Barrier::B3>&) {
  return erase<Barrier::B4>(Step::erase_redo, pages_of(redos));
}

Task<> MetadataIo::discard_clusters(std::span<const ClusterIndex> clusters, const Durable<Barrier::B2>&) {
  co_return co_await discard(clusters, Barrier::B2);
}

Task<> MetadataIo::discard_clusters(std::span<const ClusterIndex> clusters, const Durable<Barrier::B3>&) {
  co_return co_await discard(clusters, Barrier::B3);
}

// A single write asks for FUA where the device has it; several are cheaper with one flush.
Task<bool> MetadataIo::write_extents(Purpose purpose, std::vector<Extent> extents) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  const uint32_t block_size = device().block_size;
  const bool fua =
      device().volatile_cache && device().fua && extents.size() == 1 && extents[0].bytes != nullptr;
  IoBatch batch(channel_, extents.size());
  for (std::size_t i = 0; i < extents.size(); ++i) {
    IoRequest& request = batch[i];
    request.kind = extents[i].bytes != nullptr ? IoKind::write : IoKind::write_zeroes;
    request.fua = fua;
    request.purpose = purpose;
    if (extents[i].step != Step::none) request.purpose.step = extents[i].step;
    request.block = extents[i].byte / block_size;
    request.block_count = extents[i].length / block_size;
    if (extents[i].bytes != nullptr) batch.set_buffer(i, extents[i].bytes, extents[i].length);
  }
  HF_CO_CHECK(co_await batch.run());
  co_return !fua && device().volatile_cache && !extents.empty();
}

Task<> MetadataIo::discard(std::span<const ClusterIndex> clusters, Barrier barrier) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  if (!device().discard || clusters.empty()) co_return {};
  const std::vector<Extent> extents = extents_of(clusters);
  IoBatch batch(channel_, extents.size());
  for (std::size_t i = 0; i < extents.size(); ++i) {
    batch[i].kind = IoKind::discard;
    batch[i].purpose = {Step::discard_clusters, barrier};
    batch[i].block = extents[i].byte / device().block_size;
    batch[i].block_count = extents[i].length / device().block_size;
  }
  co_return co_await batch.run();
}

// Neighbouring clusters become one extent.
std::vector<MetadataIo::Extent> MetadataIo::extents_of(std::span<const ClusterIndex> clusters) const {
  std::vector<Extent> extents;
  for (const ClusterIndex cluster : clusters) {
    const uint64_t byte = layout_.byte_of_cluster(cluster);
    if (!extents.empty() && extents.back().byte + extents.back().length == byte) {
      extents.back().length += layout_.cluster_size;
    } else {
      extents.push_back({.byte = byte, .length = layout_.cluster_size});
    }
  }
  return extents;
}

std::vector<MetadataIo::Extent> MetadataIo::extents_of(PageImages& images) const {
  std::vector<Extent> extents;
  std::byte* bytes = images.bytes.bytes().data();
  for (const PageIndex index : images.indices) {
    extents.push_back({.byte = layout_.byte_of_page(index), .length = layout_.md_page_size, .bytes = bytes});
    bytes += layout_.md_page_size;
  }
  return extents;
}

std::vector<MetadataIo::Extent> MetadataIo::pages_of(std::span<const PageIndex> indices) const {
  std::vector<Extent> pages;
  for (const PageIndex index : indices)
    pages.push_back({.byte = layout_.byte_of_page(index), .length = layout_.md_page_size});
  return pages;
}

template <Barrier B>
Task<Unflushed<B>> MetadataIo::write_super(const CheckedSuper& super) {
  AlignedBuffer page(kSuperBytes);
  const SuperBlock image =
      writes_pages_whole() ? encode_super_block(super) : encode_super_in_one_sector(super);
  std::memcpy(page.bytes().data(), &image, kSuperBytes);
  std::vector<Extent> extents{{.byte = 0, .length = kSuperBytes, .bytes = page.bytes().data()}};
  co_return co_await write<B>(Step::write_super, std::move(extents));
}

// A page without its first sector is nothing. Where a page may tear, that sector is all that changes: the
// rest is written as it is on media, and so a cut leaves the page or nothing, and never a damaged page.
template <Barrier B>
Task<Unflushed<B>> MetadataIo::erase(Step step, std::vector<Extent> pages) {
  uint64_t length = 0;
  for (const Extent& page : pages) length += page.length;
  AlignedBuffer images(length);
  std::byte* bytes = images.bytes().data();
  for (Extent& page : pages) {
    page.bytes = bytes;
    bytes += page.length;
    if (writes_pages_whole()) continue;
    HF_CO_CHECK(co_await read(page.byte, {page.bytes, page.length}, Step::read_metadata));
    std::memset(page.bytes, 0, kSectorBytes);
  }
  co_return co_await write<B>(step, std::move(pages));
}

}  // namespace holdfast::durability
