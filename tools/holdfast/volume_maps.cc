// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>

#include "commands.hh"
#include "real_volume.hh"

namespace holdfast::tools {
namespace {

int refuse(const std::string& what, const std::string& words) {
  fmt::print(stderr, "holdfast: {}: {}\n", what, words);
  return kExitBadInput;
}

int run_destroy(const VolumePlace& place, bool sure) {
  const auto super = read_volume_super(place.device);
  if (!super) return report(place.device, super.error());
  const std::string uuid = uuid_text(super->uuid);
  if (!sure) {
    return refuse(place.device,
                  fmt::format("all that volume {} holds would be lost; if it is to be, add --yes", uuid));
  }
  const auto real = open_device(place.device, {});
  if (!real) return report(place.device, real.error());
  const auto maps = nvme::MapFolder::open(place.maps, *real->loop);
  if (!maps) return report(place.maps, maps.error());
  std::error_code status;
  const bool map_is_here = std::filesystem::exists(std::filesystem::path(place.maps) / uuid, status);
  const Result<> destroyed = real->loop->run(Volume::destroy(*real->device, **maps, *real->loop));
  if (!destroyed) return report(place.device, destroyed.error());
  fmt::print("destroyed {}{}\n", uuid, map_is_here ? "" : "; its map file was not in " + place.maps);
  return kExitOk;
}

struct MapsArguments {
  std::string folder;
  std::vector<std::string> devices;
  std::string remove;
};

// Which device names which map file. A device that cannot be read may name any of them.
Result<std::map<Uuid, std::string>> users_of_maps(const std::vector<std::string>& devices,
                                                  std::string& where) {
  std::map<Uuid, std::string> users;
  for (const std::string& device : devices) {
    where = device;
    const Result<CheckedVolume> super = read_volume_super(device);
    if (super) {
      users.emplace(super->uuid, device);
    } else if (super.error().code != Errc::not_a_store) {
      return super.error();
    }
  }
  return users;
}

int remove_map(const MapsArguments& arguments, nvme::Loop& loop, MapStore& maps,
               const std::vector<Uuid>& present, const std::map<Uuid, std::string>& users) {
  const std::optional<Uuid> uuid = parse_uuid(arguments.remove);
  if (!uuid || std::ranges::find(present, *uuid) == present.end()) {
    return refuse(arguments.folder,
                  fmt::format("no map file of a volume that is not open has the UUID {}", arguments.remove));
  }
  if (const auto user = users.find(*uuid); user != users.end()) {
    return refuse(arguments.folder, fmt::format("{} needs the map file {}; `holdfast volume destroy` ends "
                                                "both",
                                                user->second, uuid_text(*uuid)));
  }
  const Result<> removed = maps.remove(uuid_text(*uuid));
  if (!removed) return report(arguments.folder, removed.error());
  const Result<> durable = loop.run(maps.sync_directory());
  if (!durable) return report(arguments.folder, durable.error());
  fmt::print("removed {}\n", uuid_text(*uuid));
  return kExitOk;
}

int run_maps(const MapsArguments& arguments) {
  const auto loop = nvme::Loop::open();
  if (!loop) return report(arguments.folder, loop.error());
  const auto maps = nvme::MapFolder::open(arguments.folder, **loop);
  if (!maps) return report(arguments.folder, maps.error());
  std::string where;
  const auto users = users_of_maps(arguments.devices, where);
  if (!users) return report(where, users.error());
  const auto present = Volume::map_files(**maps);
  if (!present) return report(arguments.folder, present.error());
  if (!arguments.remove.empty()) return remove_map(arguments, **loop, **maps, *present, *users);
  for (const Uuid& uuid : *present) {
    const auto user = users->find(uuid);
    const std::string whose = user != users->end() ? user->second : "orphan";
    fmt::print("{}{}\n", uuid_text(uuid), arguments.devices.empty() ? "" : "  " + whose);
  }
  return kExitOk;
}

}  // namespace

void add_volume_destroy(CLI::App& app, int& exit_code) {
  struct Arguments {
    VolumePlace place;
    bool sure = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("destroy", "End a volume on its device, and remove its map file");
  add_device_and_maps(*command, arguments->place, "A volume's file or block device");
  command->add_flag("--yes", arguments->sure, "It is meant: all that the volume holds is lost");
  command->callback([arguments, &exit_code] { exit_code = run_destroy(arguments->place, arguments->sure); });
}

void add_volume_maps(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<MapsArguments>();
  CLI::App* command = app.add_subcommand("maps", "List the map files of a folder");
  command->add_option("DIR", arguments->folder, "The folder of the map files")->required();
  command->add_option(
      "--devices", arguments->devices,
      "All devices whose map files lie there: a map file that none of them names is an orphan");
  command->add_option("--remove", arguments->remove,
                      "Remove the map file of this UUID, unless one of the devices names it");
  command->footer(
      "A creation or destruction that was cut short leaves an orphan. Give every device before you remove "
      "one: without its map file a volume is lost. Map files that are open are not listed.");
  command->callback([arguments, &exit_code] { exit_code = run_maps(*arguments); });
}

}  // namespace holdfast::tools
