// SPDX-License-Identifier: BSD-3-Clause
#include "durability/blob.hh"

namespace holdfast::durability {

Task<> commit_blob(MetadataIo& io, Space& space, StagedCommit& staged, const DirtyMark& dirty) {
  HF_CO_TRY(Unflushed<Barrier::B1> named, co_await io.clear_clusters(staged.fresh_clusters, dirty));
  HF_CO_TRY(Unflushed<Barrier::B1> chain, co_await io.write_chain(staged.chain, dirty));
  named.join(std::move(chain));
  HF_CO_TRY(Durable<Barrier::B1> named_durable, co_await io.flush(std::move(named)));  // [B1]
  staged.root_in_doubt = true;
  HF_CO_TRY(Unflushed<Barrier::B2> root, co_await io.write_root(staged.root, std::move(named_durable)));
  HF_CO_TRY(Durable<Barrier::B2> committed, co_await io.flush(std::move(root)));  // [B2]
  staged.root_in_doubt = false;
  [[maybe_unused]] const Result<> advised =
      co_await io.discard_clusters(staged.superseded.clusters, committed);
  space.release(staged.superseded, std::move(committed));
  co_return {};
}

Task<> delete_blob(MetadataIo& io, Space& space, PageIndex root, const OwnedSpace& owned,
                   const DirtyMark& dirty) {
  HF_CO_TRY(Unflushed<Barrier::B3> erased, co_await io.erase_root(root, dirty));
  HF_CO_TRY(Durable<Barrier::B3> gone, co_await io.flush(std::move(erased)));  // [B3]
  [[maybe_unused]] const Result<> advised = co_await io.discard_clusters(owned.clusters, gone);
  space.release(owned, std::move(gone));
  co_return {};
}

}  // namespace holdfast::durability
