// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <cstring>

#include "commands.hh"
#include "core/little_endian.hh"
#include "describe_store.hh"
#include "image_file.hh"

namespace holdfast::tools {
namespace {

template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t offset) {
  Little<Number> number;
  if (offset + sizeof(number) > bytes.size()) return 0;
  std::memcpy(&number, bytes.data() + offset, sizeof(number));
  return number;
}

Json region(const PageRegion& region) { return {{"start", region.start}, {"length", region.length}}; }

Json dump_super(const CheckedSuper& super) {
  const StoreLayout& layout = super.layout;
  return {{"version", super.version},
          {"clean", super.clean},
          {"super_blob", super.super_blob ? Json(hex_id(*super.super_blob)) : Json()},
          {"type", hex_bytes(std::as_bytes(std::span(super.type.bytes)))},
          {"cluster_size", layout.cluster_size},
          {"md_page_size", layout.md_page_size},
          {"io_unit_size", layout.io_unit_size},
          {"size", static_cast<uint64_t>(super.media.size)},
          {"total_clusters", layout.total_clusters},
          {"first_data_cluster", layout.first_data_cluster.value},
          {"page_mask", region(layout.page_mask)},
          {"cluster_mask", region(layout.cluster_mask)},
          {"blob_id_mask", region(layout.blob_id_mask)},
          {"md_start", layout.md_start},
          {"md_len", layout.md_len},
          {"crc", fmt::format("{:#010x}", static_cast<uint32_t>(super.media.crc))}};
}

Json dump_mask(const StoreImage& image, MaskType type, const Bitmap* roots_say) {
  const auto mask = image.read_mask(type);
  if (!mask) return {{"error", describe(mask.error())}};
  Json json = {{"bits", mask->size()}, {"set", mask->set_count()}};
  if (roots_say != nullptr) json["agrees_with_roots"] = *mask == *roots_say;
  return json;
}

Json dump_masks(const StoreImage& image) {
  const Bitmap clusters = image.replayed().clusters_in_mask(image.layout());
  return {{"believed", image.super().clean},
          {"used_pages", dump_mask(image, MaskType::used_pages, &image.replayed().used_pages)},
          {"used_clusters", dump_mask(image, MaskType::used_clusters, &clusters)},
          {"used_blob_ids", dump_mask(image, MaskType::used_blob_ids, nullptr)}};
}

Json dump_words(std::span<const std::byte> payload, std::size_t offset) {
  Json words = Json::array();
  for (; offset + sizeof(uint32_t) <= payload.size(); offset += sizeof(uint32_t))
    words.push_back(number_at<uint32_t>(payload, offset));
  return words;
}

Json dump_pairs(std::span<const std::byte> payload, std::size_t offset) {
  Json pairs = Json::array();
  for (; offset + 8 <= payload.size(); offset += 8) {
    pairs.push_back({number_at<uint32_t>(payload, offset), number_at<uint32_t>(payload, offset + 4)});
  }
  return pairs;
}

Json dump_xattr(std::span<const std::byte> payload) {
  const std::size_t name_length = number_at<uint16_t>(payload, 0);
  if (kXattrLengthBytes + name_length > payload.size()) return {{"malformed", hex_bytes(payload)}};
  const auto name = payload.subspan(kXattrLengthBytes, name_length);
  return {{"name", std::string(reinterpret_cast<const char*>(name.data()), name.size())},
          {"value", hex_bytes(payload.subspan(kXattrLengthBytes + name_length))}};
}

Json dump_descriptor(const Descriptor& descriptor) {
  const std::span<const std::byte> payload = descriptor.payload;
  switch (static_cast<DescriptorType>(descriptor.type)) {
    case DescriptorType::flags:
      return {{"flags",
               {{"invalid", number_at<uint64_t>(payload, 0)},
                {"data_ro", number_at<uint64_t>(payload, 8)},
                {"md_ro", number_at<uint64_t>(payload, 16)}}}};
    case DescriptorType::xattr: return {{"xattr", dump_xattr(payload)}};
    case DescriptorType::internal_xattr: return {{"internal_xattr", dump_xattr(payload)}};
    case DescriptorType::extent_runs: return {{"extent_runs", dump_pairs(payload, 0)}};
    case DescriptorType::extent_table:
      return {{"extent_table",
               {{"clusters", number_at<uint64_t>(payload, 0)}, {"pages", dump_pairs(payload, 8)}}}};
    case DescriptorType::extent_page:
      return {{"extent_page",
               {{"first_cluster", number_at<uint32_t>(payload, 0)}, {"clusters", dump_words(payload, 4)}}}};
    default: return {{"unknown", {{"type", descriptor.type}, {"payload", hex_bytes(payload)}}}};
  }
}

Json dump_page(PageIndex index, const MetadataPage& page, const StoreImage& image) {
  const bool intact = page.crc == page_checksum(page);
  Json json = {{"page", index.value},
               {"byte", image.layout().byte_of_page(index)},
               {"id", hex_id(BlobId{page.blob_id})},
               {"sequence", static_cast<uint32_t>(page.sequence)},
               {"next", page.next == kNoPage ? Json() : Json(static_cast<uint32_t>(page.next))},
               {"crc", fmt::format("{:#010x}", static_cast<uint32_t>(page.crc))},
               {"intact", intact},
               {"in_use", image.replayed().used_pages.test(index.value)}};
  if (!intact) return json;
  Json descriptors = Json::array();
  DescriptorWalk walk(page.descriptors);
  Descriptor descriptor;
  while (walk.next(descriptor) == DescriptorWalk::Step::descriptor)
    descriptors.push_back(dump_descriptor(descriptor));
  json["descriptors"] = std::move(descriptors);
  return json;
}

Result<Json> dump_pages(const StoreImage& image) {
  Json pages = Json::array();
  for (uint32_t i = 0; i < image.layout().md_len; ++i) {
    HF_TRY(const MetadataPage page, image.read_page(PageIndex{i}));
    const bool blank = page.blob_id == 0 && page.crc == 0;
    if (!blank) pages.push_back(dump_page(PageIndex{i}, page, image));
  }
  return pages;
}

int run_dump(const std::string& path) {
  const auto file = ImageFile::open(path);
  if (!file) return report(path, file.error());
  const auto image = StoreImage::read(**file);
  if (!image) return report(path, image.error());
  const auto pages = dump_pages(*image);
  if (!pages) return report(path, pages.error());
  const Json listed = list_store(*image);
  const Json dump = {{"super_block", dump_super(image->super())},
                     {"masks", dump_masks(*image)},
                     {"metadata_pages", *pages},
                     {"blobs", listed["blobs"]},
                     {"damaged", listed["damaged"]}};
  fmt::print("{}\n", to_text(dump));
  return image->replayed().damaged.empty() ? kExitOk : kExitDamaged;
}

}  // namespace

void add_dump(CLI::App& app, int& exit_code) {
  auto image = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("dump", "Print every structure of a store, decoded, as JSON");
  command->add_option("IMAGE", *image, "A store's file or block device; it is only read")->required();
  command->callback([image, &exit_code] { exit_code = run_dump(*image); });
}

}  // namespace holdfast::tools
