// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/fault_plan.hh"

#include <algorithm>
#include <cstring>

namespace holdfast::simdisk {
namespace {

constexpr std::byte kRot{0x01};
constexpr EventNumber kSameAuthor = 0;  // media name who wrote a sector, not what became of it
constexpr std::byte kLost{0x5A};  // what an unreadable sector held is gone

bool writes(IoKind kind) { return kind == IoKind::write || kind == IoKind::write_zeroes; }

}  // namespace

bool FaultSelector::selects(const IoRequest& request, uint32_t block_size) const noexcept {
  if (kind && *kind != request.kind) return false;
  if (step && *step != request.purpose.step) return false;
  if (barrier && *barrier != request.purpose.barrier) return false;
  if (request.kind == IoKind::flush) return first_byte == 0 && end_byte == ~uint64_t{0} && !holds;
  const uint64_t begin = request.block * block_size;
  const uint64_t end = begin + request.block_count * block_size;
  return begin < end_byte && end > first_byte && (!holds || holds(begin, end));
}

bool FaultSelector::selects(const MemoryAccess& access) const noexcept {
  if (holds || (barrier && *barrier != access.purpose.barrier)) return false;
  return access.begin < end_byte && access.end > first_byte;
}

bool can_strike(FaultKind kind, const IoRequest& request) noexcept {
  switch (kind) {
    case FaultKind::transient_error:
    case FaultKind::persistent_error:
    case FaultKind::timeout:
    case FaultKind::queue_full:
    case FaultKind::hot_removal:
    case FaultKind::stuck: return true;
    case FaultKind::short_completion: return request.kind == IoKind::read || writes(request.kind);
    case FaultKind::out_of_space:
    case FaultKind::late_completion:
    case FaultKind::lost_write:
    case FaultKind::misdirected_write:
    case FaultKind::torn_write: return writes(request.kind);
    case FaultKind::stale_read:
    case FaultKind::latent_error: return request.kind == IoKind::read;
    case FaultKind::rot: return request.kind == IoKind::read || request.kind == IoKind::write;
    case FaultKind::lying_flush: return request.kind == IoKind::flush || request.fua;
    case FaultKind::undefined_discard: return request.kind == IoKind::discard;
    case FaultKind::memory_persist_error:
    case FaultKind::memory_lying_persist:
    case FaultKind::memory_poison:
    case FaultKind::memory_rot: return false;
  }
  return false;
}

bool can_strike(FaultKind kind, const MemoryAccess& access) noexcept {
  switch (kind) {
    case FaultKind::memory_persist_error:
    case FaultKind::memory_lying_persist: return access.persist;
    case FaultKind::memory_poison:
    case FaultKind::memory_rot: return !access.persist;
    default: return false;
  }
}

bool is_of_memory(FaultKind kind) noexcept { return kind >= FaultKind::memory_persist_error; }

std::errc error_of(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::transient_error:
    case FaultKind::persistent_error:
    case FaultKind::short_completion: return std::errc::io_error;
    case FaultKind::timeout:
    case FaultKind::late_completion: return std::errc::timed_out;
    case FaultKind::queue_full: return std::errc::resource_unavailable_try_again;
    case FaultKind::out_of_space: return std::errc::no_space_on_device;
    case FaultKind::hot_removal: return std::errc::no_such_device;
    default: return {};
  }
}

FaultPlan::FaultPlan(std::vector<Fault> faults) : faults_(std::move(faults)), counts_(faults_.size()) {
  remembers_ =
      std::ranges::any_of(faults_, [](const Fault& fault) { return fault.kind == FaultKind::stale_read; });
}

const Fault* FaultPlan::strike(const IoRequest& request, uint32_t block_size) {
  const Fault* fault = first_that([this, &request, block_size](const Fault& each) {
    if (!can_strike(each.kind, request) || !each.where.selects(request, block_size)) return false;
    return each.kind != FaultKind::stale_read || is_stale_somewhere(request);
  });
  if (fault == nullptr) return nullptr;
  const uint64_t begin = request.block * block_size;
  const uint64_t length = request.block_count * block_size;
  strikes_.push_back({fault->kind, request.purpose, std::nullopt, begin, begin + length});
  return fault;
}

