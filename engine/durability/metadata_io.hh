// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "durability/evidence.hh"
#include "durability/write_stop.hh"
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
  MetadataIo(BlockChannel& channel, WriteStop& write_stop) noexcept
      : channel_(channel), write_stop_(write_stop) {}
  MetadataIo(const MetadataIo&) = delete;
  MetadataIo& operator=(const MetadataIo&) = delete;

  const DeviceGeometry& device() const noexcept { return channel_.geometry(); }
  void adopt(const StoreLayout& layout) noexcept { layout_ = layout; }

  // Everything written before now, by whomever, becomes durable. [R1] what recovery reads is durable before
  // it is acted upon
  Task<Durable<Barrier::R1>> settle();
  Task<> read(uint64_t byte, std::span<std::byte> into, Step step);

  // Format.
  Task<Unflushed<Barrier::S1>> erase_super();
  Task<Unflushed<Barrier::S2>> wipe_metadata(Durable<Barrier::S1> no_super);
  Task<Unflushed<Barrier::S3>> write_first_super(const SuperBlock& super, Durable<Barrier::S2> wiped);

  // Dirty and clean.
  Task<Unflushed<Barrier::S4>> write_dirty_super(const SuperBlock& super);
  Task<Unflushed<Barrier::S5>> write_masks(Masks& masks, const DirtyMark& dirty);
  Task<Unflushed<Barrier::S6>> write_clean_super(const SuperBlock& super, DirtyMark dirty,
                                                 Durable<Barrier::S5> masks);

  // Blobs.
  Task<Unflushed<Barrier::B1>> write_chain(PageImages& chain, const DirtyMark& dirty);
  Task<Unflushed<Barrier::B1>> clear_clusters(std::span<const ClusterIndex> clusters, const DirtyMark& dirty);
  Task<Unflushed<Barrier::B2>> write_root(PageImages& root, Durable<Barrier::B1> chain);
  Task<Unflushed<Barrier::B3>> erase_root(PageIndex root, const DirtyMark& dirty);
  // Advice to the device about clusters that no durable root names; its failure changes nothing.
  Task<> discard_clusters(std::span<const ClusterIndex> clusters, const Durable<Barrier::B2>&);
  Task<> discard_clusters(std::span<const ClusterIndex> clusters, const Durable<Barrier::B3>&);

  template <Barrier B>
  Task<Durable<B>> flush(Unflushed<B> written) {
    if (written.needs_flush_) HF_CO_CHECK(co_await flush_device(B));
    co_return Durable<B>{};
  }

 private:
  // A piece of media that a write covers; without bytes it becomes zeroes.
  struct Extent {
    uint64_t byte = 0;
    uint64_t length = 0;
    std::byte* bytes = nullptr;
  };

  template <Barrier B>
  Task<Unflushed<B>> write(Step step, std::vector<Extent> extents) {
    HF_CO_TRY(bool needs_flush, co_await write_extents({step, B}, std::move(extents)));
    co_return Unflushed<B>(needs_flush);
  }
  template <Barrier B>
  Task<Unflushed<B>> write_super(const SuperBlock& super);
  Task<bool> write_extents(Purpose purpose, std::vector<Extent> extents);
  Task<> flush_device(Barrier barrier);
  Task<> discard(std::span<const ClusterIndex> clusters, Barrier barrier);
  std::vector<Extent> extents_of(std::span<const ClusterIndex> clusters) const;
  std::vector<Extent> extents_of(PageImages& images) const;

  BlockChannel& channel_;
  StoreLayout layout_;
  WriteStop& write_stop_;
};

}  // namespace holdfast::durability
