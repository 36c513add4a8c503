// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/token.hh"
#include "holdfast/sim/containment.hh"

namespace holdfast::sim {

// Notes each place before the engine's code runs there, and knows the places where it died before.
class Containment {
 public:
  enum class Doing : uint64_t {
    nothing,
    working,  // a session carries out steps
    judging,  // a crash state is recovered and checked
  };

  void begin(std::span<uint64_t> whereabouts, std::span<const Death> deaths);
  // Null: nobody has died here. `path`, `moment` and the order in races tell how far the session came; of a
  // state that is judged, its own cut is the path's last.
  const Death* enter(std::span<const Cut> path, uint64_t moment, const std::vector<uint32_t>& order,
                     Doing doing);
  // Whether exploring further is not worth another death.
  bool is_last(const Death& death) const {
    return deaths_.size() >= kDeathsPerCase && &death == &deaths_.back();
  }

 private:
  std::span<uint64_t> whereabouts_;
  std::span<const Death> deaths_;
  std::vector<uint64_t> words_;  // of the place
};

}  // namespace holdfast::sim
