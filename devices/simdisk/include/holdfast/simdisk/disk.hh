// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "holdfast/host/block_device.hh"
#include "holdfast/simdisk/barrier_set.hh"
#include "holdfast/simdisk/crash_set.hh"
#include "holdfast/simdisk/digest.hh"
#include "holdfast/simdisk/fault_plan.hh"
#include "holdfast/simdisk/media.hh"
#include "holdfast/simdisk/scheduler.hh"

namespace holdfast::simdisk {

// Told what happens on a disk, in the order in which it happens.
class DiskObserver {
 public:
  virtual void submitted(EventNumber event, const IoRequest& request) = 0;
  virtual void completed(EventNumber event, const IoRequest& request) = 0;

 protected:
  ~DiskObserver() = default;
};

// A disk with a volatile cache, during one time of power. FAULT_MODEL.md says precisely what it does; in
// short: a write is undecided from its submission until a flush that was submitted after its completion
// completes, or until it completes with FUA; undecided writes may have reached media or not, each atomic unit
// for itself. When the program dies (Scheduler::program_dies), writes in flight are carried out and flushes
// are not.
//
// Several disks may stand over the same media, as long as only one of
// them writes there: the others are paused.
class Disk final : public BlockDevice {
 public:
  struct Wiring {
    Media& media;
    Scheduler& scheduler;
    Digest& digest;
    DiskObserver* observer = nullptr;
    Media* unreadable = nullptr;  // a byte for each sector of media: 1 if it cannot be read
  };

  Disk(const DeviceGeometry& geometry, Wiring wiring);
  ~Disk() override;

  const DeviceGeometry& geometry() const noexcept override { return geometry_; }
  Result<std::unique_ptr<BlockChannel>> open_channel(Executor& executor) noexcept override;

  // From now on these barriers do not hold: their flushes complete without
  // effect, and FUA on their writes is not honoured.
  void ignore(const BarrierSet& barriers) { ignored_ = barriers; }

  // From now on the plan decides what goes wrong. It outlives the disk.
  void strike_with(FaultPlan& faults) noexcept { faults_ = &faults; }
  // From now on a discard that does not read as zeroes does not keep the old content either.
  void discard_leaves_anything() noexcept { discard_leaves_anything_ = true; }

  // What a power cut at this moment leaves open.
  CrashSet crash_set() const;

  // As if a flush of everything that has completed were there, and no time had passed: for whoever wonders
  // where a flush is missing.
  void make_durable();

  // How many requests of ignored barriers this disk has seen: 0 means that nothing was tried.
  uint64_t ignored_requests() const noexcept { return ignored_requests_; }

 private:
  friend class DiskChannel;
  class InFlight;
  class Landing;
  struct Piece;
  struct Unit;

  void submit(IoRequest& request, Executor& executor);
  void tell_scheduler(const IoRequest& request);
  std::errc check(const IoRequest& request) const noexcept;
  void begin_write(InFlight& operation);
  std::vector<std::byte> content_of(const IoRequest& request) const;
  void complete(InFlight& operation);
  void complete_write(InFlight& operation);
  void complete_flush(const InFlight& operation);
  void make_durable(uint64_t completions);
  void put(InFlight& operation, uint64_t byte, std::vector<std::byte> bytes);
  void land_late();
  bool is_flushed_by(const InFlight& operation) const;
  std::errc read(const InFlight& operation);
  void read_visible(uint64_t byte, std::span<std::byte> into) const;
  bool is_readable(uint64_t begin, uint64_t end) const;
  bool is_covered(uint64_t begin, uint64_t end) const;
  void remember_former(const IoRequest& request);
  void make_readable(uint64_t begin, uint64_t end);
  void settle(uint64_t unit_index);
  bool ignores(Barrier barrier) const noexcept { return ignored_.contains(barrier); }

  DeviceGeometry geometry_;
  BarrierSet ignored_;
  bool discard_leaves_anything_ = false;
  Wiring wiring_;
  std::map<uint64_t, Unit> units_;  // those with undecided pieces, by number
  std::vector<InFlight*> in_flight_;
  FaultPlan* faults_ = nullptr;
  bool removed_ = false;
  std::vector<std::unique_ptr<InFlight>> stuck_;
  std::vector<std::unique_ptr<Landing>> late_;  // that wait for other writes
  uint64_t completions_ = 0;
  uint64_t ignored_requests_ = 0;
};

}  // namespace holdfast::simdisk
