// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "durability/device_flush.hh"
#include "durability/evidence.hh"
#include "durability/write_stop.hh"
#include "format/blob_record.hh"
#include "format/super_block.hh"
#include "holdfast/aligned_buffer.hh"
#include "holdfast/host/block_device.hh"
#include "holdfast/ids.hh"
#include "holdfast/task.hh"

namespace holdfast::durability {

// Metadata pages on their way to media: page i of `bytes` goes to metadata page `indices[i]`.
struct PageImages {
  std::vector<PageIndex> indices;
  AlignedBuffer bytes;  // one whole md page each
};

// The masks of a store: whole regions.
struct Masks {
  struct Region {
    uint64_t byte = 0;
    AlignedBuffer bytes;
  };
  std::vector<Region> regions;
};

// The one place that writes and flushes metadata. Each write names the barrier that it waits for in its type;
// each write that must not happen earlier takes the evidence that it may. Home executor only.
//
// A failed flush is final: what is durable is not known any more, so
// nothing is written after it. Reads go on.
class MetadataIo {
 public:
  MetadataIo(BlockChannel& channel, WriteStop& write_stop, Executor& home) noexcept
      : channel_(channel), write_stop_(write_stop), device_flush_(channel, write_stop, home) {}
  MetadataIo(const MetadataIo&) = delete;
  MetadataIo& operator=(const MetadataIo&) = delete;

  const DeviceGeometry& device() const noexcept { return channel_.geometry(); }
  void adopt(const StoreLayout& layout) noexcept { layout_ = layout; }
  uint32_t page_bytes() const noexcept { return layout_.md_page_size; }

  // A device that may tear a page gets the forms of which every change in place lies within one sector:
  // pointer roots, extent pages on fresh pages only, superblocks with a constant checksum
  // (docs/decisions/one-sector-rule.md).
  bool writes_pages_whole() const noexcept { return device().atomic_write_size >= kPageSize; }
  RootForm root_form() const noexcept { return writes_pages_whole() ? RootForm::whole : RootForm::pointer; }

  // Everything written before now, by whomever, becomes durable. [R1] what recovery reads is durable before
  // it is acted upon
  Task<Durable<Barrier::R1>> settle();
  Task<> read(uint64_t byte, std::span<std::byte> into, Step step);

  // One metadata page, its first 4096 bytes.
  Task<> read_page(PageIndex page, MetadataPage& into);

  // Format and destroy.
  Task<Unflushed<Barrier::S1>> erase_super();
  Task<Unflushed<Barrier::S2>> wipe_metadata(const CheckedSuper& super, Durable<Barrier::S1> no_super);
  Task<Unflushed<Barrier::S3>> write_first_super(const CheckedSuper& super, Durable<Barrier::S2> wiped);
  Task<Unflushed<Barrier::S7>> remove_super();

  // The superblock of a dirty store, and the way to a clean one.
  Task<Unflushed<Barrier::S4>> write_dirty_super(const CheckedSuper& super);
  Task<Unflushed<Barrier::S7>> rewrite_super(const CheckedSuper& super, const DirtyMark& dirty);
  Task<Unflushed<Barrier::S5>> write_masks(Masks& masks, const DirtyMark& dirty);
  Task<Unflushed<Barrier::S6>> write_clean_super(const CheckedSuper& super, DirtyMark dirty,
                                                 Durable<Barrier::S5> masks);

  // Blobs.
  // What a root is about to name: pages, and clusters, which are cleared. All of it in flight together.
  Task<Unflushed<Barrier::B1>> write_fresh(PageImages& pages, std::span<const ClusterIndex> clusters,
                                           const DirtyMark& dirty);
  // A copy of the root, from which a torn root may be completed as soon as it is on media.
  Task<Unflushed<Barrier::B1>> write_redo(PageImages& redo, Durable<Barrier::B1> named);
  Task<Unflushed<Barrier::B2>> write_in_place(Step step, PageImages& pages, Durable<Barrier::B1> named);
  Task<Unflushed<Barrier::B2>> complete_roots(PageImages& roots, const Durable<Barrier::R1>& named,
                                              const DirtyMark& dirty);
  Task<Unflushed<Barrier::B3>> erase_root(PageIndex root, const DirtyMark& dirty);
  // When their roots are written, or gone.
  Task<Unflushed<Barrier::B4>> erase_redos(std::span<const PageIndex> redos, const Durable<Barrier::B2>&);
  Task<Unflushed<Barrier::B4>> erase_redos(std::span<const PageIndex> redos, const Durable<Barrier::B3>&);
  // Advice to the device about clusters that no durable root names; its failure changes nothing.
  Task<> discard_clusters(std::span<const ClusterIndex> clusters, const Durable<Barrier::B2>&);
  Task<> discard_clusters(std::span<const ClusterIndex> clusters, const Durable<Barrier::B3>&);

  template <Barrier B>
  Task<Durable<B>> flush(Unflushed<B> written) {
    if (written.needs_flush_) HF_CO_CHECK(co_await device_flush_.run(B));
    co_return Durable<B>{};
  }

 private:
  // A piece of media that a write covers; without bytes it becomes zeroes.
  struct Extent {
    uint64_t byte = 0;
    uint64_t length = 0;
    std::byte* bytes = nullptr;
    Step step = Step::none;  // none: that of the whole write
  };

  template <Barrier B>
  Task<Unflushed<B>> write(Step step, std::vector<Extent> extents) {
    HF_CO_TRY(bool needs_flush, co_await write_extents({step, B}, std::move(extents)));
    co_return Unflushed<B>(needs_flush);
  }
  template <Barrier B>
  Task<Unflushed<B>> write_super(const CheckedSuper& super);
  template <Barrier B>
  Task<Unflushed<B>> erase(Step step, std::vector<Extent> pages);
  Task<bool> write_extents(Purpose purpose, std::vector<Extent> extents);
  Task<> discard(std::span<const ClusterIndex> clusters, Barrier barrier);
  std::vector<Extent> extents_of(std::span<const ClusterIndex> clusters) const;
  std::vector<Extent> extents_of(PageImages& images) const;
  std::vector<Extent> pages_of(std::span<const PageIndex> indices) const;

  BlockChannel& channel_;
  StoreLayout layout_;
  WriteStop& write_stop_;
  DeviceFlush device_flush_;
};

}  // namespace holdfast::durability
