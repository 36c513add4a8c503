// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "scenario/reader.hh"

namespace holdfast::sim {

// The key "volume", held against the device that it is to lie on.
VolumeSpec read_volume(Reader& reader, const Node& node, const DeviceSpec& device);
// How large it gets if it lies in a blob, which a step creates.
void measure_blob(Reader& reader, const Node& node, Scenario& scenario);

VolumeCreate read_volume_create(Reader& reader, const Node& node);
VolumeOpen read_volume_open(Reader& reader, const Node& node);
// `volume`: null if the scenario has none, which is the story's to complain about.
VolumeData read_volume_data(Reader& reader, const Node& node, DataKind kind, const DeviceSpec& device,
                            const VolumeSpec* volume);

uint64_t chunks_of(const VolumeSpec& volume);

}  // namespace holdfast::sim
