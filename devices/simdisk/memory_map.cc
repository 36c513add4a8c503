// SPDX-License-Identifier: BSD-3-Clause
#include "memory_map.hh"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "holdfast/assert.hh"

namespace holdfast::simdisk {
namespace {

constexpr uint32_t kMemoryPage = 4096;

PmGeometry geometry_of(uint64_t size, MemoryKind kind) {
  return {.size = size,
          .line_size = kMemoryLine,
          .persist_unit = kind == MemoryKind::persistent_memory ? kMemoryLine : kMemoryPage};
}

Error outside(uint64_t offset) {
  return {.code = Errc::out_of_range,
          .object = ObjectKind::device,
          .byte = offset,
          .reason = "a load is misaligned, or leaves the map; the map is shorter than what refers to it"};
}

Error unreadable(uint64_t byte) {
  return {.code = Errc::device_failed,
          .object = ObjectKind::device,
          .byte = byte,
          .reason = "a line of the map cannot be read; it can again when it is overwritten as a whole"};
}

}  // namespace

struct SimulatedMap::Persist {
  EventNumber event = 0;   // of its submission
  EventNumber covers = 0;  // stores up to this event
  uint64_t begin = 0;
  uint64_t end = 0;
  Purpose purpose;
  bool fails = false;
  bool lies = false;

