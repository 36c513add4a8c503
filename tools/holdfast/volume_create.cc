// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <random>

#include "commands.hh"
#include "real_volume.hh"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  VolumePlace place;
  uint64_t size = 0;
  std::string uuid;
  std::string codec = "lz4";
  VolumeOptions volume;
};

// A UUID of version 4, variant 1.
Uuid draw_uuid() {
  std::random_device source;
  Uuid uuid;
  for (std::byte& byte : uuid) byte = std::byte(source() & 0xFF);
  uuid[6] = (uuid[6] & std::byte{0x0F}) | std::byte{0x40};
  uuid[8] = (uuid[8] & std::byte{0x3F}) | std::byte{0x80};
  return uuid;
}

// Programs that open the map file by the path on the device may run in another folder.
std::string folder_on_device(const std::string& maps) {
  std::string folder = fs::absolute(maps).lexically_normal().string();
  if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

// The folder is opened first: no file is made beside one that is not there.
int create_on(const Arguments& arguments, const VolumeOptions& options) {
  const VolumePlace& place = arguments.place;
  const auto loop = nvme::Loop::open();
  if (!loop) return report(place.device, loop.error());
  const auto maps = nvme::MapFolder::open(place.maps, **loop);
  if (!maps) return report(place.maps, maps.error());
  nvme::DeviceOptions device_options;
  if (arguments.size != 0) device_options.create_bytes = arguments.size;
  const auto device = nvme::FileDevice::open(place.device, device_options);
  if (!device) return report(place.device, device.error());
  const Result<> created = (*loop)->run(Volume::create(**device, **maps, **loop, options));
  if (created) return kExitOk;
  std::error_code status;
  if (arguments.size != 0) fs::remove(place.device, status);
  return report(place.device, created.error());
}

int run_create(const Arguments& arguments) {
  VolumeOptions options = arguments.volume;
  options.uuid = draw_uuid();
  if (!arguments.uuid.empty()) {
    const std::optional<Uuid> given = parse_uuid(arguments.uuid);
    if (!given) {
      fmt::print(stderr,
                 "holdfast: {}: this is no UUID; one looks like 0f031213-b8be-4fdf-b6c4-9714b8d1c0b9\n",
                 arguments.uuid);
      return kExitBadInput;
    }
    options.uuid = *given;
  }
  options.codec = static_cast<uint32_t>(arguments.codec == "lz4" ? CodecKind::lz4 : CodecKind::deflate);
  const std::string folder = folder_on_device(arguments.place.maps);
  options.folder = folder;
  const int exit_code = create_on(arguments, options);
  if (exit_code == kExitOk) fmt::print("{}\n", uuid_text(options.uuid));
  return exit_code;
}

}  // namespace

void add_volume_create(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  VolumeOptions& volume = arguments->volume;
  CLI::App* command = app.add_subcommand("create", "Make an empty volume on a whole device; print its UUID");
  add_device_and_maps(*command, arguments->place, "A file or block device");
  command
      ->add_option("--size", arguments->size,
                   "Create the file with this size, for example 1GiB; without it, it must exist")
      ->transform(CLI::AsSizeValue(false));
  command->add_option("--uuid", arguments->uuid, "Its UUID; without it, one is drawn");
  command->add_option("--chunk-size", volume.chunk_size, "What is compressed together: 4KiB to 1MiB")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  command
      ->add_option(
          "--unit-size", volume.unit_size,
          "What compressed data is rounded up to; divides the chunk, a multiple of the device's block")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  command
      ->add_option("--logical-block-size", volume.logical_block_size,
                   "The block that the volume has for its users; 0: the device's block")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  command->add_option("--codec", arguments->codec, "How chunks are compressed")
      ->check(CLI::IsMember({"lz4", "deflate"}))
      ->capture_default_str();
  command
      ->add_option("--level", volume.codec_level,
                   "deflate: 0 to 3, more is smaller; lz4: 1 to 65537, more is faster")
      ->capture_default_str();
  command->add_flag("--checksums", volume.checksums,
                    "Keep a checksum of each chunk, in a word that SPDK leaves alone");
  command->add_flag("--force", volume.replace_existing,
                    "Replace a volume or store that is there already; its content is lost");
  command->footer(
      "The volume is smaller than its device by 128 chunks: a chunk's new content is written beside the old "
      "one.");
  command->callback([arguments, &exit_code] { exit_code = run_create(*arguments); });
}

}  // namespace holdfast::tools
