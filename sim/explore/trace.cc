// SPDX-License-Identifier: BSD-3-Clause
#include "explore/trace.hh"

#include <algorithm>
#include <cstring>

namespace holdfast::sim {
namespace {

using simdisk::EventNumber;
using simdisk::kMediaPage;

// Media count a page of zeroes as no content.
simdisk::Hash128 content_hash(std::span<const std::byte> page) {
  const bool zero =
      std::all_of(page.begin(), page.end(), [](std::byte byte) { return byte == std::byte{0}; });
  return zero ? simdisk::Hash128{} : simdisk::hash_bytes(page);
}

}  // namespace

void Trace::submitted(EventNumber event, const IoRequest& request) {
  tell_of_disk([&](auto& listener) { listener.submitted(event, request); });
  if (volume_on_disk_) submitted_by_volume(event, request);
  if (request.kind != IoKind::write && request.kind != IoKind::write_zeroes) return;
  const bool one_buffer = request.kind == IoKind::write && request.buffers.size() == 1;
  const uint64_t begin = request.block * block_size_;
  const uint64_t end = begin + request.block_count * block_size_;
  for (uint64_t page = begin / kMediaPage; page * kMediaPage < end; ++page) {
    PageWrite write{
        .event = event, .step = request.purpose.step, .process = processes_, .page = page, .content = {}};
    const bool whole = page * kMediaPage >= begin && (page + 1) * kMediaPage <= end;
    if (whole && request.kind == IoKind::write_zeroes) write.content = simdisk::Hash128{};
    if (whole && one_buffer) {
      const auto* bytes =
          static_cast<const std::byte*>(request.buffers[0].iov_base) + (page * kMediaPage - begin);
      write.content = content_hash({bytes, kMediaPage});
    }
    by_page_[page].push_back(writes_.size());
    writes_.push_back(write);
  }
}

void Trace::completed(EventNumber event, const IoRequest& request) {
  tell_of_disk([&](auto& listener) { listener.completed(event, request); });
  ++completed_[request.purpose.step];
  if (request.kind == IoKind::flush || request.fua)
    claims_.push_back({.event = event, .barrier = request.purpose.barrier});
}

void Trace::stored(EventNumber event, const simdisk::MapRange& range, std::span<const std::byte> bytes) {
  tell_of_memory([&](auto& listener) { listener.stored(event, range, bytes); });
  volume_.stored(event, processes_, range.map, range.offset, bytes);
}

void Trace::persist_submitted(EventNumber event, const simdisk::MapRange& range, Purpose purpose) {
  tell_of_memory([&](auto& listener) { listener.persist_submitted(event, range, purpose); });
  if (before_persist_) before_persist_();
}

void Trace::persist_completed(EventNumber event, const simdisk::MapRange& range, Purpose purpose,
                              const Result<>& result) {
  tell_of_memory([&](auto& listener) { listener.persist_completed(event, range, purpose, result); });
  ++completed_[purpose.step];
}

bool Trace::claimed_durable(const PageWrite& write, Barrier barrier) const {
  return std::ranges::any_of(claims_, [&write, barrier](const Claim& claim) {
    return claim.barrier == barrier && claim.event > write.event;
  });
}

uint64_t Trace::completed_count(Step step) const {
  const auto found = completed_.find(step);
  return found == completed_.end() ? 0 : found->second;
}

std::optional<PageWrite> Trace::last_write_before(uint64_t page, EventNumber event) const {
  const auto writes = by_page_.find(page);
  if (writes == by_page_.end()) return std::nullopt;
  for (auto index = writes->second.rbegin(); index != writes->second.rend(); ++index) {
    if (writes_[*index].event < event) return writes_[*index];
  }
  return std::nullopt;
}

std::optional<PageWrite> Trace::newest_write_after(uint64_t page, EventNumber event) const {
  const auto writes = by_page_.find(page);
  if (writes == by_page_.end() || writes->second.empty()) return std::nullopt;
  const PageWrite& newest = writes_[writes->second.back()];
  return newest.event > event ? std::optional(newest) : std::nullopt;
}

std::optional<PageWrite> Trace::write_at(uint64_t page, EventNumber event) const {
  const auto write = last_write_before(page, event + 1);
  return write && write->event == event ? write : std::nullopt;
}

void Trace::forget_since(const Mark& mark) {
  completed_ = mark.completed;
  processes_ = mark.processes;
  claims_.resize(mark.claims);
  volume_.forget_since(mark.event);
  while (writes_.size() > mark.writes) {
    by_page_[writes_.back().page].pop_back();
    writes_.pop_back();
  }
}

}  // namespace holdfast::sim
