// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "holdfast/host/block_device.hh"
#include "holdfast/simdisk/media.hh"
#include "holdfast/simdisk/memory_folder.hh"

namespace holdfast::simdisk {

// What a disk or a map file does wrong. FAULT_MODEL.md says precisely what each is.
enum class FaultKind : uint8_t {
  // The request ends with an error, and has done what Fault::done says.
  transient_error,
  persistent_error,   // and so does every later one that it selects
  timeout,
  short_completion,
  queue_full,
  out_of_space,
  hot_removal,        // and so does every later request
  late_completion,    // what was told to have failed is carried out later
  // It never ends.
  stuck,
  // Success is told.
  lost_write,
  misdirected_write,
  torn_write,
  stale_read,
  rot,                // a bit of what is written, or of what is on media under a read, is another one
  lying_flush,        // and FUA that is not honoured
  undefined_discard,
  // A sector cannot be read any more until it is rewritten.
  latent_error,
  // From here on of map files.
  memory_persist_error,  // and so does every later persist of the map
  memory_lying_persist,  // success is told
  memory_poison,         // a line under a load cannot be loaded any more until it is stored as a whole
  memory_rot,            // a bit on media under a load is another one
};

// A load or a persist of a map file.
struct MemoryAccess {
  bool persist = false;
  Purpose purpose;
  FileNumber file = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Which requests, or loads and persists, a fault is about. What is not set does not matter.
struct FaultSelector {
  std::optional<IoKind> kind;
  std::optional<Step> step;
  std::optional<Barrier> barrier;
  uint64_t first_byte = 0;             // the request touches one of these; a flush touches none
  uint64_t end_byte = ~uint64_t{0};
  // It touches bytes of which this says so when it comes; a flush, and a map file, touch none.
  std::function<bool(uint64_t begin, uint64_t end)> holds;

  bool selects(const IoRequest& request, uint32_t block_size) const noexcept;
  bool selects(const MemoryAccess& access) const noexcept;
};

struct Fault {
  enum class Done : uint8_t { nothing, half, everything };

  FaultKind kind = FaultKind::transient_error;
  FaultSelector where;
  uint64_t nth = 1;    // the first request that it strikes, of those that it selects
  uint64_t count = 1;  // how many it strikes from there on
  Done done = Done::nothing;   // of a request that ends with an error
  // What rots, or cannot be read: which byte of the request or load; none: the one in the middle.
  std::optional<uint64_t> at;
  uint64_t distance = 1;  // misdirected_write: in requests of this length, forwards if the disk has room
  uint64_t delay = 1;  // late_completion: how many writes complete before it
};

// Whether a fault of this kind can strike a request of that kind.
bool can_strike(FaultKind kind, const IoRequest& request) noexcept;
bool can_strike(FaultKind kind, const MemoryAccess& access) noexcept;
// Of map files, and not of the disk.
bool is_of_memory(FaultKind kind) noexcept;
// What the request is told to have ended with.
std::errc error_of(FaultKind kind) noexcept;

// Bytes of media that do not hold what they should.
struct FaultHit {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool whole = false;  // what they hold is in itself as somebody wrote it, only not there or not then

  bool touches(uint64_t from, uint64_t to) const noexcept { return begin < to && from < end; }
};

// One request, load or persist that a fault struck.
struct FaultStrike {
  FaultKind kind;
  Purpose purpose;
  std::optional<FileNumber> file;  // of a map file
  uint64_t begin = 0;              // bytes of the disk or map file; of a flush, none
  uint64_t end = 0;
};

// What goes wrong during one time of power: asked by the disk about each request, and by the map files about
// each load and persist.
class FaultPlan {
 public:
  explicit FaultPlan(std::vector<Fault> faults = {});

  // The fault that strikes this request; it lives as long as the plan. Every call is a request.
  const Fault* strike(const IoRequest& request, uint32_t block_size);
  const Fault* strike(const MemoryAccess& access);

  // How many requests the fault of this number could have struck.
  uint64_t selected(std::size_t fault) const noexcept { return counts_[fault].selected; }
  uint64_t struck() const noexcept { return strikes_.size(); }
  std::span<const FaultStrike> strikes() const noexcept { return strikes_; }
  bool every_fault_struck() const noexcept;
  bool has_struck(FaultKind kind) const noexcept;
  std::span<const FaultHit> hits() const noexcept { return hits_; }  // of the disk
  std::span<const FaultHit> hits_in(FileNumber file) const noexcept;

  // A write of `bytes` to `byte`, where `before` is, becomes what the disk makes of it: other bytes, fewer,
  // elsewhere, or none.
  void alter_write(const Fault& fault, const DeviceGeometry& geometry, std::span<const std::byte> before,
                   uint64_t& byte, std::vector<std::byte>& bytes);
  // What a read of [begin, end) finds broken, on media and, a byte for each sector, in `unreadable`.
  void damage(const Fault& fault, uint64_t begin, uint64_t end, Media& media, Media* unreadable);
  void hit(const FaultHit& hit) { hits_.push_back(hit); }
  void hit(FileNumber file, const FaultHit& hit) { hits_in_files_[file].push_back(hit); }

  // A stale read needs to know what was there before: the block, and its former bytes.
  bool remembers() const noexcept { return remembers_; }
  void remember(uint64_t block, std::vector<std::byte> former) { former_[block] = std::move(former); }
  // False: what the block held before is not known.
  bool recall(uint64_t block, std::span<std::byte> into) const;

 private:
  struct Count {
    uint64_t selected = 0;
    uint64_t struck = 0;
  };

  template <class CanStrike>
  const Fault* first_that(CanStrike can_strike);
  bool is_stale_somewhere(const IoRequest& request) const;

  std::vector<Fault> faults_;
  std::vector<Count> counts_;
  std::vector<FaultHit> hits_;
  std::map<FileNumber, std::vector<FaultHit>> hits_in_files_;
  std::map<uint64_t, std::vector<std::byte>> former_;
  std::vector<FaultStrike> strikes_;
  bool remembers_ = false;
};

}  // namespace holdfast::simdisk
