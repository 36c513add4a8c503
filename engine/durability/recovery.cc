// SPDX-License-Identifier: BSD-3-Clause
#include "durability/recovery.hh"

#include <algorithm>

namespace holdfast::durability {
namespace {

// Large reads: a metadata region of hundreds of megabytes is bound by
// the device, not by the number of requests.
constexpr uint64_t kReadBytes = 1 << 20;

Task<ReplayedStore> replay_metadata(MetadataIo& io, const StoreLayout& layout) {
  MetadataReplay replay(layout);
  const uint32_t pages_per_read =
      static_cast<uint32_t>(std::max<uint64_t>(1, kReadBytes / layout.md_page_size));
  AlignedBuffer buffer(uint64_t{std::min(pages_per_read, layout.md_len)} * layout.md_page_size);
  for (uint32_t first = 0; first < layout.md_len; first += pages_per_read) {
    const uint32_t count = std::min(pages_per_read, layout.md_len - first);
    const std::span<std::byte> bytes = buffer.bytes().first(uint64_t{count} * layout.md_page_size);
    HF_CO_CHECK(co_await io.read(layout.byte_of_page(PageIndex{first}), bytes, Step::read_metadata));
    for (uint32_t i = 0; i < count; ++i) {
      replay.add_page(PageIndex{first + i},
                      bytes.subspan(uint64_t{i} * layout.md_page_size, layout.md_page_size));
    }
  }
  co_return replay.finish();
}

}  // namespace

Task<RecoveredStore> read_store(MetadataIo& io) {
  HF_CO_TRY(Durable<Barrier::R1> settled, co_await io.settle());  // [R1]
  AlignedBuffer super_page(sizeof(SuperBlock));
  HF_CO_CHECK(co_await io.read(0, super_page.bytes(), Step::read_super));
  HF_CO_TRY(CheckedSuper super,
            parse_super_block(super_page.bytes(), io.device().byte_count(), io.device().block_size));
  io.adopt(super.layout);
  HF_CO_TRY(ReplayedStore replayed, co_await replay_metadata(io, super.layout));
  co_return RecoveredStore{std::move(super), std::move(replayed), std::move(settled)};
}

}  // namespace holdfast::durability
