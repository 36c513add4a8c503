// SPDX-License-Identifier: BSD-3-Clause
#include "describe_store.hh"

#include <fmt/core.h>

#include <cstring>

namespace holdfast::tools {
namespace {

Json ranges_of(const BlobRecord& blob) {
  Json ranges = Json::array();
  for (std::size_t i = 0; i < blob.clusters.size(); ++i) {
    if (blob.clusters[i].value == 0) continue;
    const bool continues =
        !ranges.empty() && ranges.back()[0].get<std::size_t>() + ranges.back()[1].get<std::size_t>() == i;
    if (continues) {
      ranges.back()[1] = ranges.back()[1].get<std::size_t>() + 1;
    } else {
      ranges.push_back({i, 1});
    }
  }
  return ranges;
}

uint64_t allocated_clusters(const BlobRecord& blob) {
  uint64_t count = 0;
  for (const ClusterIndex cluster : blob.clusters) count += cluster.value != 0 ? 1 : 0;
  return count;
}

Json xattrs_of(const std::vector<Xattr>& xattrs) {
  Json json = Json::object();
  for (const Xattr& xattr : xattrs) json[xattr.name] = hex_bytes(xattr.value);
  return json;
}

Json clones_of(const StoreImage& image, BlobId id) {
  Json clones = Json::array();
  for (const BlobRecord& other : image.replayed().blobs) {
    if (other.parent() == id) clones.push_back(hex_id(other.id));
  }
  return clones;
}

}  // namespace

std::string hex_id(BlobId id) { return fmt::format("{:#x}", id.value); }

std::string hex_bytes(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

Json describe_blob(const StoreImage& image, const BlobRecord& blob) {
  const auto parent = blob.parent();
  const Json clones = clones_of(image, blob.id);
  return {{"id", hex_id(blob.id)},
          {"size_bytes", blob.clusters.size() * uint64_t{image.layout().cluster_size}},
          {"clusters", blob.clusters.size()},
          {"allocated_clusters", allocated_clusters(blob)},
          {"thin", blob.thin()},
          {"read_only", (blob.flags.data_ro & BlobFlags::kReadOnly) != 0},
          {"is_snapshot", !clones.empty()},
          {"is_clone", parent.has_value()},
          {"parent", parent ? Json(hex_id(*parent)) : Json()},
          {"clones", clones},
          {"allocated_cluster_ranges", ranges_of(blob)},
          {"xattrs", xattrs_of(blob.xattrs)}};
}

Json list_store(const StoreImage& image) {
  const StoreLayout& layout = image.layout();
  const CheckedSuper& super = image.super();
  Json blobs = Json::array();
  for (const BlobRecord& blob : image.replayed().blobs) blobs.push_back(describe_blob(image, blob));
  Json damaged = Json::array();
  for (const DamagedBlob& blob : image.replayed().damaged) {
    damaged.push_back({{"id", hex_id(blob.id)}, {"error", describe(blob.error)}});
  }
  const std::string type(super.type.bytes.data(), strnlen(super.type.bytes.data(), super.type.bytes.size()));
  return {{"version", super.version},
          {"clean", super.clean},
          {"io_unit_size", layout.io_unit_size},
          {"md_page_size", layout.md_page_size},
          {"cluster_size", layout.cluster_size},
          {"total_data_clusters", layout.total_clusters - layout.first_data_cluster.value},
          {"free_clusters", image.free_clusters()},
          {"bstype", type},
          {"super_blob", super.super_blob ? Json(hex_id(*super.super_blob)) : Json()},
          {"blobs", blobs},
          {"damaged", damaged}};
}

std::string to_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace holdfast::tools
