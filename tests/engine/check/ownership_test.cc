// SPDX-License-Identifier: BSD-3-Clause
// Claims that overlap in every way, and more of them than people read.
#include "check/ownership.hh"

#include <gtest/gtest.h>

#include <set>

#include "engine/format/metadata_region.hh"

namespace holdfast {
namespace {

using Owner = Ownership::Owner;

std::vector<ClusterIndex> run_of(uint32_t first, uint32_t count) {
  std::vector<ClusterIndex> run;
  for (uint32_t i = 0; i < count; ++i) run.push_back(ClusterIndex{first + i});
  return run;
}

std::set<std::pair<Owner, Owner>> pairs_of(const std::vector<Ownership::Shared>& found) {
  std::set<std::pair<Owner, Owner>> pairs;
  for (const Ownership::Shared& shared : found) pairs.emplace(shared.first, shared.second);
  return pairs;
}

TEST(Ownership, OfNeighboursIsNotShared) {
  Ownership ownership(layout_of(64, 64));
  ownership.claim_clusters(clusters({10, 11, 0, 14}), 0);
  ownership.claim_clusters(clusters({13, 0, 12, 15}), 1);
  EXPECT_TRUE(ownership.find_shared().empty());
  EXPECT_EQ(ownership.clusters().set_count(), 6U);
}

TEST(Ownership, NamesBothAndWhatTheyShare) {
  Ownership ownership(layout_of(64, 64));
  ownership.claim_clusters(run_of(10, 20), 0);
  ownership.claim_clusters(run_of(5, 6), 1);
  ownership.claim_clusters(run_of(28, 9), 1);
  ownership.claim_clusters(run_of(15, 2), 2);
  const auto found = ownership.find_shared();
  ASSERT_EQ(pairs_of(found), (std::set<std::pair<Owner, Owner>>{{0, 1}, {0, 2}}));
  EXPECT_EQ(found[0].what.named("cluster"), "clusters 10, 28 to 29");
  EXPECT_EQ(found[1].what.named("cluster"), "clusters 15 to 16");
}

TEST(Ownership, NamesEveryOneOfManyWhoShareOneCluster) {
  Ownership ownership(layout_of(64, 64));
  for (Owner owner = 0; owner < 20; ++owner) ownership.claim_clusters(run_of(10, owner + 1), owner);
  std::set<Owner> named;
  for (const auto& [first, second] : pairs_of(ownership.find_shared())) {
    named.insert(first);
    named.insert(second);
  }
  EXPECT_EQ(named.size(), 20U);
}

TEST(Ownership, OfMorePairsThanPeopleReadNamesOneOfEach) {
  constexpr Owner kBlobs = 30'000;
  Ownership ownership(layout_of(64, 64));
  for (Owner owner = 0; owner < kBlobs; ++owner) ownership.claim_page(PageIndex{7}, owner);
  const auto found = ownership.find_shared();
  EXPECT_EQ(found.size(), kBlobs - 1);
  EXPECT_TRUE(pairs_of(found).contains({kBlobs - 1, Ownership::kOthers}));
  EXPECT_EQ(found[0].kind, ObjectKind::metadata_page);
}

}  // namespace
}  // namespace holdfast
