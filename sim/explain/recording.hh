// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explain/owners.hh"
#include "explore/observer.hh"
#include "holdfast/simdisk/disk.hh"
#include "holdfast/simdisk/memory_maps.hh"

namespace holdfast::sim {

// What happened in a session, one thing after the other. All of them are counted, so that a second playing of
// the same session can be changed at one of them.
struct Happening {
  enum class Kind : uint8_t {
    moment,  // the power might have been cut
    submitted,  // a request of a disk
    completed,  // one, before its program is told
    stored,  // into a map file
    persist_begun,
    persisted,
  };
  Kind kind = Kind::moment;
  simdisk::EventNumber event = 0;
  simdisk::EventNumber begun = 0;  // completed, persisted: the event of its begin
  IoKind io = IoKind::read;
  Purpose purpose{};
  bool fua = false;
  bool is_map = false;
  uint64_t byte = 0;  // of the disk, or of the map file
  uint64_t length = 0;
  uint64_t moment = 0;  // kind moment: its number
  uint64_t version = 0;  // kind moment: of the model, which changes with every acknowledgement
  bool undecided_changed = false;  // kind moment: since the one before

  bool writes() const;
  // Something became durable, or was said to be.
  bool claims() const;
};

// What became of one undecided piece.
struct Fate {
  enum class Kind : uint8_t { arrived, lost, torn };
  Kind kind = Kind::arrived;
  std::size_t unit = 0;  // which one of the cut
  uint32_t newest = 0;  // its choice in which everything arrives
  Owned owned{};  // of the first byte that differs
  simdisk::EventNumber event = 0;  // the newest write of it
  bool is_map = false;
  uint64_t byte = 0;
  uint64_t length = 0;
  uint64_t expected = 0;  // the field, with everything
  uint64_t found = 0;  // the field, with what arrived
};

struct RecordedCut {
  const ScenarioStep* step = nullptr;  // null: the session recovered
  uint64_t moment = 0;
  std::vector<Fate> fates;
};
struct RecordedSession {
  std::vector<Happening> happenings;  // from its first moment on
  std::optional<RecordedCut> cut;
};

// Writes down the way to a crash state, session by session.
class Recorder final : public ExplorationObserver,
                       public simdisk::DiskObserver,
                       public simdisk::MemoryObserver {
 public:
  explicit Recorder(const Scenario& scenario, std::size_t cuts) : scenario_(scenario), cuts_(cuts) {}

  bool moment(const Situation& situation) override;
  void cut(const Situation& situation, const simdisk::CrashSet& set,
           std::span<const uint32_t> selection) override;
  bool judged(const std::vector<Cut>& path, const Broken* broken) override;

  void submitted(simdisk::EventNumber event, const IoRequest& request) override;
  void completed(simdisk::EventNumber event, const IoRequest& request) override;
  void stored(simdisk::EventNumber event, const simdisk::MapRange& range,
              std::span<const std::byte> bytes) override;
  void persist_submitted(simdisk::EventNumber event, const simdisk::MapRange& range,
                         Purpose purpose) override;
  void persist_completed(simdisk::EventNumber event, const simdisk::MapRange& range, Purpose purpose,
                         const Result<>& result) override;

  const std::vector<RecordedSession>& sessions() const { return sessions_; }
  // The begin of the request or store with this number, in whichever session.
  const Happening* begin_of(simdisk::EventNumber event) const;
  // Its completion before the power was cut.
  const Happening* end_of(simdisk::EventNumber event) const;
  // The first persist that covers this store, if there was one before the cut.
  const Happening* persist_of(const Happening& store) const;
  // Names what is on media at the first cut, with everything that was undecided.
  const std::optional<Owners>& owners() const { return owners_; }
  const std::optional<std::string>& words() const { return words_; }
  const std::string& invariant() const { return invariant_; }

 private:
  void add(Happening happening);

  const Scenario& scenario_;
  std::size_t cuts_;
  std::vector<RecordedSession> sessions_;
  std::optional<Owners> owners_;
  bool recording_ = false;  // a session is, and not the judgement of a cut
  simdisk::Hash128 undecided_;
  std::map<simdisk::EventNumber, Happening> begins_;
  std::map<simdisk::EventNumber, Happening> ends_;  // by the events of their begins
  struct InFlight {
    const IoRequest* request;
    simdisk::EventNumber event;
  };
  std::vector<InFlight> in_flight_;
  std::vector<Happening> persists_;  // that have not ended
  std::optional<std::string> words_;
  std::string invariant_;
};

}  // namespace holdfast::sim
