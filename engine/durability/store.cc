// SPDX-License-Identifier: BSD-3-Clause
#include "durability/store.hh"

namespace holdfast::durability {

Task<> format_store(MetadataIo& io, const CheckedSuper& super) {
  HF_CO_TRY(Unflushed<Barrier::S1> erased, co_await io.erase_super());
  HF_CO_TRY(Durable<Barrier::S1> no_super, co_await io.flush(std::move(erased)));  // [S1]
  HF_CO_TRY(Unflushed<Barrier::S2> wiped, co_await io.wipe_metadata(super, std::move(no_super)));
  HF_CO_TRY(Durable<Barrier::S2> blank, co_await io.flush(std::move(wiped)));  // [S2]
  HF_CO_TRY(Unflushed<Barrier::S3> written, co_await io.write_first_super(super, std::move(blank)));
  HF_CO_CHECK(co_await io.flush(std::move(written)));  // [S3]
  co_return {};
}

Task<DirtyMark> mark_dirty(MetadataIo& io, const CheckedSuper& dirty_super) {
  HF_CO_TRY(Unflushed<Barrier::S4> written, co_await io.write_dirty_super(dirty_super));
  HF_CO_TRY(Durable<Barrier::S4> durable, co_await io.flush(std::move(written)));  // [S4]
  co_return DirtyMark(std::move(durable));
}

Task<> mark_clean(MetadataIo& io, Masks& masks, const CheckedSuper& clean_super, DirtyMark dirty) {
  HF_CO_TRY(Unflushed<Barrier::S5> written, co_await io.write_masks(masks, dirty));
  HF_CO_TRY(Durable<Barrier::S5> durable, co_await io.flush(std::move(written)));  // [S5]
  HF_CO_TRY(Unflushed<Barrier::S6> clean,
            co_await io.write_clean_super(clean_super, std::move(dirty), std::move(durable)));
  HF_CO_CHECK(co_await io.flush(std::move(clean)));  // [S6]
  co_return {};
}

Task<> change_super(MetadataIo& io, const CheckedSuper& super, const DirtyMark& dirty) {
  HF_CO_TRY(Unflushed<Barrier::S7> written, co_await io.rewrite_super(super, dirty));
  HF_CO_CHECK(co_await io.flush(std::move(written)));  // [S7]
  co_return {};
}

Task<> destroy_store(MetadataIo& io) {
  HF_CO_TRY(Unflushed<Barrier::S7> erased, co_await io.remove_super());
  HF_CO_CHECK(co_await io.flush(std::move(erased)));  // [S7]
  co_return {};
}

}  // namespace holdfast::durability
