// SPDX-License-Identifier: BSD-3-Clause
#include "explain/recording.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace holdfast::sim {
namespace {

using simdisk::Candidate;
using simdisk::EventNumber;
using simdisk::UndecidedUnit;

uint64_t first_difference(const Candidate& a, const Candidate& b) {
  const auto [in_a, in_b] = std::ranges::mismatch(a.bytes, b.bytes);
  return in_a == a.bytes.end() ? 0 : static_cast<uint64_t>(in_a - a.bytes.begin());
}

uint64_t number_at(const Candidate& candidate, uint64_t offset, uint32_t width) {
  uint64_t number = 0;
  const uint64_t count = std::min<uint64_t>(width, candidate.bytes.size() - offset);
  for (uint64_t i = 0; i < count; ++i)
    number |= std::to_integer<uint64_t>(candidate.bytes[offset + i]) << 8 * i;
  return number;
}

Fate fate_of(const UndecidedUnit& unit, uint32_t choice, const Owners& with_everything,
             const Owners& without) {
  const Candidate& newest = unit.candidates.back();
  const Candidate& chosen = unit.candidates[choice];
  const bool arrived = choice + 1 == unit.candidates.size();
  const uint64_t differs = first_difference(newest, arrived ? unit.candidates.front() : chosen);
  const uint64_t media = unit.media->number();
  Fate fate{.kind = arrived       ? Fate::Kind::arrived
                    : choice == 0 ? Fate::Kind::lost
                                  : Fate::Kind::torn,
            .owned = with_everything.at(media, unit.byte + differs),
            .event = std::ranges::max(newest.events),
            .is_map = media != 0,
            .byte = unit.byte,
            .length = newest.bytes.size()};
  if (!fate.owned.known) fate.owned = without.at(media, unit.byte + differs);
  const uint64_t offset = std::max(fate.owned.field_byte, unit.byte) - unit.byte;
  fate.expected = number_at(newest, offset, fate.owned.width);
  fate.found = number_at(chosen, offset, fate.owned.width);
  return fate;
}

// A write of which one part arrived and another did not is torn, and not lost.
void tell_torn_from_lost(std::vector<Fate>& fates) {
  for (Fate& fate : fates) {
    const bool elsewhere = std::ranges::any_of(fates, [&fate](const Fate& other) {
      return other.event == fate.event && other.kind == Fate::Kind::arrived;
    });
    if (fate.kind == Fate::Kind::lost && elsewhere) fate.kind = Fate::Kind::torn;
  }
}

}  // namespace

bool Happening::writes() const {
  if (kind == Kind::stored) return true;
  return (kind == Kind::submitted || kind == Kind::completed) && io != IoKind::read && io != IoKind::flush;
}

bool Happening::claims() const {
  if (purpose.barrier == Barrier::none) return false;
  return kind == Kind::persisted || (kind == Kind::completed && (io == IoKind::flush || fua));
}

bool Recorder::moment(const Situation& situation) {
  const std::size_t depth = situation.path.size();
  if (depth == sessions_.size()) {
    sessions_.emplace_back();
    recording_ = true;
    undecided_ = {};
  }
  if (!recording_) return true;
  simdisk::Hash128 undecided = situation.world.image_hash();
  undecided += situation.session.crash_set().hash();
  add({.kind = Happening::Kind::moment,
       .moment = situation.moment,
       .version = situation.model.version(),
       .undecided_changed = std::exchange(undecided_, undecided) != undecided});
  return true;
}

