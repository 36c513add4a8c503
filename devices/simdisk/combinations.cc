// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/combinations.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace holdfast::simdisk {
namespace {

// Eight sectors of four contents each. A page with more mixtures is decided sector by sector.
constexpr uint64_t kMixturesMost = uint64_t{1} << 16;

uint64_t page_of(const UndecidedUnit& unit) { return unit.byte / kMediaPage; }

bool is_inside_its_page(const UndecidedUnit& unit) {
  return unit.byte % kMediaPage + unit.candidates.front().bytes.size() <= kMediaPage;
}

uint64_t product_of(std::span<const UndecidedUnit> units) {
  uint64_t product = 1;
  for (const UndecidedUnit& unit : units) {
    if (__builtin_mul_overflow(product, unit.candidates.size(), &product)) return UINT64_MAX;
  }
  return product;
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
    for (uint64_t number = product_of(units_) - 1; number > 0; --number) {
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
  return product_of(units.first(count)) <= kMixturesMost ? count : 1;
}

std::vector<Decision> decisions_of(const CrashSet& set, const PageReader* reader) {
  std::vector<Decision> decisions;
  for (std::size_t first = 0; first < set.units.size();) {
    const auto rest = std::span(set.units).subspan(first);
    const std::size_t count = decided_together(rest, reader);
    if (count == 1) {
      decisions.emplace_back(first, static_cast<uint32_t>(rest.front().candidates.size()));
    } else {
      decisions.emplace_back(first, count, Mixtures(rest.first(count), *reader).different());
    }
    first += count;
  }
  return decisions;
}

uint64_t combinations_of(std::span<const Decision> decisions) {
  uint64_t product = 1;
  for (const Decision& decision : decisions) {
    if (__builtin_mul_overflow(product, decision.ways(), &product)) return UINT64_MAX;
  }
  return product;
}

}  // namespace

void Decision::take(uint32_t way, std::span<uint32_t> selection) const {
  if (selections_.empty()) {
    selection[first_] = way;
  } else {
    std::copy_n(selections_.begin() + static_cast<std::ptrdiff_t>(way * units_), units_,
                selection.begin() + static_cast<std::ptrdiff_t>(first_));
  }
}

CombinationCursor::CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices,
                                     const PageReader* reader)
    : decisions_(decisions_of(set, reader)),
      combinations_(combinations_of(decisions_)),
      budget_(budget),
      choices_(choices),
      exhaustive_(set.complete && combinations_ <= budget),
      ways_(decisions_.size()),
      selection_(set.units.size()) {}

bool CombinationCursor::next(std::span<const uint32_t>& selection) {
  if (!(exhaustive_ ? next_of_all() : next_of_some())) return false;
  ++visited_;
  for (std::size_t i = 0; i < decisions_.size(); ++i) decisions_[i].take(ways_[i], selection_);
  selection = selection_;
  return true;
}

// Counts through all combinations, the first decision fastest.
bool CombinationCursor::next_of_all() { return visited_ == 0 || count_up(); }

bool CombinationCursor::count_up() {
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (++ways_[i] < decisions_[i].ways()) return true;
    ways_[i] = 0;
  }
  return false;
}

// A draw that was visited already goes on to the next combination that was not, so that the search ends
// whatever is drawn.
bool CombinationCursor::next_of_some() {
  if (visited_ == budget_ || visited_ == combinations_) return false;
  const std::size_t named = 2 + 2 * ways_.size();
  propose();
  while (!seen_.insert(hash_bytes(std::as_bytes(std::span(ways_)))).second) {
    if (proposed_ < named) {
      propose();
    } else {
      count_up();
    }
  }
  return true;
}

void CombinationCursor::propose() {
  const std::size_t decisions = ways_.size();
  const uint64_t nth = proposed_++;
  for (std::size_t i = 0; i < decisions; ++i) {
    const uint32_t last = decisions_[i].ways() - 1;
    if (nth == 0) {
      ways_[i] = 0;
    } else if (nth == 1) {
      ways_[i] = last;
    } else if (nth < 2 + decisions) {
      ways_[i] = i == nth - 2 ? last : 0;
    } else if (nth < 2 + 2 * decisions) {
      ways_[i] = i == nth - 2 - decisions ? 0 : last;
    } else {
      ways_[i] = choices_.choose(Domain::loss, last + 1);
    }
  }
}

LazyCursor::LazyCursor(const CrashSet& set, const PageReader* reader)
    : set_(set),
      decisions_(decisions_of(set, reader)),
      looked_(decisions_.size()),
      selection_(set.units.size()) {
  for (std::size_t i = 0; i < decisions_.size(); ++i)
    decision_of_.insert(decision_of_.end(), decisions_[i].units(), i);
  for (const UndecidedUnit& unit : set.units) {
    if (observed_.empty() || observed_.back().first != unit.media)
      observed_.emplace_back(unit.media, unit.media->observe(this));
  }
}

LazyCursor::~LazyCursor() {
  for (const auto& [media, before] : observed_) media->observe(before);
}

// The last decision that has another way left takes it; what was looked at after it may not be looked at
// any more.
bool LazyCursor::next(std::span<const uint32_t>& selection) {
  while (begun_ && !taken_.empty() && taken_.back().way + 1 == decisions_[taken_.back().decision].ways()) {
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
  const auto begin = std::ranges::find(set_.units, &media, &UndecidedUnit::media);
  const auto end = std::find_if(begin, set_.units.end(), [&](const auto& unit) {
    return unit.media != &media || unit.byte >= byte + length;
  });
  auto unit = std::partition_point(begin, end, [byte](const UndecidedUnit& each) {
    return each.byte + each.candidates.front().bytes.size() <= byte;
  });
  for (; unit != end; ++unit) {
    const std::size_t decision = decision_of_[static_cast<std::size_t>(unit - set_.units.begin())];
    if (looked_[decision]) continue;
    looked_[decision] = true;
    taken_.push_back({decision, 0});
  }
  const auto before = std::ranges::find(observed_, &media, &std::pair<Media*, MediaObserver*>::first);
  if (before->second != nullptr) before->second->looked_at(media, byte, length);
}

}  // namespace holdfast::simdisk
