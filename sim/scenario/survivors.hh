// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace holdfast::sim {

// Which blobs of a story every power cut leaves, and how large they are at least: a cut may come between any
// two of the changes that this is told.
class Survivors {
 public:
  using Sizes = std::map<std::string, uint64_t>;  // clusters

  void begin(const Sizes& blobs) { least_ = certain_ = blobs; }
  void created(const std::string& name, uint64_t clusters) { resized(name, clusters); }
  void resized(const std::string& name, uint64_t clusters) {
    auto& least = least_.emplace(name, clusters).first->second;
    least = std::min(least, clusters);
  }
  void may_be_gone(const std::string& name) { certain_.erase(name); }
  void all_may_be_gone() { certain_.clear(); }

  Sizes certain() const {
    Sizes sizes;
    for (const auto& [name, clusters] : certain_) sizes.emplace(name, least_.at(name));
    return sizes;
  }
  // Whether some cut leaves a blob of this name.
  bool is_possible(const std::string& name) const { return least_.contains(name); }
  // What it has, whether a cut left it or it is created after the cut.
  uint64_t size_if_created(const std::string& name, uint64_t clusters) const {
    const auto least = least_.find(name);
    return least == least_.end() ? clusters : std::min(clusters, least->second);
  }

 private:
  Sizes certain_;
  Sizes least_;
};

}  // namespace holdfast::sim
