// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "holdfast/simdisk/disk.hh"

namespace holdfast::sim {

// One page of media as one request wrote it.
struct PageWrite {
  simdisk::EventNumber event = 0;
  Step step = Step::none;
  uint64_t process = 0;                     // which life of the program sent it
  uint64_t page = 0;
  std::optional<simdisk::Hash128> content;  // of the whole page, if the write covered it
};

// Who wrote what, when: with it a page found on media after a cut is traced back to its write, and the
// invariants can say not only that something is wrong but which order was broken. Forgets what happened after
// a mark on request.
class Trace final : public simdisk::DiskObserver {
 public:
  explicit Trace(uint32_t block_size) : block_size_(block_size) {}

  void submitted(simdisk::EventNumber event, const IoRequest& request) override;
  void completed(simdisk::EventNumber event, const IoRequest& request) override;

  void begin_process() { ++processes_; }
  // Counts completed requests of a protocol step.
  uint64_t completed_count(Step step) const;

  std::optional<PageWrite> last_write_before(uint64_t page, simdisk::EventNumber event) const;
  // The newest write of this page, if it is newer than `event`.
  std::optional<PageWrite> newest_write_after(uint64_t page, simdisk::EventNumber event) const;
  std::optional<PageWrite> write_at(uint64_t page, simdisk::EventNumber event) const;

  // Whether this barrier was said to hold for the write: a flush of it, or the write itself with FUA,
  // completed.
  bool claimed_durable(const PageWrite& write, Barrier barrier) const;

  struct Mark {
    std::size_t writes;
    std::size_t claims;
    uint64_t processes;
  };
  Mark mark() const { return {writes_.size(), claims_.size(), processes_}; }
  void forget_since(Mark mark);

 private:
  struct Claim {
    simdisk::EventNumber event = 0;  // of the completion
    Barrier barrier = Barrier::none;
  };

  std::vector<PageWrite> writes_;
  std::vector<Claim> claims_;
  std::map<uint64_t, std::vector<std::size_t>> by_page_;
  std::map<Step, uint64_t> completed_;
  uint64_t processes_ = 0;
  uint32_t block_size_;
};

}  // namespace holdfast::sim
