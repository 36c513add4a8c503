// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/volume_invariants.hh"

namespace holdfast::sim {

namespace {

// What opening the volume has to end with; none: the map file is good enough to be opened.
std::optional<Errc> refusal(const VolumeExamination& state) {
  const RawVolume& raw = state.raw;
  if (state.map_file == VolumeModel::MapFile::lost) return Errc::not_found;
  if (state.map_file == VolumeModel::MapFile::foreign) return Errc::corrupt;
  if (raw.copy_is_poisoned) return Errc::device_failed;
  const bool paired = raw.copy && check_pairing(*raw.super, *raw.copy);
  if (state.map_file == VolumeModel::MapFile::older && !paired) return Errc::corrupt;
  return std::nullopt;
}

std::optional<std::string> check_open(const VolumeExamination& state) {
  const std::optional<Error>& error = state.found.open_error;
  const std::optional<Errc> expected = refusal(state);
  if (expected && !error)
    return fmt::format("the volume opens with a map file that must be refused as '{}'", name_of(*expected));
  if (expected && error->code != *expected)
    return fmt::format("open must end with '{}', and it ends with: {}", name_of(*expected), describe(*error));
  if (!expected && error && !state.has_own_map())
    return fmt::format("the copy of the map file is as good as the file, and it is refused: {}",
                       describe(*error));
  return std::nullopt;
}

}  // namespace

// A6: what media hold no more is reported as lost, and never as data.
std::optional<std::string> check_A6(const VolumeExamination& state) {
  if (!state.raw.super) return std::nullopt;
  if (auto broken = check_open(state)) return broken;
  if (state.found.open_error) return std::nullopt;
  for (const uint64_t chunk : state.raw.lost_chunks) {
    const auto unreadable = state.found.unreadable.find(chunk);
    if (unreadable == state.found.unreadable.end())
      return fmt::format("chunk {} lies on lines of the map that cannot be read, and is given out", chunk);
    if (unreadable->second.code != Errc::device_failed)
      return fmt::format("chunk {} lies on lines of the map that cannot be read, and its error is: {}", chunk,
                         describe(unreadable->second));
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
