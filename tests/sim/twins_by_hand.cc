// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/fault_contracts.hh"
#include "invariants/invariants.hh"
#include "invariants/volume_invariants.hh"
#include "sim/handmade.hh"
#include "sim/twins.hh"

namespace holdfast::sim {
namespace {

// All, and not only the first one in the order of cause.
template <class Check, class State>
Findings broken_of(std::span<const NamedChecker<Check>> checkers, const State& state) {
  Findings findings;
  for (const NamedChecker<Check>& checker : checkers) {
    if (checker.check(state)) findings.push_back(checker.name);
  }
  return findings;
}
Findings broken_in(const HandmadeStore& store) { return broken_of(checkers_of_stores(), store.state()); }
Findings broken_in(const HandmadeVolume& volume) { return broken_of(checkers_of_volumes(), volume.state()); }

Findings a_cluster_that_stands_twice_in_blobs(ClusterIndex cluster) {
  HandmadeStore store;
  store.add_blob(7, {ClusterIndex{3}, cluster});
  store.add_blob(8, {ClusterIndex{4}, cluster});
  return broken_in(store);
}

Findings a_store_that_does_not_open_over(Result<CheckedSuper> super) {
  HandmadeStore store;
  store.raw.super = std::move(super);
  store.found.open_error = Error{.code = Errc::corrupt};
  return broken_in(store);
}

Findings the_offline_check_finds(Severity severity) {
  HandmadeStore store;
  store.raw.check.findings.push_back({.severity = severity, .text = "a page that nobody names"});
  return broken_in(store);
}

Findings two_chunks_on_units(uint64_t first, uint64_t second) {
  HandmadeVolume volume;
  volume.map_chunk(0, first);
  volume.map_chunk(1, second);
  return broken_in(volume);
}

// The lines that were poisoned hold chunk 1 alone.
Findings a_chunk_that_cannot_be_read(uint64_t chunk) {
  HandmadeVolume volume;
  volume.raw.lost_chunks = {1};
  for (const uint64_t unreadable : {uint64_t{1}, chunk})
    volume.found.unreadable.emplace(unreadable, Error{.code = Errc::device_failed});
  return broken_in(volume);
}

Findings a_volume_without_its_map_file_is(Errc code) {
  HandmadeVolume volume;
  volume.model.map_lost();
  volume.refuse(code);
  return broken_in(volume);
}

Findings broken_beside_faults(const HandmadeStore& store, std::vector<simdisk::FaultHit> hits) {
  const auto broken = first_broken_beside_faults(Contract::byzantine, store.state(), hits);
  return broken ? Findings{broken->invariant} : Findings{};
}

Findings damage_of_a_page_where_a_fault_hit(uint64_t page) {
  HandmadeStore store;
  store.raw.super = CheckedSuper{};
  store.found.damaged.push_back({BlobId{5}, Error{.code = Errc::corrupt, .byte = 5 * kPageSize}});
  return broken_beside_faults(store, {{.begin = page * kPageSize, .end = (page + 1) * kPageSize}});
}

Findings blobs_that_can_be_opened_and_own(ClusterIndex first, ClusterIndex second) {
  HandmadeStore store;
  store.add_blob(7, {first});
  store.add_blob(8, {second});
  return broken_beside_faults(store, {});
}

}  // namespace

std::vector<TwinPair> twins_by_hand() {
  return {
      // Cluster 0 says that there is none, as often as it likes.
      {"A1", [] { return a_cluster_that_stands_twice_in_blobs(ClusterIndex{0}); },
       [] { return a_cluster_that_stands_twice_in_blobs(ClusterIndex{5}); }},
      {"A2", [] { return a_store_that_does_not_open_over(Error{.code = Errc::corrupt}); },
       [] { return a_store_that_does_not_open_over(CheckedSuper{}); }},
      {"A3", [] { return the_offline_check_finds(Severity::warning); },
       [] { return the_offline_check_finds(Severity::error); }},
      {"A4", [] { return two_chunks_on_units(8, 9); }, [] { return two_chunks_on_units(8, 8); }},
      {"A5", [] { return a_chunk_that_cannot_be_read(1); }, [] { return a_chunk_that_cannot_be_read(2); }},
      {"A6", [] { return a_volume_without_its_map_file_is(Errc::not_found); },
       [] { return a_volume_without_its_map_file_is(Errc::corrupt); }},
      {"F2", [] { return damage_of_a_page_where_a_fault_hit(5); },
       [] { return damage_of_a_page_where_a_fault_hit(6); }},
      {"F3", [] { return blobs_that_can_be_opened_and_own(ClusterIndex{3}, ClusterIndex{4}); },
       [] { return blobs_that_can_be_opened_and_own(ClusterIndex{3}, ClusterIndex{3}); }},
  };
}

}  // namespace holdfast::sim
