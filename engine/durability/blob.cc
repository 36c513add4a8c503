// SPDX-License-Identifier: BSD-3-Clause
#include "durability/blob.hh"

#include <cstring>

namespace holdfast::durability {
namespace {

PageImages roots_to_complete(std::span<const Redo> redos, uint32_t page_bytes) {
  PageImages roots{.indices = {}, .bytes = AlignedBuffer(redos.size() * page_bytes)};
  std::byte* bytes = roots.bytes.bytes().data();
  for (const Redo& redo : redos) {
    if (!redo.needed) continue;
    roots.indices.push_back(root_of_blob_id(BlobId{redo.root.blob_id}));
    std::memcpy(bytes, &redo.root, sizeof(redo.root));
    bytes += page_bytes;
  }
  return roots;
}

}  // namespace

Task<> commit_blob(MetadataIo& io, Space& space, StagedCommit& staged, const DirtyMark& dirty) {
  HF_CO_TRY(Unflushed<Barrier::B1> named,
            co_await io.write_fresh(staged.fresh, staged.fresh_clusters, dirty));
  HF_CO_TRY(Durable<Barrier::B1> named_durable, co_await io.flush(std::move(named)));  // [B1]
  HF_CO_TRY(Unflushed<Barrier::B1> copied, co_await io.write_redo(staged.redo, std::move(named_durable)));
  HF_CO_TRY(Durable<Barrier::B1> copy_durable, co_await io.flush(std::move(copied)));  // [B1]
  staged.in_doubt = true;
  const Step step = staged.in_place_is_root ? Step::write_root : Step::write_extent_page;
  HF_CO_TRY(Unflushed<Barrier::B2> written,
            co_await io.write_in_place(step, staged.in_place, std::move(copy_durable)));
  HF_CO_TRY(Durable<Barrier::B2> committed, co_await io.flush(std::move(written)));  // [B2]
  HF_CO_TRY(Unflushed<Barrier::B4> erased, co_await io.erase_redos(staged.redos, committed));
  HF_CO_TRY(Durable<Barrier::B4> redone, co_await io.flush(std::move(erased)));  // [B4]
  [[maybe_unused]] const Result<> advised =
      co_await io.discard_clusters(staged.superseded.clusters, committed);
  space.release(staged.superseded, std::move(committed));
  space.release({.pages = staged.redos, .clusters = {}}, std::move(redone));
  co_return {};
}

Task<> delete_blob(MetadataIo& io, Space& space, const StagedDelete& staged, const DirtyMark& dirty) {
  HF_CO_TRY(Unflushed<Barrier::B3> erased, co_await io.erase_root(staged.root, dirty));
  HF_CO_TRY(Durable<Barrier::B3> gone, co_await io.flush(std::move(erased)));  // [B3]
  HF_CO_TRY(Unflushed<Barrier::B4> cleaned, co_await io.erase_redos(staged.redos, gone));
  HF_CO_TRY(Durable<Barrier::B4> redone, co_await io.flush(std::move(cleaned)));  // [B4]
  [[maybe_unused]] const Result<> advised = co_await io.discard_clusters(staged.owned.clusters, gone);
  space.release(staged.owned, std::move(gone));
  space.release({.pages = staged.redos, .clusters = {}}, std::move(redone));
  co_return {};
}

Task<> finish_conversions(MetadataIo& io, Space& space, std::span<const Redo> redos,
                          const Durable<Barrier::R1>& settled, const DirtyMark& dirty) {
  PageImages roots = roots_to_complete(redos, io.page_bytes());
  OwnedSpace freed;
  for (const Redo& redo : redos) freed.pages.push_back(redo.page);
  HF_CO_TRY(Unflushed<Barrier::B2> completed, co_await io.complete_roots(roots, settled, dirty));
  HF_CO_TRY(Durable<Barrier::B2> committed, co_await io.flush(std::move(completed)));  // [B2]
  HF_CO_TRY(Unflushed<Barrier::B4> erased, co_await io.erase_redos(freed.pages, committed));
  HF_CO_TRY(Durable<Barrier::B4> redone, co_await io.flush(std::move(erased)));  // [B4]
  space.release(freed, std::move(redone));
  co_return {};
}

}  // namespace holdfast::durability
