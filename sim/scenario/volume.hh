// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "scenario/reader.hh"

namespace holdfast::sim {

// The key "volume", held against the device that it is to lie on.
VolumeSpec read_volume(Reader& reader, const Node& node, const DeviceSpec& device);

VolumeCreate read_volume_create(Reader& reader, const Node& node);
VolumeOpen read_volume_open(Reader& reader, const Node& node);
// `volume`: null if the scenario has none, which is the story's to complain about.
VolumeData read_volume_data(Reader& reader, const Node& node, DataKind kind, const DeviceSpec& device,
                            const VolumeSpec* volume);

uint64_t chunks_of(const VolumeSpec& volume, const DeviceSpec& device);

}  // namespace holdfast::sim
