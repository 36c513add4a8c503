// SPDX-License-Identifier: BSD-3-Clause
#include "explore/containment.hh"

#include <algorithm>

namespace holdfast::sim {
namespace {

// The first word is the number of words that follow; 0: no place.
class Writer {
 public:
  explicit Writer(std::span<uint64_t> memory) : memory_(memory) { memory_[0] = 0; }
  void add(uint64_t word) {
    if (used_ < memory_.size()) memory_[used_] = word;
    ++used_;
  }
  void finish() { memory_[0] = used_ <= memory_.size() ? used_ - 1 : 0; }

 private:
  std::span<uint64_t> memory_;
  std::size_t used_ = 1;
};

}  // namespace

void Containment::begin(std::span<uint64_t> whereabouts, std::span<const Death> deaths) {
  whereabouts_ = whereabouts;
  deaths_ = deaths;
  if (!whereabouts_.empty()) whereabouts_[0] = 0;
}

const Death* Containment::enter(std::span<const Cut> path, uint64_t moment, Doing doing) {
  if (whereabouts_.empty()) return nullptr;
  Writer writer(whereabouts_);
  writer.add(static_cast<uint64_t>(doing));
  writer.add(moment);
  for (const Cut& cut : path) {
    writer.add(cut.moment);
    writer.add(cut.selection.size());
    for (const uint32_t choice : cut.selection) writer.add(choice);
  }
  writer.finish();
  if (deaths_.empty()) return nullptr;
  const std::span<const uint64_t> here = whereabouts_.subspan(1, whereabouts_[0]);
  const auto found = std::ranges::find_if(
      deaths_, [here](const Death& death) { return std::ranges::equal(death.place, here); });
  return found == deaths_.end() ? nullptr : &*found;
}

std::optional<Place> place_in(std::span<const uint64_t> whereabouts) {
  if (whereabouts[0] == 0) return std::nullopt;
  const auto words = whereabouts.subspan(1, whereabouts[0]);
  return Place(words.begin(), words.end());
}

}  // namespace holdfast::sim
