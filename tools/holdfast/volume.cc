// SPDX-License-Identifier: BSD-3-Clause
#include <CLI/CLI.hpp>

#include "commands.hh"

namespace holdfast::tools {

void add_volume(CLI::App& app, int& exit_code) {
  CLI::App* group =
      app.add_subcommand("volume", "Compressed volumes: make them, look at them, fill and empty them");
  group->require_subcommand(1);
  group->footer(
      "A compressed volume is SPDK's reduce format: data on a device, and a map file that says where each "
      "chunk of it lies. The map file is as valuable as the device. It lies in a folder, best on persistent "
      "memory, and is named by the volume's UUID.\n\n"
      "Sizes and offsets are bytes, or have a suffix: 16KiB, 1GiB.");
  add_volume_create(*group, exit_code);
  add_volume_info(*group, exit_code);
  add_volume_cat(*group, exit_code);
  add_volume_import(*group, exit_code);
  add_volume_export(*group, exit_code);
  add_volume_destroy(*group, exit_code);
  add_volume_maps(*group, exit_code);
}

}  // namespace holdfast::tools
