// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/lazy_cursor.hh"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace holdfast::simdisk {
namespace {

// Eight sectors of four contents each. A page with more mixtures is decided sector by sector.
constexpr uint64_t kMixturesMost = uint64_t{1} << 16;

uint64_t page_of(const UndecidedUnit& unit) { return unit.byte / kMediaPage; }

bool is_inside_its_page(const UndecidedUnit& unit) {
  return unit.byte % kMediaPage + unit.candidates.front().bytes.size() <= kMediaPage;
}

// The undecided units of one page, and all that they can be together.
class Mixtures {
 public:
  Mixtures(std::span<const UndecidedUnit> units, const PageReader& reader)
      : units_(units), page_(page_of(units.front())), reader_(reader), selection_(units.size()) {
    const Media& media = *units.front().media;
    const uint64_t byte = page_ * kMediaPage;
    media.read(byte, std::span(content_).first(std::min<uint64_t>(kMediaPage, media.size() - byte)));
  }

  // Of those that the program takes for the same, and that are of the same age, the last in the order of
  // counting; but "nothing" for those that it is one of.
  std::vector<uint32_t> different() {
    std::set<Seen> known = {seen()};
    std::vector<std::vector<uint32_t>> kept;
    for (uint64_t number = combinations_of(units_) - 1; number > 0; --number) {
      select(number);
      if (known.insert(seen()).second) kept.push_back(selection_);
    }
    std::vector<uint32_t> selections(units_.size());
    for (auto selection = kept.rbegin(); selection != kept.rend(); ++selection)
      selections.insert(selections.end(), selection->begin(), selection->end());
    return selections;
  }

 private:
  using Seen = std::pair<Hash128, EventNumber>;

  void select(uint64_t number) {
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const uint64_t candidates = units_[i].candidates.size();
      selection_[i] = static_cast<uint32_t>(number % candidates);
      number /= candidates;
    }
  }

  Seen seen() {
    EventNumber newest = 0;
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const Candidate& candidate = units_[i].candidates[selection_[i]];
      std::ranges::copy(candidate.bytes, content_.begin() + units_[i].byte % kMediaPage);
      newest = std::max(newest, std::ranges::max(candidate.events));
    }
    return {reader_.seen_as(page_, content_), newest};
  }

  std::span<const UndecidedUnit> units_;
  uint64_t page_;
  const PageReader& reader_;
  std::array<std::byte, kMediaPage> content_{};
  std::vector<uint32_t> selection_;
};

// How many units from the first of these on are decided together: those of one page that is read as a whole.
std::size_t decided_together(std::span<const UndecidedUnit> units, const PageReader* reader) {
  const UndecidedUnit& first = units.front();
  if (reader == nullptr || !is_inside_its_page(first) || !reader->reads(*first.media, page_of(first)))
    return 1;
  std::size_t count = 1;
  while (count < units.size() && units[count].media == first.media && page_of(units[count]) == page_of(first))
    ++count;
  return combinations_of(units.first(count)) <= kMixturesMost ? count : 1;
}

}  // namespace

LazyCursor::LazyCursor(const CrashSet& set, const PageReader* reader)
    : set_(set),
      decisions_(decisions_of(set, reader)),
      looked_(decisions_.size()),
      selection_(set.units.size()) {
  for (std::size_t i = 0; i < decisions_.size(); ++i)
    decision_of_.insert(decision_of_.end(), decisions_[i].units, i);
  for (auto first = set.units.begin(); first != set.units.end();) {
    const auto end = std::find_if(first, set.units.end(),
                                  [first](const UndecidedUnit& unit) { return unit.media != first->media; });
    observed_.push_back({first->media, {first, end}, first->media->observe(this)});
    first = end;
  }
}

LazyCursor::~LazyCursor() {
  for (const Observed& observed : observed_) observed.media->observe(observed.before);
}

// The last decision that has another way left takes it; what was looked at after it may not be looked at
// any more.
bool LazyCursor::next(std::span<const uint32_t>& selection) {
  while (begun_ && !taken_.empty() && taken_.back().way + 1 == decisions_[taken_.back().decision].ways) {
    const std::size_t decision = taken_.back().decision;
    looked_[decision] = false;
    decisions_[decision].take(0, selection_);
    taken_.pop_back();
  }
  if (begun_ && taken_.empty()) return false;
  if (begun_) {
    Taken& last = taken_.back();
    decisions_[last.decision].take(++last.way, selection_);
  }
  begun_ = true;
  selection = selection_;
  return true;
}

void LazyCursor::looked_at(const Media& media, uint64_t byte, uint64_t length) {
  const Observed& observed = *std::ranges::find(observed_, &media, &Observed::media);
  auto unit = std::ranges::partition_point(observed.units, [byte](const UndecidedUnit& each) {
    return each.byte + each.candidates.front().bytes.size() <= byte;
  });
  for (; unit != observed.units.end() && unit->byte < byte + length; ++unit) {
    const std::size_t decision = decision_of_[static_cast<std::size_t>(&*unit - set_.units.data())];
    if (looked_[decision]) continue;
    looked_[decision] = true;
    taken_.push_back({decision, 0});
  }
  if (observed.before != nullptr) observed.before->looked_at(media, byte, length);
}

std::vector<LazyCursor::Decision> LazyCursor::decisions_of(const CrashSet& set, const PageReader* reader) {
  std::vector<Decision> decisions;
  for (std::size_t first = 0; first < set.units.size(); first += decisions.back().units) {
    const auto rest = std::span(set.units).subspan(first);
    const std::size_t count = decided_together(rest, reader);
    if (count == 1) {
      decisions.push_back({first, 1, static_cast<uint32_t>(rest.front().candidates.size()), {}});
    } else {
      std::vector<uint32_t> selections = Mixtures(rest.first(count), *reader).different();
      const auto ways = static_cast<uint32_t>(selections.size() / count);
      decisions.push_back({first, count, ways, std::move(selections)});
    }
  }
  return decisions;
}

void LazyCursor::Decision::take(uint32_t way, std::span<uint32_t> selection) const {
  if (selections.empty()) {
    selection[first_unit] = way;
  } else {
    std::ranges::copy(std::span(selections).subspan(way * units, units), &selection[first_unit]);
  }
}

}  // namespace holdfast::simdisk
