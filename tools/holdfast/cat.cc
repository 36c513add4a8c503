// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <charconv>
#include <vector>

#include "check/store_image.hh"
#include "commands.hh"
#include "image_file.hh"

namespace holdfast::tools {
namespace {

constexpr uint64_t kChunkBytes = 1 << 20;

std::optional<BlobId> parse_id(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  uint64_t id = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), id, hex ? 16 : 10);
  if (status != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return BlobId{id};
}

Result<> write_content(const StoreImage& image, const BlobRecord& blob) {
  const uint64_t cluster_size = image.layout().cluster_size;
  std::vector<std::byte> buffer(std::min(cluster_size, kChunkBytes));
  const uint64_t size = blob.clusters.size() * cluster_size;
  for (uint64_t offset = 0; offset < size;) {
    const uint64_t left_in_cluster = cluster_size - offset % cluster_size;
    const auto chunk = std::span(buffer).first(std::min<uint64_t>(buffer.size(), left_in_cluster));
    HF_CHECK(image.read_content(blob, offset, chunk));
    if (std::fwrite(chunk.data(), 1, chunk.size(), stdout) != chunk.size()) {
      return Error{
          .code = Errc::device_failed, .os_error = errno, .reason = "standard output cannot be written"};
    }
    offset += chunk.size();
  }
  return {};
}

int run_cat(const std::string& path, const std::string& id_text) {
  const auto id = parse_id(id_text);
  if (!id) {
    fmt::print(stderr, "holdfast: {}: this is not a blob id; holdfast ls prints them\n", id_text);
    return kExitBadInput;
  }
  const auto file = ImageFile::open(path);
  if (!file) return report(path, file.error());
  const auto image = StoreImage::read(**file);
  if (!image) return report(path, image.error());
  for (const DamagedBlob& damaged : image->replayed().damaged) {
    if (damaged.id == *id) return report(path, damaged.error, kExitDamaged);
  }
  const BlobRecord* blob = image->find(*id);
  if (blob == nullptr) {
    fmt::print(stderr, "holdfast: {}: there is no blob {}; holdfast ls shows those that are there\n", path,
               id_text);
    return kExitBadInput;
  }
  const auto written = write_content(*image, *blob);
  return written ? kExitOk : report(path, written.error(), kExitDamaged);
}

}  // namespace

void add_cat(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string image, id;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("cat", "Write the content of a blob to standard output");
  command->add_option("IMAGE", arguments->image, "A store's file or block device; it is only read")
      ->required();
  command->add_option("BLOBID", arguments->id, "As ls prints it: 0x100000000, or decimal")->required();
  command->callback([arguments, &exit_code] { exit_code = run_cat(arguments->image, arguments->id); });
}

}  // namespace holdfast::tools
