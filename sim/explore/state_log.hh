// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "explore/token.hh"
#include "holdfast/sim/verify.hh"
#include "holdfast/simdisk/digest.hh"

namespace holdfast::sim {

// What one exploration tells of its states, and to which it goes.
struct StateLog {
  struct Entry {
    std::vector<Cut> path;
    std::string digest;
  };

  std::size_t most = 0;             // entries are those with the smallest keys
  std::map<uint64_t, Entry> entries;
  std::vector<Cut> recorded;        // the state whose events are kept
  Events events;

  // A state's digest begins. Its events are kept if they were asked for.
  simdisk::Digest begin(const std::vector<Cut>& path) {
    simdisk::Digest digest;
    if (!recorded.empty() && path == recorded) digest.record(&events);
    return digest;
  }
  // `key` is as good as random, and the same whenever the state is visited.
  void end(const std::vector<Cut>& path, uint64_t key, const simdisk::Digest& digest) {
    if (most == 0 || (entries.size() == most && key > entries.rbegin()->first)) return;
    entries[key] = {path, digest.hex()};
    if (entries.size() > most) entries.erase(std::prev(entries.end()));
  }
};

// States to go to, by the way there.
class Route {
 public:
  void add(const std::vector<Cut>& path);
  // What to choose at a moment of the session that this path led to, after this order in its races. Null:
  // nothing.
  const std::set<std::vector<uint32_t>>* choices(std::span<const Cut> path, uint64_t moment,
                                                 const std::vector<uint32_t>& order) const;

 private:
  static std::vector<uint64_t> words_of(std::span<const Cut> path, uint64_t moment,
                                        const std::vector<uint32_t>& order);
  std::map<std::vector<uint64_t>, std::set<std::vector<uint32_t>>> choices_;
};

}  // namespace holdfast::sim
