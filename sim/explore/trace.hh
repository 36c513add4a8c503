// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "explore/volume_trace.hh"
#include "holdfast/simdisk/disk.hh"
#include "holdfast/simdisk/memory_maps.hh"

namespace holdfast::sim {

// One page of media as one request wrote it.
struct PageWrite {
  simdisk::EventNumber event = 0;
  Step step = Step::none;
  uint64_t process = 0;                     // which life of the program sent it
  uint64_t page = 0;
  std::optional<simdisk::Hash128> content;  // of the whole page, if the write covered it
};

// Told what happens to the devices of one session.
class SessionListener : public simdisk::DiskObserver, public simdisk::MemoryObserver {
 public:
  virtual void process_began() = 0;

 protected:
  ~SessionListener() = default;
};

// Who wrote what, when: with it a page found on media after a cut is traced back to its write, and the
// invariants can say not only that something is wrong but which order was broken. Forgets what happened after
// a mark on request.
class Trace final : public simdisk::DiskObserver, public simdisk::MemoryObserver {
 public:
  // `on_disk`: a volume lies on the disk itself, and the disk's requests are its own.
  Trace(uint32_t block_size, const VolumeLayout& volume, bool on_disk = true)
      : block_size_(block_size), volume_(volume), volume_on_disk_(on_disk) {}

  // By a volume that does not lie on the disk itself.
  void submitted_by_volume(simdisk::EventNumber event, const IoRequest& request) {
    volume_.submitted(event, processes_, request, block_size_);
  }

  void submitted(simdisk::EventNumber event, const IoRequest& request) override;
  void completed(simdisk::EventNumber event, const IoRequest& request) override;
  void stored(simdisk::EventNumber event, const simdisk::MapRange& range,
              std::span<const std::byte> bytes) override;
  void persist_submitted(simdisk::EventNumber event, const simdisk::MapRange& range,
                         Purpose purpose) override;
  void persist_completed(simdisk::EventNumber event, const simdisk::MapRange& range, Purpose purpose,
                         const Result<>& result) override;

  // As long as it lives, and no other one lives that was made later, `before` is called before each persist:
  // on persistent memory nothing else tells of this moment.
  class [[nodiscard]] Watch {
   public:
    Watch(Trace& trace, std::function<void()> before)
        : trace_(trace), outer_(std::exchange(trace.before_persist_, std::move(before))) {}
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { trace_.before_persist_ = std::move(outer_); }

   private:
    Trace& trace_;
    std::function<void()> outer_;
  };
  // These are told everything, too, and nothing is forgotten for them. They outlive the trace.
  void forward_to(simdisk::DiskObserver& of_disk, simdisk::MemoryObserver& of_memory) {
    of_disk_ = &of_disk;
    of_memory_ = &of_memory;
  }
  // It is told what happens in one session, and outlives it. Null: nobody is told.
  void forward_session_to(SessionListener* listener) { of_session_ = listener; }
  // As long as it lives, another session is played, of which that listener is not told.
  class [[nodiscard]] Aside {
   public:
    explicit Aside(Trace& trace) : trace_(trace), of_session_(std::exchange(trace.of_session_, nullptr)) {}
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
    ~Aside() { trace_.of_session_ = of_session_; }

   private:
    Trace& trace_;
    SessionListener* of_session_;
  };
  const VolumeTrace& volume() const { return volume_; }

  void begin_process() {
    ++processes_;
    if (of_session_ != nullptr) of_session_->process_began();
  }
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
    simdisk::EventNumber event;
    std::map<Step, uint64_t> completed;
  };
  Mark mark(simdisk::EventNumber event) const {
    return {writes_.size(), claims_.size(), processes_, event, completed_};
  }
  void forget_since(const Mark& mark);

 private:
  struct Claim {
    simdisk::EventNumber event = 0;  // of the completion
    Barrier barrier = Barrier::none;
  };
  template <class Tell>
  void tell_of_disk(const Tell& tell) {
    if (of_disk_ != nullptr) tell(*of_disk_);
    if (of_session_ != nullptr) tell(*of_session_);
  }
  template <class Tell>
  void tell_of_memory(const Tell& tell) {
    if (of_memory_ != nullptr) tell(*of_memory_);
    if (of_session_ != nullptr) tell(*of_session_);
  }

  std::vector<PageWrite> writes_;
  std::vector<Claim> claims_;
  std::map<uint64_t, std::vector<std::size_t>> by_page_;
  std::map<Step, uint64_t> completed_;
  uint64_t processes_ = 0;
  uint32_t block_size_;
  VolumeTrace volume_;
  bool volume_on_disk_;
  std::function<void()> before_persist_;
  simdisk::DiskObserver* of_disk_ = nullptr;
  simdisk::MemoryObserver* of_memory_ = nullptr;
  SessionListener* of_session_ = nullptr;
};

}  // namespace holdfast::sim
