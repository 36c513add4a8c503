// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "commands.hh"
#include "describe_store.hh"
#include "image_file.hh"

namespace holdfast::tools {
namespace {

// A name for people: the xattr that file and volume layers use, with what a terminal might act upon replaced.
std::string printable_name(const BlobRecord& blob) {
  std::string name;
  for (const Xattr& xattr : blob.xattrs) {
    if (xattr.name != "name") continue;
    for (const std::byte byte : xattr.value) {
      const auto c = static_cast<unsigned char>(byte);
      if (c != 0) name += c >= 0x20 && c != 0x7f ? static_cast<char>(c) : '?';
    }
  }
  return name;
}

void print_table(const StoreImage& image) {
  const Json store = list_store(image);
  fmt::print("version {}, {}, cluster {} bytes, {} of {} clusters free\n", store["version"].get<int>(),
             store["clean"].get<bool>() ? "clean" : "dirty (replayed in memory)",
             store["cluster_size"].get<uint64_t>(), store["free_clusters"].get<uint64_t>(),
             store["total_data_clusters"].get<uint64_t>());
  fmt::print("{:<14} {:>16} {:>10} {:>10}  {:<8} {}\n", "ID", "BYTES", "CLUSTERS", "ALLOCATED", "FLAGS",
             "NAME");
  for (const BlobRecord& blob : image.replayed().blobs) {
    const Json described = describe_blob(image, blob);
    std::string flags = blob.thin() ? "thin" : "thick";
    if (blob.data_read_only()) flags += ",ro";
    fmt::print("{:<14} {:>16} {:>10} {:>10}  {:<8} {}\n", hex_id(blob.id),
               described["size_bytes"].get<uint64_t>(), described["clusters"].get<uint64_t>(),
               described["allocated_clusters"].get<uint64_t>(), flags, printable_name(blob));
  }
}

int run_ls(const std::string& path, bool json) {
  const auto file = ImageFile::open(path);
  if (!file) return report(path, file.error());
  const auto image = StoreImage::read(**file);
  if (!image) return report(path, image.error());
  if (json) {
    fmt::print("{}\n", to_text(list_store(*image)));
  } else {
    print_table(*image);
  }
  for (const DamagedBlob& blob : image->replayed().damaged) report(path, blob.error);
  return image->replayed().damaged.empty() ? kExitOk : kExitDamaged;
}

}  // namespace

void add_ls(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string image;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("ls", "List the blobs of a store; a dirty one is replayed in memory");
  command->add_option("IMAGE", arguments->image, "A store's file or block device; it is only read")
      ->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] { exit_code = run_ls(arguments->image, arguments->json); });
}

}  // namespace holdfast::tools
