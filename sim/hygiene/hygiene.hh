// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "explore/trace.hh"
#include "holdfast/sim/report.hh"
#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

// Finds in what one session does to its devices what costs time or says nothing, and breaks no promise: see
// WarningKind. It believes the devices: what they were asked to make durable is durable when they say so.
//
// Not everything that looks like it is one. Nobody knows what another process left in the cache (barriers R1
// and R2), a program that flushes (D1) is asked for no reason, what is discarded is given up, and so is what
// a dead process wrote. A foreign program (Step::none) does as it likes.
class Hygiene final : public SessionListener {
 public:
  explicit Hygiene(const DeviceSpec& device) : device_(device) {}

  void process_began() override;
  void submitted(simdisk::EventNumber event, const IoRequest& request) override;
  void completed(simdisk::EventNumber event, const IoRequest& request) override;
  void stored(simdisk::EventNumber event, const simdisk::MapRange& range,
              std::span<const std::byte> bytes) override;
  void persist_submitted(simdisk::EventNumber event, const simdisk::MapRange& range,
                         Purpose purpose) override;
  void persist_completed(simdisk::EventNumber event, const simdisk::MapRange& range, Purpose purpose,
                         const Result<>& result) override;

  // Every step was acknowledged, and nothing follows.
  void session_ended();
  // Summed up by kind, step and barrier.
  std::vector<Warning> warnings() const;

 private:
  struct Bytes {
    uint64_t begin = 0;
    uint64_t end = 0;

    bool touches(const Bytes& other) const { return begin < other.end && other.begin < end; }
    bool contains(const Bytes& other) const { return begin <= other.begin && other.end <= end; }
  };
  // A flush in flight, or something else that is not durable.
  struct Request {
    simdisk::EventNumber event = 0;
    const IoRequest* in_flight = nullptr;  // null: it has completed
    uint64_t completions = 0;  // of a flush: how many there were before it; else up to its own
    IoKind kind = IoKind::write;
    Purpose purpose;
    bool durable_at_once = false;
    Bytes bytes;
    bool of_dead_process = false;

    bool waits_for_flush() const { return kind != IoKind::flush && in_flight == nullptr; }
  };
  // A store that is not durable, or a persist in progress.
  struct InMap {
    simdisk::EventNumber event = 0;
    std::string map;
    Bytes bytes;
    Purpose purpose;
    bool of_dead_process = false;
  };
  static InMap in_map(simdisk::EventNumber event, const simdisk::MapRange& range, Purpose purpose);

  void check_flush(const Request& flush);
  void check_write(const Request& write);
  void settle(const Request& ended);
  void warn(WarningKind kind, Purpose purpose, simdisk::EventNumber event);

  const DeviceSpec& device_;
  std::vector<Request> requests_;  // in the order of their submission
  uint64_t completions_ = 0;
  std::vector<InMap> stores_;
  std::vector<InMap> persists_;
  std::map<std::tuple<WarningKind, Step, Barrier>, Warning> warnings_;
};

}  // namespace holdfast::sim
