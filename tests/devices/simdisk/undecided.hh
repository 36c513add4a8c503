// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "holdfast/simdisk/crash_set.hh"
#include "holdfast/simdisk/media.hh"

namespace holdfast::simdisk {

// Undecided units of these media with so many candidates each, whose contents are all different.
inline CrashSet set_of(const std::vector<uint32_t>& candidates, Media& media) {
  CrashSet set;
  for (std::size_t unit = 0; unit < candidates.size(); ++unit) {
    UndecidedUnit undecided{.media = &media, .byte = unit * 512, .candidates = {}};
    for (uint32_t i = 0; i < candidates[unit]; ++i) {
      Candidate candidate(std::vector<std::byte>(512));
      candidate.lay_over(0, std::vector<std::byte>(512, static_cast<std::byte>(i)), i);
      undecided.candidates.push_back(std::move(candidate));
    }
    set.units.push_back(undecided);
  }
  return set;
}

// The same where nothing reaches media.
inline CrashSet set_of(const std::vector<uint32_t>& candidates) {
  static Media media(0);
  return set_of(candidates, media);
}

}  // namespace holdfast::simdisk
