// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>

#include "format/blob_record.hh"

namespace holdfast {
namespace {

constexpr std::string_view kParentXattr = "SNAP";
constexpr std::string_view kCreationXattr = "SNAPTMP";
constexpr std::string_view kDeletionXattr = "SNAPRM";

const Xattr* find_internal(const BlobRecord& record, std::string_view name) {
  const auto found = std::find_if(record.internal_xattrs.begin(), record.internal_xattrs.end(),
                                  [name](const Xattr& xattr) { return xattr.name == name; });
  return found == record.internal_xattrs.end() ? nullptr : &*found;
}

template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t offset) {
  Little<Number> number;
  std::memcpy(&number, bytes.data() + offset, sizeof(number));
  return number;
}

}  // namespace

std::optional<BlobId> BlobRecord::parent() const noexcept {
  const Xattr* parent = find_internal(*this, kParentXattr);
  if (parent == nullptr || parent->value.size() != sizeof(uint64_t)) return std::nullopt;
  return BlobId{number_at<uint64_t>(parent->value, 0)};
}

bool BlobRecord::unfinished() const noexcept {
  return find_internal(*this, kCreationXattr) != nullptr || find_internal(*this, kDeletionXattr) != nullptr;
}

Result<> check_xattr(std::string_view name, std::span<const std::byte> value) {
  if (!name.empty() && name.size() + value.size() <= kLargestXattr) return {};
  return Error{.code = Errc::invalid_argument,
               .object = ObjectKind::xattr,
               .reason = "an xattr needs a name, and name and value may be at most 4063 bytes together"};
}

Result<> BlobParser::add_chain_page(PageIndex page, std::span<const std::byte> descriptors) {
  page_ = page;
  record_.chain.push_back(page);
  DescriptorWalk walk(descriptors);
  Descriptor descriptor;
  for (;;) {
    switch (walk.next(descriptor)) {
      case DescriptorWalk::Step::end: return {};
      case DescriptorWalk::Step::broken: return broken("a descriptor is longer than its page");
      case DescriptorWalk::Step::descriptor: HF_CHECK(add_descriptor(descriptor));
    }
  }
}

Result<> BlobParser::add_descriptor(const Descriptor& descriptor) {
  const bool first = std::exchange(first_descriptor_, false);
  switch (static_cast<DescriptorType>(descriptor.type)) {
    case DescriptorType::flags:
      if (!first) return broken("the flags are not the first descriptor");
      return add_flags(descriptor.payload);
    case DescriptorType::xattr: return add_xattr(descriptor.payload, record_.xattrs);
    case DescriptorType::internal_xattr: return add_xattr(descriptor.payload, record_.internal_xattrs);
    case DescriptorType::extent_runs: return add_runs(descriptor.payload);
    case DescriptorType::extent_table: return add_table(descriptor.payload);
    case DescriptorType::extent_page: return broken("an extent page's descriptor stands in a chain");
    default: record_.unknown_descriptors = true; return {};
  }
}

Result<> BlobParser::add_flags(std::span<const std::byte> payload) {
  if (payload.size() != 3 * sizeof(uint64_t)) return broken("the flags have a wrong length");
  record_.flags = {.invalid = number_at<uint64_t>(payload, 0),
                   .data_ro = number_at<uint64_t>(payload, 8),
                   .md_ro = number_at<uint64_t>(payload, 16)};
  if ((record_.flags.invalid & ~BlobFlags::kKnownInvalid) != 0) {
    return Error{.code = Errc::unsupported,
                 .object = ObjectKind::blob,
                 .number = record_.id.value,
                 .byte = layout_.byte_of_page(page_),
                 .reason = "the blob needs a feature that this version does not know"};
  }
  return {};
}

Result<> BlobParser::add_xattr(std::span<const std::byte> payload, std::vector<Xattr>& xattrs) {
  if (payload.size() < kXattrLengthBytes) return broken("an xattr is shorter than its header");
  const std::size_t name_length = number_at<uint16_t>(payload, 0);
  const std::size_t value_length = number_at<uint16_t>(payload, 2);
  if (kXattrLengthBytes + name_length + value_length != payload.size())
    return broken("an xattr's lengths do not add up");
  const auto name = payload.subspan(kXattrLengthBytes, name_length);
  const auto value = payload.subspan(kXattrLengthBytes + name_length);
  Xattr xattr{.name = {reinterpret_cast<const char*>(name.data()), name.size()},
              .value = {value.begin(), value.end()}};
  const bool fresh = names_.emplace(&xattrs == &record_.internal_xattrs, xattr.name).second;
  if (!fresh) return broken("two xattrs have the same name");
  xattrs.push_back(std::move(xattr));
  return {};
}