void Recorder::cut(const Situation& situation, const simdisk::CrashSet& set,
                   std::span<const uint32_t> selection) {
  recording_ = false;
  const std::vector<uint32_t> newest = set.everything();
  const Owners without(situation.world, scenario_);
  const World::Mark mark = situation.world.mark();
  set.apply(newest);
  const Owners with_everything(situation.world, scenario_);
  situation.world.rollback(mark);

  RecordedCut cut{.step = situation.step, .moment = situation.moment, .fates = {}};
  for (std::size_t i = 0; i < set.units.size(); ++i) {
    cut.fates.push_back(fate_of(set.units[i], selection[i], with_everything, without));
    cut.fates.back().unit = i;
    cut.fates.back().newest = newest[i];
  }
  tell_torn_from_lost(cut.fates);
  if (!owners_) owners_ = with_everything;
  sessions_.back().cut = std::move(cut);
}

bool Recorder::judged(const std::vector<Cut>& path, const Broken* broken) {
  if (path.size() < cuts_) return true;
  if (broken != nullptr) {
    invariant_ = broken->invariant;
    words_ = broken->words;
  }
  return false;
}

void Recorder::submitted(EventNumber event, const IoRequest& request) {
  in_flight_.push_back({&request, event});
  add({.kind = Happening::Kind::submitted,
       .event = event,
       .io = request.kind,
       .purpose = request.purpose,
       .fua = request.fua,
       .byte = request.block * scenario_.device.block_size,
       .length = request.block_count * scenario_.device.block_size});
}

// A request that a dead program sent has no end, and another one may have its address.
void Recorder::completed(EventNumber event, const IoRequest& request) {
  const auto sent = std::find_if(in_flight_.rbegin(), in_flight_.rend(),
                                 [&request](const InFlight& each) { return each.request == &request; });
  if (sent == in_flight_.rend()) return;
  Happening happening = begins_.at(sent->event);
  in_flight_.erase(std::next(sent).base());
  happening.kind = Happening::Kind::completed;
  happening.begun = std::exchange(happening.event, event);
  add(happening);
}

void Recorder::stored(EventNumber event, const simdisk::MapRange& range, std::span<const std::byte>) {
  add({.kind = Happening::Kind::stored,
       .event = event,
       .is_map = true,
       .byte = range.offset,
       .length = range.length});
}

void Recorder::persist_submitted(EventNumber event, const simdisk::MapRange& range, Purpose purpose) {
  persists_.push_back({.kind = Happening::Kind::persist_begun,
                       .event = event,
                       .purpose = purpose,
                       .is_map = true,
                       .byte = range.offset,
                       .length = range.length});
  add(persists_.back());
}

void Recorder::persist_completed(EventNumber event, const simdisk::MapRange& range, Purpose purpose,
                                 const Result<>&) {
  const auto begun = std::ranges::find_if(persists_, [&range, &purpose](const Happening& each) {
    return each.byte == range.offset && each.length == range.length && each.purpose == purpose;
  });
  if (begun == persists_.end()) return;
  Happening happening = *begun;
  persists_.erase(begun);
  happening.kind = Happening::Kind::persisted;
  happening.begun = std::exchange(happening.event, event);
  add(happening);
}

const Happening* Recorder::begin_of(EventNumber event) const {
  const auto found = begins_.find(event);
  return found == begins_.end() ? nullptr : &found->second;
}

const Happening* Recorder::end_of(EventNumber event) const {
  const auto found = ends_.find(event);
  return found == ends_.end() ? nullptr : &found->second;
}

const Happening* Recorder::persist_of(const Happening& store) const {
  for (auto next = begins_.upper_bound(store.event); next != begins_.end(); ++next) {
    const Happening& persist = next->second;
    if (persist.kind == Happening::Kind::persist_begun && persist.byte <= store.byte &&
        store.byte + store.length <= persist.byte + persist.length)
      return &persist;
  }
  return nullptr;
}

// What the setup did is known by its numbers alone.
void Recorder::add(Happening happening) {
  if (happening.begun != 0) {
    ends_.emplace(happening.begun, happening);
  } else if (happening.kind != Happening::Kind::moment) {
    begins_.emplace(happening.event, happening);
  }
  if (recording_) sessions_.back().happenings.push_back(std::move(happening));
}

}  // namespace holdfast::sim
