// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "holdfast/simdisk/choice_stream.hh"
#include "holdfast/simdisk/crash_set.hh"

namespace holdfast::simdisk {

// Knows what a program makes of a page, so that contents which it cannot tell apart are visited once.
class PageReader {
 public:
  virtual ~PageReader() = default;
  // Whether the program reads this page only as a whole, and always through the same check.
  virtual bool reads(const Media& media, uint64_t page) const = 0;
  // Equal for contents that the program takes for the same.
  virtual Hash128 seen_as(uint64_t page, std::span<const std::byte, kMediaPage> content) const = 0;
};

// Units of a crash set that are decided together, and the different ways to do so. The first is "nothing".
class Decision {
 public:
  Decision(std::size_t first_unit, uint32_t candidates) : first_(first_unit), ways_(candidates) {}
  Decision(std::size_t first_unit, std::size_t units, std::vector<uint32_t> selections)
      : first_(first_unit),
        units_(units),
        ways_(static_cast<uint32_t>(selections.size() / units)),
        selections_(std::move(selections)) {}

  uint32_t ways() const noexcept { return ways_; }
  std::size_t first_unit() const noexcept { return first_; }
  std::size_t units() const noexcept { return units_; }
  void take(uint32_t way, std::span<uint32_t> selection) const;

 private:
  std::size_t first_;
  std::size_t units_ = 1;
  uint32_t ways_;
  std::vector<uint32_t> selections_;  // way by way, where the candidates of one unit are not the ways
};

// Visits the combinations of a crash set, of those that `reader` takes for the same only one. Up to `budget`
// of them: all. Beyond it: nothing and everything, each decision alone, each decision missing, and then
// others drawn from `choices`; none twice.
class CombinationCursor {
 public:
  CombinationCursor(const CrashSet& set, uint64_t budget, ChoiceStream& choices,
                    const PageReader* reader = nullptr);

  bool exhaustive() const noexcept { return exhaustive_; }
  // The next selection, or false. The span lives until the next call.
  bool next(std::span<const uint32_t>& selection);

 private:
  bool next_of_all();
  bool next_of_some();
  bool count_up();  // to the next combination; false: it was the last one and the first is next
  void propose();

  std::vector<Decision> decisions_;
  uint64_t combinations_;  // saturates
  uint64_t budget_;
  ChoiceStream& choices_;
  bool exhaustive_;
  uint64_t visited_ = 0;
  uint64_t proposed_ = 0;
  std::set<Hash128> seen_;
  std::vector<uint32_t> ways_;       // one for each decision
  std::vector<uint32_t> selection_;  // one for each unit
};

// Visits the combinations of a crash set that a deterministic program can tell apart: it decides a page or
// line when the program looks at it. What it never looks at stays as it is on media, and one visit stands for
// everything that it could have been.
class LazyCursor final : public MediaObserver {
 public:
  explicit LazyCursor(const CrashSet& set, const PageReader* reader = nullptr);
  LazyCursor(const LazyCursor&) = delete;
  LazyCursor& operator=(const LazyCursor&) = delete;
  ~LazyCursor();

  // The next selection, or false. Between two calls the program runs on it, and must do the same whenever it
  // sees the same. Cursors may be nested; the inner one ends first.
  bool next(std::span<const uint32_t>& selection);

 private:
  struct Taken {
    std::size_t decision;
    uint32_t way;
  };

  void looked_at(const Media& media, uint64_t byte, uint64_t length) override;

  const CrashSet& set_;
  std::vector<Decision> decisions_;
  std::vector<std::size_t> decision_of_;  // by unit
  std::vector<bool> looked_;  // by decision: it is in `taken_`
  std::vector<Taken> taken_;  // in the order in which the program looked
  std::vector<std::pair<Media*, MediaObserver*>> observed_;  // and who was told before
  std::vector<uint32_t> selection_;
  bool begun_ = false;
};

}  // namespace holdfast::simdisk
