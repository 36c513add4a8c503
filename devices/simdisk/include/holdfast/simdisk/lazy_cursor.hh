// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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
  // Units that are decided together, and the different ways to do so. The first is "nothing".
  struct Decision {
    std::size_t first_unit;
    std::size_t units;
    uint32_t ways;
    std::vector<uint32_t> selections;  // way by way; empty: the ways are the candidates of a single unit

    void take(uint32_t way, std::span<uint32_t> selection) const;
  };
  struct Taken {
    std::size_t decision;
    uint32_t way;
  };
  // The units of one media, and who was told of its looks before.
  struct Observed {
    Media* media;
    std::span<const UndecidedUnit> units;
    MediaObserver* before;
  };

  static std::vector<Decision> decisions_of(const CrashSet& set, const PageReader* reader);
  void looked_at(const Media& media, uint64_t byte, uint64_t length) override;

  const CrashSet& set_;
  std::vector<Decision> decisions_;
  std::vector<std::size_t> decision_of_;  // by unit
  std::vector<bool> looked_;  // by decision: it is in `taken_`
  std::vector<Taken> taken_;  // in the order in which the program looked
  std::vector<Observed> observed_;
  std::vector<uint32_t> selection_;
  bool begun_ = false;
};

}  // namespace holdfast::simdisk
