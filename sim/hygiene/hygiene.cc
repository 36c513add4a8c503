// SPDX-License-Identifier: BSD-3-Clause
#include "hygiene/hygiene.hh"

#include <algorithm>

namespace holdfast::sim {
namespace {

bool is_about_others(Barrier barrier) { return barrier == Barrier::R1 || barrier == Barrier::R2; }

// Acknowledged before it is durable: whoever wrote it, or a volume that writes back, flushes later.
bool is_data(Step step) { return step == Step::user_data || step == Step::write_units; }

}  // namespace

// Of what was in flight only the writes were carried out, and that was told.
void Hygiene::process_began() {
  std::erase_if(requests_, [](const Request& request) { return request.in_flight != nullptr; });
  persists_.clear();
  for (Request& request : requests_) request.of_dead_process = true;
  for (InMap& store : stores_) store.of_dead_process = true;
}

void Hygiene::submitted(simdisk::EventNumber event, const IoRequest& request) {
  if (request.kind == IoKind::read) return;
  const uint64_t block_size = device_.block_size;
  const Request begun{
      .event = event,
      .in_flight = &request,
      .completions = completions_,
      .kind = request.kind,
      .purpose = request.purpose,
      .durable_at_once = request.fua || !device_.volatile_cache,
      .bytes = {request.block * block_size, (request.block + request.block_count) * block_size}};
  if (request.kind == IoKind::flush) check_flush(begun);
  if (request.kind == IoKind::write || request.kind == IoKind::write_zeroes) check_write(begun);
  requests_.push_back(begun);
}

void Hygiene::completed(simdisk::EventNumber, const IoRequest& request) {
  const auto ended = std::ranges::find(requests_, &request, &Request::in_flight);
  if (ended == requests_.end()) return;
  if (ended->kind != IoKind::flush) {
    ended->completions = ++completions_;
    ended->in_flight = nullptr;
  }
  settle(Request(*ended));
}

// Where there is no cache, everybody knows that there is nothing in it.
void Hygiene::check_flush(const Request& flush) {
  const Barrier barrier = flush.purpose.barrier;
  if (device_.volatile_cache && (is_about_others(barrier) || barrier == Barrier::D1)) return;
  if (std::ranges::none_of(requests_, &Request::waits_for_flush))
    warn(WarningKind::flush_of_nothing, flush.purpose, flush.event);
}

void Hygiene::check_write(const Request& write) {
  const auto is_rewritten = [&write](const Request& earlier) {
    const bool by_other_step = earlier.purpose.step != write.purpose.step &&
                               earlier.purpose.step != Step::none && write.purpose.step != Step::none;
    return earlier.waits_for_flush() && earlier.kind != IoKind::discard && !earlier.of_dead_process &&
           by_other_step && earlier.bytes.touches(write.bytes);
  };
  if (std::ranges::any_of(requests_, is_rewritten)) warn(WarningKind::rewrite, write.purpose, write.event);
}

// As the disk does it: devices/simdisk/FAULT_MODEL.md.
void Hygiene::settle(const Request& ended) {
  const bool flush = ended.kind == IoKind::flush;
  if (!flush && !ended.durable_at_once) return;
  const auto is_settled = [&ended, flush](const Request& other) {
    if (other.event == ended.event) return true;
    if (flush) return other.waits_for_flush() && other.completions <= ended.completions;
    return other.waits_for_flush() && other.event < ended.event && ended.bytes.contains(other.bytes);
  };
  std::erase_if(requests_, is_settled);
}

void Hygiene::stored(simdisk::EventNumber event, const simdisk::MapRange& range, std::span<const std::byte>) {
  stores_.push_back(in_map(event, range, {Step::persist, Barrier::none}));
}

void Hygiene::persist_submitted(simdisk::EventNumber event, const simdisk::MapRange& range, Purpose purpose) {
  const InMap persist = in_map(event, range, purpose);
  persists_.push_back(persist);
  const auto is_covered = [&persist](const InMap& store) {
    return store.map == persist.map && store.bytes.touches(persist.bytes);
  };
  if (!is_about_others(purpose.barrier) && std::ranges::none_of(stores_, is_covered))
    warn(WarningKind::persist_of_nothing, purpose, event);
}

void Hygiene::persist_completed(simdisk::EventNumber, const simdisk::MapRange& range, Purpose purpose,
                                const Result<>& result) {
  const InMap told = in_map(0, range, purpose);
  const auto ended = std::ranges::find_if(persists_, [&told](const InMap& persist) {
    return persist.map == told.map && persist.purpose == told.purpose && persist.bytes.contains(told.bytes) &&
           told.bytes.contains(persist.bytes);
  });
  const InMap persist = *ended;
  persists_.erase(ended);
  if (!result) return;
  std::erase_if(stores_, [&persist](const InMap& store) {
    return store.map == persist.map && store.event < persist.event && persist.bytes.contains(store.bytes);
  });
}

void Hygiene::session_ended() {
  for (const Request& request : requests_) {
    const bool given_up = request.kind == IoKind::discard || request.of_dead_process;
    const Step step = request.purpose.step;
    if (request.waits_for_flush() && !given_up && !is_data(step) && step != Step::none)
      warn(WarningKind::left_over, request.purpose, request.event);
  }
  for (const InMap& store : stores_) {
    if (!store.of_dead_process) warn(WarningKind::left_over, store.purpose, store.event);
  }
}

std::vector<Warning> Hygiene::warnings() const {
  std::vector<Warning> all;
  for (const auto& [key, warning] : warnings_) all.push_back(warning);
  return all;
}

Hygiene::InMap Hygiene::in_map(simdisk::EventNumber event, const simdisk::MapRange& range, Purpose purpose) {
  return {.event = event,
          .map = std::string(range.map),
          .bytes = {range.offset, range.offset + range.length},
          .purpose = purpose};
}

void Hygiene::warn(WarningKind kind, Purpose purpose, simdisk::EventNumber event) {
  Warning& warning = warnings_[{kind, purpose.step, purpose.barrier}];
  if (warning.count == 0) warning = {kind, name_of(purpose.step), name_of(purpose.barrier), 0, event};
  ++warning.count;
}

}  // namespace holdfast::sim