Result<> BlobParser::add_runs(std::span<const std::byte> payload) {
  constexpr std::size_t kEntry = 8;
  if (has_table_) return broken("the blob has both an extent table and extent runs");
  if (payload.empty() || payload.size() % kEntry != 0) return broken("extent runs have a wrong length");
  has_runs_ = true;
  for (std::size_t offset = 0; offset < payload.size(); offset += kEntry) {
    HF_CHECK(add_clusters(ClusterIndex{number_at<uint32_t>(payload, offset)},
                          number_at<uint32_t>(payload, offset + 4)));
  }
  return record_.clusters.empty() ? broken("extent runs name no cluster") : Result<>{};
}

Result<> BlobParser::add_clusters(ClusterIndex first, uint64_t count) {
  if (count > cluster_budget_ - std::min<uint64_t>(cluster_budget_, record_.clusters.size())) {
    return broken("the blob has more clusters than this library handles");
  }
  if (first.value == 0) {
    if (!record_.thin()) return broken("a thick blob has unallocated clusters");
    record_.clusters.resize(record_.clusters.size() + count);
    return {};
  }
  if (!layout_.holds_data(first) || count > layout_.total_clusters - first.value) {
    return broken("the blob names a cluster outside the data area");
  }
  for (uint64_t i = 0; i < count; ++i)
    record_.clusters.push_back(ClusterIndex{static_cast<uint32_t>(first.value + i)});
  return {};
}

Result<> BlobParser::add_table(std::span<const std::byte> payload) {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kEntry = 8;
  if (has_runs_) return broken("the blob has both an extent table and extent runs");
  if (!record_.has_extent_table()) return broken("the blob has an extent table without the flag for it");
  if (payload.size() < kHeader || (payload.size() - kHeader) % kEntry != 0)
    return broken("the extent table has a wrong length");
  const uint64_t clusters = number_at<uint64_t>(payload, 0);
  if (has_table_ && clusters != table_clusters_)
    return broken("the parts of the extent table disagree about the blob's size");
  if (clusters > cluster_budget_) return broken("the blob has more clusters than this library handles");
  has_table_ = true;
  table_clusters_ = clusters;
  const uint64_t slots = extent_slots(clusters);
  for (std::size_t offset = kHeader; offset < payload.size(); offset += kEntry) {
    const PageIndex page{number_at<uint32_t>(payload, offset)};
    const uint32_t count = number_at<uint32_t>(payload, offset + 4);
    if (page.value == 0 && !record_.thin()) return broken("a thick blob has unallocated extent pages");
    if (page.value != 0 && count != 1) return broken("an entry of the extent table is malformed");
    if (page.value >= layout_.md_len)
      return broken("the extent table names a page outside the metadata region");
    if (count > slots - std::min<uint64_t>(slots, record_.extent_pages.size())) {
      return broken("the extent table is longer than the blob");
    }
    record_.extent_pages.resize(record_.extent_pages.size() + count, page);
  }
  return {};
}

Result<> BlobParser::add_extent_page(std::size_t slot, std::span<const std::byte> descriptors) {
  const uint64_t wanted =
      std::min<uint64_t>(kClustersPerExtentPage, table_clusters_ - record_.clusters.size());
  page_ = record_.extent_pages[slot];
  if (page_.value == 0) return add_clusters(ClusterIndex{0}, wanted);

  DescriptorWalk walk(descriptors);
  Descriptor extents;
  if (walk.next(extents) != DescriptorWalk::Step::descriptor ||
      extents.type != static_cast<uint8_t>(DescriptorType::extent_page)) {
    return broken("a page of the extent table is not an extent page");
  }
  Descriptor more;
  if (walk.next(more) != DescriptorWalk::Step::end)
    return broken("an extent page holds more than its extents");
  const std::span<const std::byte> payload = extents.payload;
  if (payload.size() != sizeof(uint32_t) * (1 + wanted))
    return broken("an extent page has a wrong number of clusters");
  if (number_at<uint32_t>(payload, 0) != record_.clusters.size())
    return broken("an extent page is for other clusters");
  for (uint64_t i = 1; i <= wanted; ++i) {
    HF_CHECK(add_clusters(ClusterIndex{number_at<uint32_t>(payload, i * sizeof(uint32_t))}, 1));
  }
  return {};
}

Result<BlobRecord> BlobParser::finish() {
  if (record_.has_extent_table() && !has_table_) return broken("the blob's extent table is missing");
  if (has_table_ && record_.clusters.size() != table_clusters_)
    return broken("the extent table is shorter than the blob");
  return std::move(record_);
}

Error BlobParser::broken(const char* reason) const {
  return {.code = Errc::corrupt,
          .object = ObjectKind::blob,
          .number = record_.id.value,
          .byte = layout_.byte_of_page(page_),
          .reason = reason};
}

}  // namespace holdfast
