// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/memory_maps.hh"

#include <array>

#include "holdfast/assert.hh"
#include "memory_map.hh"

namespace holdfast::simdisk {
namespace {

Result<> check_name(std::string_view name);
Result<> check_size(const MemoryFolder& folder, uint64_t size);
Result<FileNumber> number_of(const MemoryHost& host, std::string_view name);
LiveFile& live_file(MemoryHost& host, FileNumber number, std::string_view name);
bool is_there_and_closed(const MemoryHost& host, std::string_view name);
EventNumber begin_event(MemoryHost& host, MemoryEvent what, std::string_view from, std::string_view to);

}  // namespace

SimulatedMaps::SimulatedMaps(MemoryKind kind, Wiring wiring)
    : host_(std::make_shared<MemoryHost>(kind, wiring)) {}
SimulatedMaps::~SimulatedMaps() = default;

// The zeroes are durable at once, the name is not.
Result<std::unique_ptr<PersistentMemory>> SimulatedMaps::create(std::string_view name, uint64_t size) {
  HF_CHECK(check_name(name));
  if (host_->directory.names().contains(name)) {
    return Error{
        .code = Errc::already_exists, .object = ObjectKind::device, .reason = "a map of this name is there"};
  }
  HF_CHECK(check_size(host_->wiring.folder, size));
  const FileNumber number = host_->wiring.folder.add_file(size);
  const EventNumber event = begin_event(*host_, MemoryEvent::create, {}, name);
  host_->wiring.digest.add({number, size});
  host_->directory.create(name, number, event);
  live_file(*host_, number, name);
  return std::make_unique<SimulatedMap>(host_, number);
}

Result<std::unique_ptr<PersistentMemory>> SimulatedMaps::open(std::string_view name) {
  HF_TRY(const FileNumber number, number_of(*host_, name));
  if (live_file(*host_, number, name).claimed) {
    return Error{.code = Errc::busy, .object = ObjectKind::device, .reason = "the map is open already"};
  }
  return std::make_unique<SimulatedMap>(host_, number);
}

Result<> SimulatedMaps::rename(std::string_view from, std::string_view to) {
  HF_CHECK(check_name(to));
  HF_TRY(const FileNumber number, number_of(*host_, from));
  host_->directory.rename(from, to, begin_event(*host_, MemoryEvent::rename, from, to));
  live_file(*host_, number, to);
  return {};
}

Result<> SimulatedMaps::remove(std::string_view name) {
  HF_TRY([[maybe_unused]] const FileNumber number, number_of(*host_, name));
  host_->directory.remove(name, begin_event(*host_, MemoryEvent::remove, name, {}));
  return {};
}

Result<std::vector<std::string>> SimulatedMaps::names() {
  std::vector<std::string> found;
  for (const auto& [name, number] : host_->directory.names()) found.push_back(name);
  return found;
}

// What is done between this call and the task's start is not covered.
Task<> SimulatedMaps::sync_directory() { return sync_directory_up_to(host_->wiring.scheduler.last_event()); }

Task<> SimulatedMaps::sync_directory_up_to(EventNumber covers) {
  begin_event(*host_, MemoryEvent::sync_directory, {}, {});
  Awaited awaited;
  auto carry_out = [host = host_, covers]() -> Result<> {
    host->wiring.digest.add({host->wiring.scheduler.next_event(), covers, host->wiring.scheduler.now_ns()});
    host->directory.sync(covers);
    return {};
  };
  Completion::add(host_->wiring.scheduler, host_->wiring.executor, std::move(carry_out), awaited);
  co_return co_await awaited.result;
}

void SimulatedMaps::ignore(const BarrierSet& barriers) { host_->ignored = barriers; }
uint64_t SimulatedMaps::ignored_requests() const noexcept { return host_->ignored_requests; }
void SimulatedMaps::fail_persist(uint64_t nth) noexcept { host_->failing_persist = host_->persists + nth; }

void SimulatedMaps::strike_with(FaultPlan& faults) noexcept { host_->faults = &faults; }

void SimulatedMaps::poison(std::string_view name, uint64_t offset, uint64_t length) {
  const Result<FileNumber> number = number_of(*host_, name);
  HF_ASSERT(number.has_value());
  begin_event(*host_, MemoryEvent::poison, name, {});
  host_->wiring.digest.add({offset, length});
  live_file(*host_, *number, name).lines.poison(offset, length);
}

void SimulatedMaps::lose(std::string_view name) {
  HF_ASSERT(is_there_and_closed(*host_, name));
  const EventNumber event = begin_event(*host_, MemoryEvent::lose, name, {});
  host_->directory.remove(name, event);
  host_->directory.sync(event);
}

// A file of its own: nothing that was stored into the former one arrives in it.
void SimulatedMaps::restore(std::string_view name, std::span<const std::byte> bytes) {
  HF_ASSERT(check_name(name) && check_size(host_->wiring.folder, bytes.size()));
  HF_ASSERT(!host_->directory.names().contains(name) || is_there_and_closed(*host_, name));
  const FileNumber number = host_->wiring.folder.add_file(bytes.size());
  const EventNumber event = begin_event(*host_, MemoryEvent::restore, {}, name);
  host_->wiring.digest.add(hash_bytes(bytes));
  host_->wiring.folder.file(number).content().write(0, bytes, event);
  host_->directory.create(name, number, event);
  host_->directory.sync(event);
}

// A file that no name can lead to any more is nobody's after a power cut.
CrashSet SimulatedMaps::crash_set() const {
  CrashSet set;
  host_->directory.add_to(set);
  for (const auto& [number, file] : host_->live) {
    if (!file.lines.is_decided() && host_->directory.may_lead_to(number)) file.lines.add_to(set);
  }
  return set;
}

void SimulatedMaps::make_durable() {
  const EventNumber now = host_->wiring.scheduler.last_event();
  host_->directory.sync(now);
  for (auto& [number, file] : host_->live)
    file.lines.persist(0, host_->wiring.folder.file(number).size(), now);
}

namespace {

Result<> check_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > kMapNameMost ||
      name.find_first_of(std::string_view("/\0", 2)) != name.npos) {
    return Error{.code = Errc::invalid_argument,
                 .object = ObjectKind::option,
                 .reason = "a map is named by a file name without a folder"};
  }
  return {};
}

