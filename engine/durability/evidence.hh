// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>

#include "holdfast/host/persistent_memory.hh"
#include "holdfast/host/purpose.hh"

namespace holdfast::durability {

// Order by evidence. Every write of metadata returns Unflushed<B>, where B is the barrier that this write
// waits for; only a flush turns it into Durable<B>; and whatever must not happen earlier takes Durable<B>. A
// forgotten flush, or the evidence of another barrier, does not compile (tests/compile_fail/).

template <Barrier B>
class [[nodiscard]] Durable {
 public:
  Durable(Durable&&) noexcept = default;
  Durable& operator=(Durable&&) noexcept = default;

 private:
  friend class MetadataIo;
  friend class VolumeMedia;
  Durable() noexcept = default;
};

template <Barrier B>
class [[nodiscard]] Unflushed {
 public:
  Unflushed(Unflushed&& other) noexcept : needs_flush_(other.needs_flush_) {}
  Unflushed& operator=(Unflushed&&) = delete;

 private:
  friend class MetadataIo;
  friend class VolumeMedia;
  explicit Unflushed(bool needs_flush) noexcept : needs_flush_(needs_flush) {}
  bool needs_flush_;  // false: the writes were sent with FUA, or the device has no volatile cache, or there
                      // were none
};

// The same for persistent memory: stored, perhaps durable at any moment, and certainly once it is persisted.
template <Barrier B>
class [[nodiscard]] Stored {
 public:
  Stored(Stored&&) noexcept = default;
  Stored& operator=(Stored&&) = delete;

 private:
  friend class VolumeMedia;
  explicit Stored(PmWritten written) noexcept : written_(written) {}
  PmWritten written_;
};

// Evidence that media say "dirty" (barrier S4), without which no metadata page may change. The store holds it
// from its first change, or from the recovery of a dirty store, until it is marked clean.
class [[nodiscard]] DirtyMark {
 public:
  explicit DirtyMark(Durable<Barrier::S4>) noexcept {}
  // A superblock that recovery found dirty is dirty on media: what recovery reads is durable.
  explicit DirtyMark(const Durable<Barrier::R1>&) noexcept {}
  DirtyMark(DirtyMark&&) noexcept = default;
  DirtyMark& operator=(DirtyMark&&) noexcept = default;
};

// Evidence that a volume's session is marked on both media (barrier V6), and that no chunk map holds what an
// earlier session left in it (barrier V7), without which no chunk may change.
class [[nodiscard]] SessionMark {
 public:
  SessionMark(Durable<Barrier::V6>, Durable<Barrier::V7>) noexcept {}
  SessionMark(SessionMark&&) noexcept = default;
  SessionMark& operator=(SessionMark&&) noexcept = default;
};

}  // namespace holdfast::durability