const Fault* FaultPlan::strike(const MemoryAccess& access) {
  const Fault* fault = first_that(
      [&access](const Fault& each) { return can_strike(each.kind, access) && each.where.selects(access); });
  if (fault != nullptr)
    strikes_.push_back({fault->kind, access.purpose, access.file, access.begin, access.end});
  return fault;
}

template <class CanStrike>
const Fault* FaultPlan::first_that(CanStrike can_strike) {
  const Fault* strikes = nullptr;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    if (!can_strike(fault)) continue;
    const uint64_t number = ++counts_[i].selected;
    if (number < fault.nth || number - fault.nth >= fault.count || strikes != nullptr) continue;
    strikes = &fault;
    ++counts_[i].struck;
  }
  return strikes;
}

std::span<const FaultHit> FaultPlan::hits_in(FileNumber file) const noexcept {
  const auto hits = hits_in_files_.find(file);
  return hits == hits_in_files_.end() ? std::span<const FaultHit>() : std::span<const FaultHit>(hits->second);
}

bool FaultPlan::every_fault_struck() const noexcept {
  return std::ranges::none_of(counts_, [](const Count& count) { return count.struck == 0; });
}

bool FaultPlan::has_struck(FaultKind kind) const noexcept {
  return std::ranges::find(strikes_, kind, &FaultStrike::kind) != strikes_.end();
}

void FaultPlan::alter_write(const Fault& fault, const DeviceGeometry& geometry,
                            std::span<const std::byte> before, uint64_t& byte,
                            std::vector<std::byte>& bytes) {
  const uint64_t length = bytes.size();
  const auto keep = [&bytes](uint64_t kept) { bytes.resize(kept); };
  switch (fault.kind) {
    case FaultKind::lost_write: hit({byte, byte + length, true}); return keep(0);
    case FaultKind::torn_write: {
      const uint64_t kept = length / 2 - length / 2 % kMediaSector;
      const bool same = std::memcmp(before.data(), bytes.data(), kept) == 0;
      hit({byte + kept, byte + length, same});
      return keep(kept);
    }
    case FaultKind::misdirected_write: {
      hit({byte, byte + length, true});
      const uint64_t away = std::min(fault.distance, geometry.byte_count() / length) * length;
      const bool forwards = away + length <= geometry.byte_count() - byte;
      if (!forwards && byte < away) return keep(0);
      byte = forwards ? byte + away : byte - away;
      return hit({byte, byte + length, true});
    }
    case FaultKind::rot: {
      const uint64_t at = std::min(fault.at.value_or(length / 2), length - 1);
      bytes[at] ^= kRot;
      return hit({byte + at, byte + at + 1});
    }
    default: break;
  }
  if (error_of(fault.kind) == std::errc{} || fault.done == Fault::Done::everything) return;
  if (fault.done == Fault::Done::nothing) return keep(0);
  // Of a request that fails no atomic unit is done in part.
  const uint64_t end = (byte + length / 2) / geometry.atomic_write_size * geometry.atomic_write_size;
  keep(end > byte ? end - byte : 0);
}

void FaultPlan::damage(const Fault& fault, uint64_t begin, uint64_t end, Media& media, Media* unreadable) {
  const uint64_t at = std::min(begin + fault.at.value_or((end - begin) / 2), end - 1);
  if (fault.kind == FaultKind::rot) {
    std::byte rotten{};
    media.read(at, std::span(&rotten, 1));
    rotten ^= kRot;
    media.write(at, std::span(&rotten, 1), kSameAuthor);
    hit({at, at + 1});
  }
  if (fault.kind != FaultKind::latent_error || unreadable == nullptr) return;
  const uint64_t sector = at / kMediaSector;
  const std::byte bad{1};
  unreadable->write(sector, std::span(&bad, 1), kSameAuthor);
  std::byte lost[kMediaSector];
  std::memset(lost, std::to_integer<int>(kLost), sizeof lost);
  media.write(sector * kMediaSector, lost, kSameAuthor);
  hit({sector * kMediaSector, (sector + 1) * kMediaSector});
}

bool FaultPlan::recall(uint64_t block, std::span<std::byte> into) const {
  const auto former = former_.find(block);
  if (former == former_.end()) return false;
  std::memcpy(into.data(), former->second.data(), into.size());
  return true;
}

bool FaultPlan::is_stale_somewhere(const IoRequest& request) const {
  const auto first = former_.lower_bound(request.block);
  return first != former_.end() && first->first < request.block + request.block_count;
}

}  // namespace holdfast::simdisk
