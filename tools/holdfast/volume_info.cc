// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "commands.hh"
#include "describe_store.hh"
#include "real_volume.hh"

namespace holdfast::tools {
namespace {

std::string codec_name(uint32_t codec) {
  if (codec == static_cast<uint32_t>(CodecKind::deflate)) return "deflate";
  if (codec == static_cast<uint32_t>(CodecKind::lz4)) return "lz4";
  return fmt::format("number {}", codec);
}

const char* checksums_name(Volume::Checksums checksums) {
  switch (checksums) {
    case Volume::Checksums::none: return "none";
    case Volume::Checksums::kept: return "kept";
    case Volume::Checksums::reset: return "reset";
  }
  return "unknown";
}

// What the mapped chunks hold, divided by what they take; 0 of an empty volume.
double ratio_of(const Volume::Info& info) {
  if (info.allocated_units == 0) return 0;
  return static_cast<double>(info.mapped_chunks) * info.chunk_size /
         (static_cast<double>(info.allocated_units) * info.unit_size);
}

Json describe_volume(const Volume& volume) {
  const Volume::Info info = volume.info();
  Json damaged = Json::array();
  for (const Volume::Damage& damage : volume.damaged_chunks())
    damaged.push_back({{"chunk", damage.chunk}, {"error", describe(damage.error)}});
  return {{"uuid", uuid_text(info.uuid)},
          {"path", info.path},
          {"size", info.size},
          {"chunk_size", info.chunk_size},
          {"unit_size", info.unit_size},
          {"logical_block_size", info.logical_block_size},
          {"codec", info.codec},
          {"codec_name", codec_name(info.codec)},
          {"codec_level", info.codec_level},
          {"queue_depth", info.queue_depth},
          {"mapped_chunks", info.mapped_chunks},
          {"allocated_units", info.allocated_units},
          {"ratio", ratio_of(info)},
          {"checksums", checksums_name(info.checksums)},
          {"was_closed", info.was_closed},
          {"read_only", info.read_only},
          {"damaged", damaged}};
}

void print_words(const Volume& volume) {
  const Volume::Info info = volume.info();
  const auto line = [](const char* name, const std::string& words) {
    fmt::print("{:<15} {}\n", name, words);
  };
  line("uuid", uuid_text(info.uuid));
  line("map file", to_text(info.path) + ", as the device names it");
  line("size", fmt::format("{} bytes, logical blocks of {}", info.size, info.logical_block_size));
  line("chunks", fmt::format("{} of {} mapped, {} bytes each", info.mapped_chunks,
                             info.size / info.chunk_size, info.chunk_size));
  line("units", fmt::format("{} allocated, {} bytes each", info.allocated_units, info.unit_size));
  line("ratio", info.allocated_units == 0 ? "none, it is empty" : fmt::format("{:.2f}", ratio_of(info)));
  line("codec", fmt::format("{}, level {}", codec_name(info.codec), info.codec_level));
  line("checksums", checksums_name(info.checksums));
  line("closed", info.was_closed ? "yes" : "no, or nobody knows: SPDK does not say");
  line("opened",
       fmt::format("{}, queue depth {}", info.read_only ? "read-only" : "for writing", info.queue_depth));
  line("damaged chunks", std::to_string(volume.damaged_chunks().size()));
}

int run_info(const VolumePlace& place, bool json) {
  const std::optional<RealVolume> real = open_volume(place, true);
  if (!real) return kExitBadInput;
  if (json) {
    fmt::print("{}\n", to_text(describe_volume(*real->volume)));
  } else {
    print_words(*real->volume);
  }
  for (const Volume::Damage& damage : real->volume->damaged_chunks())
    report(fmt::format("{}: chunk {}", place.device, damage.chunk), damage.error);
  return real->volume->damaged_chunks().empty() ? kExitOk : kExitDamaged;
}

}  // namespace

void add_volume_info(CLI::App& app, int& exit_code) {
  struct Arguments {
    VolumePlace place;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("info", "Say what a volume is and what its maps hold");
  add_device_and_maps(*command, arguments->place, "A volume's file or block device; it is only read");
  add_map_name(*command, arguments->place);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->footer(
      "Exit status 1: chunks are damaged, their map entries that is; data is looked at when it is read. "
      "Checksums: \"reset\" are those of a volume to which another program has written since.");
  command->callback([arguments, &exit_code] { exit_code = run_info(arguments->place, arguments->json); });
}

}  // namespace holdfast::tools