Result<> check_size(const MemoryFolder& folder, uint64_t size) {
  if (size == 0) {
    return Error{.code = Errc::invalid_argument,
                 .object = ObjectKind::option,
                 .number = size,
                 .reason = "a map has at least one byte"};
  }
  if (size > kMapBytesMost || folder.is_full()) {
    return Error{.code = Errc::no_space,
                 .object = ObjectKind::device,
                 .number = size,
                 .reason = "the map file cannot be allocated; free space for it"};
  }
  return {};
}

Result<FileNumber> number_of(const MemoryHost& host, std::string_view name) {
  HF_CHECK(check_name(name));
  const auto found = host.directory.names().find(name);
  if (found == host.directory.names().end()) {
    return Error{
        .code = Errc::not_found, .object = ObjectKind::device, .reason = "no map of this name is there"};
  }
  return found->second;
}

LiveFile& live_file(MemoryHost& host, FileNumber number, std::string_view name) {
  LiveFile& file = host.live.try_emplace(number, host.wiring.folder.file(number)).first->second;
  file.name = name;
  return file;
}

bool is_there_and_closed(const MemoryHost& host, std::string_view name) {
  const Result<FileNumber> number = number_of(host, name);
  const auto live = number ? host.live.find(*number) : host.live.end();
  return number && (live == host.live.end() || !live->second.claimed);
}

EventNumber begin_event(MemoryHost& host, MemoryEvent what, std::string_view from, std::string_view to) {
  const EventNumber event = host.wiring.scheduler.next_event();
  host.wiring.digest.add({event, static_cast<uint64_t>(what)});
  for (const std::string_view name : {from, to}) {
    host.wiring.digest.add(hash_bytes(std::as_bytes(std::span(name))));
  }
  return event;
}

}  // namespace
}  // namespace holdfast::simdisk
