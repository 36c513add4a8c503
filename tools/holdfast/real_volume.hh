// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "format/volume_super.hh"
#include "holdfast/nvme/mapped_memory.hh"
#include "holdfast/volume.hh"
#include "real_device.hh"

namespace holdfast::tools {

// What names a volume to a command.
struct VolumePlace {
  std::string device;
  std::string maps;      // the folder of its map file
  std::string map_name;  // empty: the volume's UUID
};

void add_device_and_maps(CLI::App& command, VolumePlace& place, const char* device_words);
void add_map_name(CLI::App& command, VolumePlace& place);

// A compressed volume on a device, its map file in a folder. `loop->run(task)` carries out what the volume is
// asked for.
struct RealVolume : RealDevice {
  std::unique_ptr<nvme::MapFolder> maps;
  std::unique_ptr<Volume> volume;
};

// Empty: it has said on standard error what is wrong and what to do.
std::optional<RealVolume> open_volume(const VolumePlace& place, bool read_only);

// What stands at the beginning of a device, read without opening the volume.
Result<CheckedVolume> read_volume_super(const std::string& device);

}  // namespace holdfast::tools
