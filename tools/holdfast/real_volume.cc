// SPDX-License-Identifier: BSD-3-Clause
#include "real_volume.hh"

#include <fmt/core.h>

#include "commands.hh"
#include "image_file.hh"

namespace holdfast::tools {
namespace {

// A volume is opened after its device: what is missing or in use now is the map file.
void report_open(const VolumePlace& place, const Error& error) {
  const bool about_map_file = error.code == Errc::not_found || error.code == Errc::busy;
  const Result<CheckedVolume> super = read_volume_super(place.device);
  if (!about_map_file || !super) {
    report(place.device, error);
    return;
  }
  const std::string name = place.map_name.empty() ? uuid_text(super->uuid) : place.map_name;
  report(place.maps + "/" + name, error);
  if (error.code == Errc::busy) return;
  fmt::print(stderr,
             "holdfast: {}: its map file is looked for by the name {}; give the folder where it is with "
             "--maps, and with --map its name, if it has another\n",
             place.device, name);
}

}  // namespace

void add_device_and_maps(CLI::App& command, VolumePlace& place, const char* device_words) {
  command.add_option("DEVICE", place.device, device_words)->required();
  command.add_option("--maps", place.maps, "The folder of the map files")->required();
}

void add_map_name(CLI::App& command, VolumePlace& place) {
  command.add_option("--map", place.map_name, "The map file's name in that folder, if it is not the UUID");
}

std::optional<RealVolume> open_volume(const VolumePlace& place, bool read_only) {
  nvme::DeviceOptions device_options;
  device_options.read_only = read_only;
  Result<RealDevice> device = open_device(place.device, device_options);
  if (!device) {
    report(place.device, device.error());
    return std::nullopt;
  }
  RealVolume real;
  static_cast<RealDevice&>(real) = std::move(*device);
  Result<std::unique_ptr<nvme::MapFolder>> maps = nvme::MapFolder::open(place.maps, *real.loop);
  if (!maps) {
    report(place.maps, maps.error());
    return std::nullopt;
  }
  real.maps = std::move(*maps);
  VolumeOpenOptions options;
  options.read_only = read_only;
  options.map_name = place.map_name;
  Result<std::unique_ptr<Volume>> volume =
      real.loop->run(Volume::open(*real.device, *real.maps, *real.loop, options));
  if (!volume) {
    report_open(place, volume.error());
    return std::nullopt;
  }
  real.volume = std::move(*volume);
  return real;
}

Result<CheckedVolume> read_volume_super(const std::string& device) {
  HF_TRY(const std::unique_ptr<ImageFile> image, ImageFile::open(device));
  std::vector<std::byte> page(kVolumeSuperBytes);
  if (image->size() < page.size()) {
    return Error{.code = Errc::not_a_store,
                 .object = ObjectKind::device,
                 .reason = "the device is too small for a compressed volume"};
  }
  HF_CHECK(image->read(0, page));
  return parse_volume_super(page, image->size());
}

}  // namespace holdfast::tools
