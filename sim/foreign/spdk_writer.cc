// SPDX-License-Identifier: BSD-3-Clause
#include "foreign/spdk_writer.hh"

#include <algorithm>
#include <cstring>

namespace holdfast::sim {
namespace {

constexpr std::string_view kName = "name";

Error failure(Errc code, const char* reason) {
  return {.code = code, .object = ObjectKind::blob, .reason = reason};
}

// Which slots a commit rewrites: from the one in which the smaller of both sizes ends. A blob that shrinks to
// nothing rewrites its first.
struct Slots {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Slots slots_to_write(const BlobRecord& former, const BlobRecord& next) {
  if (!next.has_extent_table() || former.clusters.size() == next.clusters.size()) return {};
  const std::size_t smaller = extent_slots(std::min(former.clusters.size(), next.clusters.size()));
  const std::size_t end = std::max<std::size_t>(1, extent_slots(next.clusters.size()));
  return {.begin = std::max<std::size_t>(1, smaller) - 1, .end = end};
}

template <class Item>
std::vector<Item> cut_off(const std::vector<Item>& former, std::size_t kept) {
  std::vector<Item> items;
  for (std::size_t i = kept; i < former.size(); ++i) {
    if (former[i].value != 0) items.push_back(former[i]);
  }
  return items;
}

}  // namespace

Task<> SpdkWriter::load() {
  AlignedBuffer page(sizeof(SuperBlock));
  HF_CO_CHECK(co_await read_super(page));
  const DeviceGeometry& device = channel_.geometry();
  HF_CO_TRY(const CheckedSuper super,
            parse_super_block(page.bytes(), device.byte_count(), device.block_size));
  layout_ = super.layout;
  if (super.clean && layout_.blob_id_mask.length != 0) co_return co_await load_by_masks();
  co_return co_await recover();
}

Task<> SpdkWriter::unload() {
  AlignedBuffer page(sizeof(SuperBlock));
  HF_CO_CHECK(co_await read_super(page));
  const DeviceGeometry& device = channel_.geometry();
  HF_CO_TRY(CheckedSuper super, parse_super_block(page.bytes(), device.byte_count(), device.block_size));
  HF_CO_CHECK(co_await write_masks());
  super.clean = true;
  co_return co_await write_super(super);
}

std::optional<BlobId> SpdkWriter::find(std::string_view name) const {
  for (const auto& [id, blob] : blobs_) {
    for (const Xattr& xattr : blob.xattrs) {
      const std::string_view value(reinterpret_cast<const char*>(xattr.value.data()), xattr.value.size());
      if (xattr.name == kName && value == name) return BlobId{id};
    }
  }
  return std::nullopt;
}

std::optional<BlobId> SpdkWriter::next_id() const {
  const auto page = used_pages_.find_clear(0);
  if (!page) return std::nullopt;
  return blob_id_of_root(PageIndex{static_cast<uint32_t>(*page)});
}

Task<BlobId> SpdkWriter::create(const SpdkBlob& wanted) {
  HF_CO_TRY(const PageIndex root, take_page(0));
  BlobRecord blob;
  blob.id = blob_id_of_root(root);
  blob.chain = {root};
  blob.xattrs = wanted.xattrs;
  if (wanted.thin) blob.flags.invalid |= BlobFlags::kThin;
  if (wanted.table) blob.flags.invalid |= BlobFlags::kExtentTable;
  for (const Xattr& xattr : blob.xattrs) HF_CO_CHECK(check_xattr(xattr.name, xattr.value));
  HF_CO_CHECK(change_size(blob, wanted.clusters));
  const BlobId id = blob.id;
  HF_CO_CHECK(co_await persist(std::move(blob)));
  co_return id;
}

Task<> SpdkWriter::set_xattr(BlobId id, const Xattr& xattr) {
  HF_CO_TRY(BlobRecord blob, change(id));
  HF_CO_CHECK(check_xattr(xattr.name, xattr.value));
  const auto known = std::ranges::find(blob.xattrs, xattr.name, &Xattr::name);
  if (known == blob.xattrs.end()) {
    blob.xattrs.push_back(xattr);
  } else {
    known->value = xattr.value;
  }
  co_return co_await persist(std::move(blob));
}

Task<> SpdkWriter::resize(BlobId id, uint64_t clusters) {
  HF_CO_TRY(BlobRecord blob, change(id));
  if (blob.clusters.size() == clusters) co_return {};
  HF_CO_CHECK(change_size(blob, clusters));
  co_return co_await persist(std::move(blob));
}

Task<> SpdkWriter::remove(BlobId id) {
  HF_CO_TRY(const BlobRecord blob, change(id));
  HF_CO_CHECK(co_await mark_dirty());
  const std::vector<ClusterIndex> clusters = cut_off(blob.clusters, 0);
  const std::vector<PageIndex> extent_pages = cut_off(blob.extent_pages, 0);
  HF_CO_CHECK(co_await zero_pages(blob.chain));
  HF_CO_CHECK(co_await discard(clusters));
  HF_CO_CHECK(co_await zero_pages(extent_pages));
  release(blob.chain, clusters);
  release(extent_pages, {});
  blobs_.erase(id.value);
  co_return {};
}

// Cluster by cluster, as SPDK splits what crosses them.
Task<> SpdkWriter::write(BlobId id, uint64_t offset, std::span<std::byte> bytes) {
  HF_CO_TRY(const BlobRecord blob, change(id));
  const uint64_t size = blob.clusters.size() * layout_.cluster_size;
  if (offset > size || bytes.size() > size - offset)
    co_return failure(Errc::out_of_range, "the foreign program writes behind the end of the blob");
  while (!bytes.empty()) {
    const uint64_t part = std::min(bytes.size(), layout_.cluster_size - offset % layout_.cluster_size);
    HF_CO_CHECK(co_await write_part(id, offset, bytes.first(part)));
    offset += part;
    bytes = bytes.subspan(part);
  }
  co_return {};
}

Task<> SpdkWriter::write_part(BlobId id, uint64_t offset, std::span<std::byte> bytes) {
  const std::size_t cluster = offset / layout_.cluster_size;
  if (blobs_.at(id.value).clusters[cluster].value == 0) HF_CO_CHECK(co_await allocate(id, cluster));
  const uint64_t begin = layout_.byte_of_cluster(blobs_.at(id.value).clusters[cluster]);
  const ForeignRequest request{.kind = IoKind::write,
                               .byte = begin + offset % layout_.cluster_size,
                               .length = bytes.size(),
                               .bytes = bytes.data()};
  co_return co_await send({&request, 1});
}

// The metadata go first, and the new cluster shows whatever is there. An extent page that exists is the only
// thing that changes; a new one is named by the root.
Task<> SpdkWriter::allocate(BlobId id, std::size_t cluster) {
  HF_CO_TRY(BlobRecord blob, change(id));
  HF_CO_TRY(blob.clusters[cluster], take_cluster());
  if (!blob.has_extent_table()) co_return co_await persist(std::move(blob));
  const std::size_t slot = cluster / kClustersPerExtentPage;
  const bool named = blob.extent_pages[slot].value != 0;
  if (!named) {
    HF_CO_TRY(blob.extent_pages[slot], take_page(1));
  }
  HF_CO_CHECK(co_await mark_dirty());
  const MetadataPage page = encode_extent_page(id, extent_slot(blob.clusters, slot));
  HF_CO_CHECK(co_await write_page(blob.extent_pages[slot], page));
  if (!named) co_return co_await persist(std::move(blob));
  blobs_.at(id.value) = std::move(blob);
  co_return {};
}

Task<> SpdkWriter::persist(BlobRecord next) {
  const auto known = blobs_.find(next.id.value);
  BlobRecord former;
  if (known != blobs_.end()) former = known->second;
  HF_CO_CHECK(co_await mark_dirty());
  HF_CO_CHECK(co_await write_extent_pages(former, next));
  HF_CO_CHECK(co_await write_chain_and_root(next));
  const std::vector<PageIndex> old_chain = cut_off(former.chain, 1);
  const std::vector<ClusterIndex> clusters = cut_off(former.clusters, next.clusters.size());
  const std::vector<PageIndex> extent_pages = cut_off(former.extent_pages, next.extent_pages.size());
  HF_CO_CHECK(co_await zero_pages(old_chain));
  HF_CO_CHECK(co_await discard(clusters));
  HF_CO_CHECK(co_await zero_pages(extent_pages));
  release(old_chain, clusters);
  release(extent_pages, {});
  const uint64_t id = next.id.value;
  blobs_.insert_or_assign(id, std::move(next));
  co_return {};
}

// One after the other, in place.
Task<> SpdkWriter::write_extent_pages(const BlobRecord& former, const BlobRecord& next) {
  const Slots slots = slots_to_write(former, next);
  for (std::size_t i = slots.begin; i < slots.end; ++i) {
    const std::vector<PageIndex>& table =
        i < next.extent_pages.size() ? next.extent_pages : former.extent_pages;
    if (i >= table.size() || table[i].value == 0) continue;
    const ExtentSlot slot = i < next.extent_pages.size() ? extent_slot(next.clusters, i) : ExtentSlot{};
    const MetadataPage page = encode_extent_page(next.id, slot);
    HF_CO_CHECK(co_await write_page(table[i], page));
  }
  co_return {};
}

// The chain on free pages, all at once; then the root in place, with the descriptors that come first.
Task<> SpdkWriter::write_chain_and_root(BlobRecord& next) {
  std::vector<MetadataPage> pages = encode_blob(next, RootForm::whole);
  next.pointer_root = false;
  next.chain.resize(1);
  while (next.chain.size() < pages.size()) {
    HF_CO_TRY(const PageIndex page, take_page(0));
    next.chain.push_back(page);
  }
  link_chain(pages, next.chain);
  std::vector<ForeignRequest> requests;
  AlignedBuffer bytes(pages.size() * layout_.md_page_size);
  for (std::size_t i = 1; i < pages.size(); ++i) {
    std::byte* at = bytes.bytes().data() + i * layout_.md_page_size;
    std::memcpy(at, &pages[i], sizeof(MetadataPage));
    requests.push_back({.kind = IoKind::write,
                        .byte = layout_.byte_of_page(next.chain[i]),
                        .length = layout_.md_page_size,
                        .bytes = at});
  }
  HF_CO_CHECK(co_await send(requests));
  co_return co_await write_page(next.chain[0], pages[0]);
}

Task<> SpdkWriter::zero_pages(std::span<const PageIndex> pages) {
  std::vector<ForeignRequest> requests;
  for (const PageIndex page : pages) {
    requests.push_back(
        {.kind = IoKind::write_zeroes, .byte = layout_.byte_of_page(page), .length = layout_.md_page_size});
  }
  co_return co_await send(requests);
}

Task<> SpdkWriter::discard(std::span<const ClusterIndex> clusters) {
  std::vector<ForeignRequest> requests;
  for (const ClusterIndex cluster : clusters) {
    requests.push_back(
        {.kind = IoKind::discard, .byte = layout_.byte_of_cluster(cluster), .length = layout_.cluster_size});
  }
  co_return co_await send(requests);
}

// Every blob that the masks name must be readable, and nothing else is looked at.
Task<> SpdkWriter::load_by_masks() {
  HF_CO_TRY(used_pages_, co_await read_mask(layout_.page_mask, MaskType::used_pages, layout_.md_len));
  HF_CO_TRY(used_clusters_,
            co_await read_mask(layout_.cluster_mask, MaskType::used_clusters, layout_.total_clusters));
  HF_CO_TRY(const Bitmap ids,
            co_await read_mask(layout_.blob_id_mask, MaskType::used_blob_ids, layout_.md_len));
  HF_CO_TRY(ReplayedStore found, co_await read_blobs(used_pages_));
  for (const DamagedBlob& damaged : found.damaged) {
    if (ids.test(root_of_blob_id(damaged.id).value)) co_return damaged.error;
  }
  for (BlobRecord& blob : found.blobs) {
    const uint64_t id = blob.id.value;
    if (ids.test(root_of_blob_id(blob.id).value)) blobs_.emplace(id, std::move(blob));
  }
  co_return {};
}

// A dirty store: whatever has a valid root exists, and the masks are written anew. A torn root is no root,
// and its page is free, whether or not a redo could complete it; anything else that is damaged ends the load.
Task<> SpdkWriter::recover() {
  Bitmap everything(layout_.md_len);
  everything.set_all();
  HF_CO_TRY(ReplayedStore found, co_await read_blobs(everything));
  for (const Redo& redo : found.redos) {
    std::erase_if(found.blobs, [&redo](const BlobRecord& blob) {
      return redo.needed && blob.id == BlobId{redo.root.blob_id};
    });
  }
  for (const DamagedBlob& damaged : found.damaged) {
    AlignedBuffer bytes(kPageSize);
    HF_CO_CHECK(co_await read(layout_.byte_of_page(root_of_blob_id(damaged.id)), bytes.bytes()));
    MetadataPage root;
    std::memcpy(&root, bytes.bytes().data(), sizeof(root));
    if (root.crc == page_checksum(root)) co_return damaged.error;
  }
  for (BlobRecord& blob : found.blobs) {
    const uint64_t id = blob.id.value;
    blobs_.emplace(id, std::move(blob));
  }
  claim_everything();
  co_return co_await write_masks();
}

void SpdkWriter::claim_everything() {
  used_pages_ = Bitmap(layout_.md_len);
  used_clusters_ = Bitmap(layout_.total_clusters);
  for (uint32_t i = 0; i < layout_.first_data_cluster.value; ++i) used_clusters_.set(i);
  for (const auto& [id, blob] : blobs_) {
    for (const PageIndex page : blob.chain) used_pages_.set(page.value);
    for (const PageIndex page : cut_off(blob.extent_pages, 0)) used_pages_.set(page.value);
    for (const ClusterIndex cluster : cut_off(blob.clusters, 0)) used_clusters_.set(cluster.value);
  }
}

Task<Bitmap> SpdkWriter::read_mask(const PageRegion& region, MaskType type, uint64_t bits) {
  AlignedBuffer bytes(layout_.bytes_of_region(region));
  HF_CO_CHECK(co_await read(layout_.byte_of_region(region), bytes.bytes()));
  co_return parse_mask(bytes.bytes(), type, bits);
}

// SPDK reads page by page; nobody can tell the difference.
Task<ReplayedStore> SpdkWriter::read_blobs(const Bitmap& pages) {
  AlignedBuffer bytes(uint64_t{layout_.md_len} * layout_.md_page_size);
  HF_CO_CHECK(co_await read(layout_.byte_of_page(PageIndex{0}), bytes.bytes()));
  MetadataReplay replay(layout_);
  for (uint32_t i = 0; i < layout_.md_len; ++i) {
    if (pages.test(i))
      replay.add_page(PageIndex{i}, bytes.bytes().subspan(uint64_t{i} * layout_.md_page_size, kPageSize));
  }
  co_return replay.finish();
}

Task<> SpdkWriter::write_masks() {
  Bitmap ids(layout_.md_len);
  for (const auto& [id, blob] : blobs_) ids.set(root_of_blob_id(BlobId{id}).value);
  HF_CO_CHECK(co_await write_mask(layout_.page_mask, MaskType::used_pages, used_pages_));
  if (layout_.blob_id_mask.length != 0)
    HF_CO_CHECK(co_await write_mask(layout_.blob_id_mask, MaskType::used_blob_ids, ids));
  co_return co_await write_mask(layout_.cluster_mask, MaskType::used_clusters, used_clusters_);
}

Task<> SpdkWriter::write_mask(const PageRegion& region, MaskType type, const Bitmap& bits) {
  AlignedBuffer bytes(layout_.bytes_of_region(region));
  encode_mask(bytes.bytes(), type, bits);
  const ForeignRequest request{.kind = IoKind::write,
                               .byte = layout_.byte_of_region(region),
                               .length = bytes.bytes().size(),
                               .bytes = bytes.bytes().data()};
  co_return co_await send({&request, 1});
}

// Before the first change after a load, also where the superblock says dirty already.
Task<> SpdkWriter::mark_dirty() {
  if (marked_dirty_) co_return {};
  AlignedBuffer page(sizeof(SuperBlock));
  HF_CO_CHECK(co_await read_super(page));
  const DeviceGeometry& device = channel_.geometry();
  HF_CO_TRY(CheckedSuper super, parse_super_block(page.bytes(), device.byte_count(), device.block_size));
  super.clean = false;
  if (super.media.size == 0) super.media.size = device.byte_count();
  HF_CO_CHECK(co_await write_super(super));
  marked_dirty_ = true;
  co_return {};
}

Task<> SpdkWriter::read_super(AlignedBuffer& page) { return read(0, page.bytes()); }

Task<> SpdkWriter::write_super(const CheckedSuper& super) {
  AlignedBuffer page(sizeof(SuperBlock));
  const SuperBlock image = encode_super_block(super);
  std::memcpy(page.bytes().data(), &image, sizeof(image));
  const ForeignRequest request{
      .kind = IoKind::write, .byte = 0, .length = sizeof(image), .bytes = page.bytes().data()};
  co_return co_await send({&request, 1});
}

Task<> SpdkWriter::write_page(PageIndex place, const MetadataPage& page) {
  AlignedBuffer bytes(layout_.md_page_size);
  std::memcpy(bytes.bytes().data(), &page, sizeof(page));
  const ForeignRequest request{.kind = IoKind::write,
                               .byte = layout_.byte_of_page(place),
                               .length = bytes.bytes().size(),
                               .bytes = bytes.bytes().data()};
  co_return co_await send({&request, 1});
}

Task<> SpdkWriter::read(uint64_t byte, std::span<std::byte> into) {
  const ForeignRequest request{
      .kind = IoKind::read, .byte = byte, .length = into.size(), .bytes = into.data()};
  co_return co_await send({&request, 1});
}

Task<> SpdkWriter::send(std::span<const ForeignRequest> requests) {
  ForeignRequests together(channel_, requests);
  co_return co_await together.run();
}

Result<BlobRecord> SpdkWriter::change(BlobId id) const {
  const auto blob = blobs_.find(id.value);
  if (blob == blobs_.end()) return failure(Errc::not_found, "the foreign program finds no such blob");
  if (blob->second.metadata_read_only())
    return failure(Errc::read_only, "the blob is read-only for the foreign program too");
  return blob->second;
}

Result<PageIndex> SpdkWriter::take_page(uint64_t from) {
  const auto page = used_pages_.find_clear(from);
  if (!page || *page < from)
    return failure(Errc::no_space, "the foreign program finds no free metadata page");
  used_pages_.set(*page);
  return PageIndex{static_cast<uint32_t>(*page)};
}

Result<ClusterIndex> SpdkWriter::take_cluster() {
  const auto cluster = used_clusters_.find_clear(0);
  if (!cluster) return failure(Errc::no_space, "the foreign program finds no free cluster");
  used_clusters_.set(*cluster);
  return ClusterIndex{static_cast<uint32_t>(*cluster)};
}

// In memory. What a blob loses stays taken until the commit has zeroed it; a thick blob gets its clusters and
// extent pages at once. Index 0 in a table means none, so the search for an extent page begins at 1.
Result<> SpdkWriter::change_size(BlobRecord& blob, uint64_t clusters) {
  const std::size_t before = blob.clusters.size();
  blob.clusters.resize(clusters);
  if (blob.has_extent_table()) blob.extent_pages.resize(extent_slots(clusters));
  if (blob.thin()) return {};
  for (std::size_t i = before; i < clusters; ++i) {
    HF_TRY(blob.clusters[i], take_cluster());
    const std::size_t slot = i / kClustersPerExtentPage;
    if (!blob.has_extent_table() || blob.extent_pages[slot].value != 0) continue;
    HF_TRY(blob.extent_pages[slot], take_page(1));
  }
  return {};
}

void SpdkWriter::release(std::span<const PageIndex> pages, std::span<const ClusterIndex> clusters) {
  for (const PageIndex page : pages) used_pages_.clear(page.value);
  for (const ClusterIndex cluster : clusters) used_clusters_.clear(cluster.value);
}

}  // namespace holdfast::sim