  MapRange range(const LiveFile& file) const { return {file.name, begin, end - begin}; }
  Result<> carry_out(MemoryHost& host, FileNumber number) const;
  Result<> make_durable(MemoryHost& host, FileNumber number) const;
};

SimulatedMap::SimulatedMap(std::shared_ptr<MemoryHost> host, FileNumber file)
    : host_(std::move(host)),
      number_(file),
      file_(host_->live.at(file)),
      geometry_(geometry_of(host_->wiring.folder.file(file).size(), host_->kind)) {
  HF_ASSERT(!file_.claimed);
  file_.claimed = true;
}

SimulatedMap::~SimulatedMap() { file_.claimed = false; }

Result<uint64_t> SimulatedMap::load_u64(uint64_t offset) const noexcept {
  if (offset % sizeof(uint64_t) != 0) return outside(offset);
  std::array<std::byte, sizeof(uint64_t)> bytes;
  HF_CHECK(load(offset, bytes));
  return std::bit_cast<uint64_t>(bytes);
}

Result<> SimulatedMap::load(uint64_t offset, std::span<std::byte> into) const noexcept {
  if (!contains(offset, into.size())) return outside(offset);
  if (host_->faults != nullptr && !into.empty()) suffer(offset, into.size());
  if (const auto byte = file_.lines.first_poisoned(offset, into.size())) return unreadable(*byte);
  file_.lines.load(offset, into);
  return {};
}

// What a load finds broken, it breaks.
void SimulatedMap::suffer(uint64_t offset, uint64_t length) const {
  const Fault* fault = host_->faults->strike(
      {.persist = false, .purpose = {}, .file = number_, .begin = offset, .end = offset + length});
  if (fault == nullptr) return;
  const bool poison = fault->kind == FaultKind::memory_poison;
  const uint64_t byte = offset + std::min(fault->at.value_or(length / 2), length - 1);
  host_->wiring.digest.add({host_->wiring.scheduler.next_event(),
                            static_cast<uint64_t>(poison ? MemoryEvent::poison : MemoryEvent::rot), number_,
                            byte});
  if (!poison) {
    file_.lines.rot(byte);
    return host_->faults->hit(number_, {byte, byte + 1});
  }
  file_.lines.poison(byte, 1);
  const uint64_t line = byte / kMemoryLine * kMemoryLine;
  host_->faults->hit(number_, {line, line + kMemoryLine});
}

PmWritten SimulatedMap::store(uint64_t offset, std::span<const std::byte> bytes) noexcept {
  HF_ASSERT(contains(offset, bytes.size()));
  const EventNumber event = host_->wiring.scheduler.next_event();
  host_->wiring.digest.add({event, static_cast<uint64_t>(MemoryEvent::store), number_, offset, bytes.size()});
  host_->wiring.digest.add(hash_bytes(bytes));
  file_.lines.store(offset, bytes, event);
  if (host_->wiring.observer != nullptr) {
    host_->wiring.observer->stored(event, {file_.name, offset, bytes.size()}, bytes);
  }
  return {offset, bytes.size()};
}

PmWritten SimulatedMap::store_u64(uint64_t offset, uint64_t value) noexcept {
  HF_ASSERT(offset % sizeof value == 0);
  return store(offset, std::as_bytes(std::span(&value, 1)));
}

// What is stored between this call and the task's start is not covered.
Task<PmDurable> SimulatedMap::persist(PmWritten written, Purpose purpose) {
  return persist_up_to(host_->wiring.scheduler.last_event(), written, purpose);
}

Task<PmDurable> SimulatedMap::persist_up_to(EventNumber covers, PmWritten written, Purpose purpose) {
  HF_ASSERT(contains(written.begin(), written.end() - written.begin()));
  const Persist persist = plan(covers, written, purpose);
  Awaited awaited;
  begin(persist, awaited);
  HF_CO_CHECK(co_await awaited.result);
  co_return made_durable();
}

SimulatedMap::Persist SimulatedMap::plan(EventNumber covers, PmWritten written, Purpose purpose) {
  Persist persist{.event = host_->wiring.scheduler.next_event(),
                  .covers = covers,
                  .begin = written.begin(),
                  .end = written.end(),
                  .purpose = purpose,
                  .fails = ++host_->persists == host_->failing_persist};
  const Fault* fault = nullptr;
  if (host_->faults != nullptr)
    fault = host_->faults->strike({true, purpose, number_, persist.begin, persist.end});
  if (fault == nullptr) return persist;
  persist.fails = persist.fails || fault->kind == FaultKind::memory_persist_error;
  persist.lies = fault->kind == FaultKind::memory_lying_persist;
  return persist;
}

void SimulatedMap::begin(const Persist& persist, Awaited& awaited) {
  const SimulatedMaps::Wiring& wiring = host_->wiring;
  wiring.digest.add({persist.event, static_cast<uint64_t>(MemoryEvent::persist), number_, persist.begin,
                     persist.end, static_cast<uint64_t>(persist.purpose.step),
                     static_cast<uint64_t>(persist.purpose.barrier)});
  if (host_->ignored.contains(persist.purpose.barrier)) ++host_->ignored_requests;
  if (wiring.observer != nullptr) {
    wiring.observer->persist_submitted(persist.event, persist.range(file_), persist.purpose);
  }
  auto carry_out = [host = host_, number = number_, persist] { return persist.carry_out(*host, number); };
  if (host_->kind == MemoryKind::persistent_memory) {
    awaited.result.set(carry_out());
  } else {
    Completion::add(wiring.scheduler, wiring.executor, std::move(carry_out), awaited);
  }
}

Result<> SimulatedMap::Persist::carry_out(MemoryHost& host, FileNumber number) const {
  const LiveFile& file = host.live.at(number);
  const Result<> result = make_durable(host, number);
  const EventNumber completed = host.wiring.scheduler.next_event();
  host.wiring.digest.add({completed, event, host.wiring.scheduler.now_ns(), result ? 1U : 0U});
  if (host.wiring.observer != nullptr) {
    host.wiring.observer->persist_completed(completed, range(file), purpose, result);
  }
  return result;
}

Result<> SimulatedMap::Persist::make_durable(MemoryHost& host, FileNumber number) const {
  LiveFile& file = host.live.at(number);
  file.failed = file.failed || fails;
  if (file.failed) {
    return Error{.code = Errc::device_failed,
                 .object = ObjectKind::device,
                 .byte = begin,
                 .reason = "a persist of the map failed; what of it is durable is unknown from then on"};
  }
  if (begin == end || host.ignored.contains(purpose.barrier)) return {};
  if (lies) {
    for (const FaultHit& hit : file.lines.undecided(begin, end, covers)) host.faults->hit(number, hit);
    return {};
  }
  const uint64_t unit = host.kind == MemoryKind::persistent_memory ? kMemoryLine : kMemoryPage;
  file.lines.persist(begin / unit * unit, (end + unit - 1) / unit * unit, covers);
  return {};
}

bool SimulatedMap::contains(uint64_t offset, uint64_t length) const noexcept {
  return offset <= geometry_.size && length <= geometry_.size - offset;
}

}  // namespace holdfast::simdisk
