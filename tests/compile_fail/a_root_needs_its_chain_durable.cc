// SPDX-License-Identifier: BSD-3-Clause
// Expected error: too few arguments|no matching function
#include "durability/metadata_io.hh"

using namespace holdfast;
using namespace holdfast::durability;

Task<> commit(MetadataIo& io, PageImages& root, PageImages& chain, const DirtyMark& dirty) {
  HF_CO_TRY(Unflushed<Barrier::B1> written, co_await io.write_fresh(chain, {}, dirty));
  HF_CO_TRY(Durable<Barrier::B1> durable, co_await io.flush(std::move(written)));
#ifdef HOLDFAST_TWIN
  HF_CO_TRY(Unflushed<Barrier::B2> named,
            co_await io.write_in_place(Step::write_root, root, std::move(durable)));
#else
  HF_CO_TRY(Unflushed<Barrier::B2> named, co_await io.write_in_place(Step::write_root, root));
#endif
  HF_CO_CHECK(co_await io.flush(std::move(named)));
  co_return {};
}
