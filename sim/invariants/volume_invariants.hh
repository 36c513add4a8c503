// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>

#include "explore/volume_examination.hh"
#include "invariants/invariants.hh"

namespace holdfast::sim {

// Those of compressed volumes, in the manner of invariants.hh.
using VolumeChecker = std::optional<std::string> (*)(const VolumeExamination&);

std::optional<std::string> check_V1(const VolumeExamination& state);
std::optional<std::string> check_V2(const VolumeExamination& state);
std::optional<std::string> check_V3(const VolumeExamination& state);
std::optional<std::string> check_V4(const VolumeExamination& state);
std::optional<std::string> check_V5(const VolumeExamination& state);
std::optional<std::string> check_V6(const VolumeExamination& state);
std::optional<std::string> check_V7(const VolumeExamination& state);
std::optional<std::string> check_V8(const VolumeExamination& state);
std::optional<std::string> check_C1(const VolumeExamination& state);
std::optional<std::string> check_C2(const VolumeExamination& state);
std::optional<std::string> check_C3(const VolumeExamination& state);
std::optional<std::string> check_R2(const VolumeExamination& state);
std::optional<std::string> check_A4(const VolumeExamination& state);
std::optional<std::string> check_A5(const VolumeExamination& state);
std::optional<std::string> check_A6(const VolumeExamination& state);

// In the order of cause: a superblock without its map file also makes every chunk unreadable, and so on.
std::span<const NamedChecker<VolumeChecker>> checkers_of_volumes();
// The first broken promise.
std::optional<Broken> first_broken(const VolumeExamination& state);

}  // namespace holdfast::sim
