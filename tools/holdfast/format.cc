// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <filesystem>

#include "commands.hh"
#include "holdfast/blobstore.hh"
#include "real_device.hh"

namespace holdfast::tools {
namespace {

struct Arguments {
  std::string path;
  uint64_t size = 0;
  uint64_t cluster_size = 1 << 20;
  uint32_t metadata_pages = 0;
  std::string type;
  bool force = false;
};

Result<> format(const Arguments& arguments) {
  nvme::DeviceOptions device_options;
  if (arguments.size != 0) device_options.create_bytes = arguments.size;
  HF_TRY(const RealDevice real, open_device(arguments.path, device_options));
  FormatOptions options;
  options.cluster_size = static_cast<uint32_t>(arguments.cluster_size);
  options.metadata_pages = arguments.metadata_pages;
  options.type = StoreType::named(arguments.type);
  options.replace_existing = arguments.force;
  return real.loop->run(Blobstore::format(*real.device, *real.loop, options));
}

int run_format(const Arguments& arguments) {
  if (arguments.cluster_size > UINT32_MAX) {
    fmt::print(stderr, "holdfast: --cluster-size: a cluster has less than 4 GiB\n");
    return kExitBadInput;
  }
  const Result<> formatted = format(arguments);
  return formatted ? kExitOk : report(arguments.path, formatted.error());
}

}  // namespace

void add_format(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("format", "Make an empty store");
  command->add_option("PATH", arguments->path, "A file or block device")->required();
  command
      ->add_option("--size", arguments->size,
                   "Create the file with this size, for example 1GiB; without it, it must exist")
      ->transform(CLI::AsSizeValue(false));
  command->add_option("--cluster-size", arguments->cluster_size, "A multiple of 4KiB")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  command
      ->add_option("--metadata-pages", arguments->metadata_pages,
                   "Pages for metadata; 0 is one for each cluster")
      ->capture_default_str();
  command->add_option("--type", arguments->type, "Whose store this is, at most 16 bytes");
  command->add_flag("--force", arguments->force,
                    "Replace a store that is there already; its content is lost");
  command->callback([arguments, &exit_code] { exit_code = run_format(*arguments); });
}

}  // namespace holdfast::tools
