// SPDX-License-Identifier: BSD-3-Clause
#include "durability/space.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace holdfast::durability {
namespace {

template <class T>
std::optional<Errc> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

TEST(Space, ARootMayStandOnPageZeroAndAChainPageNever) {
  Space space(Bitmap(3), Bitmap(0));
  EXPECT_EQ(space.reserve_chain_pages(1).value(), std::vector{PageIndex{1}});
  EXPECT_EQ(space.reserve_root_page().value(), PageIndex{0});
  EXPECT_EQ(space.reserve_root_page().value(), PageIndex{2});
  EXPECT_EQ(error_of(space.reserve_root_page()), Errc::no_space);

  Space one_page(Bitmap(1), Bitmap(0));
  EXPECT_EQ(error_of(one_page.reserve_chain_pages(1)), Errc::no_space);
  EXPECT_TRUE(one_page.reserve_root_page());
}

TEST(Space, KeepsNothingOfAChainThatDoesNotFit) {
  Space space(Bitmap(4), Bitmap(0));
  EXPECT_EQ(error_of(space.reserve_chain_pages(4)), Errc::no_space);
  EXPECT_EQ(space.used_pages(), Bitmap(4));
  EXPECT_EQ(space.reserve_chain_pages(3).value().size(), 3U);
}

TEST(Space, KeepsNothingOfClustersThatDoNotFit) {
  Space space(Bitmap(0), Bitmap(4));
  EXPECT_EQ(error_of(space.reserve_clusters(5)), Errc::no_space);
  EXPECT_EQ(error_of(space.reserve_clusters(~uint64_t{0})), Errc::no_space);
  EXPECT_EQ(space.used_clusters(), Bitmap(4));
  EXPECT_EQ(space.reserve_clusters(4).value().size(), 4U);
}

TEST(Space, GivesOutNothingOnceItIsSealedExceptNothing) {
  Space space(Bitmap(4), Bitmap(4));
  space.seal();
  EXPECT_TRUE(space.sealed());
  EXPECT_EQ(error_of(space.reserve_root_page()), Errc::corrupt);
  EXPECT_EQ(error_of(space.reserve_chain_pages(1)), Errc::corrupt);
  EXPECT_EQ(error_of(space.reserve_clusters(1)), Errc::corrupt);
  EXPECT_TRUE(space.reserve_chain_pages(0));
  EXPECT_TRUE(space.reserve_clusters(0));
}

// What is taken by somebody, as the test keeps it.
struct Owners {
  std::vector<OwnedSpace> all;
  std::set<uint32_t> pages;
  std::set<uint32_t> clusters;

  void add(OwnedSpace owned) {
    for (const PageIndex page : owned.pages) RC_ASSERT(pages.insert(page.value).second);
    for (const ClusterIndex cluster : owned.clusters) RC_ASSERT(clusters.insert(cluster.value).second);
    all.push_back(std::move(owned));
  }
  OwnedSpace remove(std::size_t which) {
    OwnedSpace owned = std::move(all[which]);
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(which));
    for (const PageIndex page : owned.pages) pages.erase(page.value);
    for (const ClusterIndex cluster : owned.clusters) clusters.erase(cluster.value);
    return owned;
  }
};

RC_GTEST_PROP(Space, NothingHasTwoOwnersAndNothingIsLost, ()) {
  const auto page_count = *rc::gen::inRange<uint64_t>(2, 80);
  const auto cluster_count = *rc::gen::inRange<uint64_t>(1, 80);
  Space space{Bitmap(page_count), Bitmap(cluster_count)};
  Owners owners;
  const auto steps = *rc::gen::container<std::vector<std::pair<uint8_t, uint8_t>>>(
      rc::gen::pair(rc::gen::inRange<uint8_t>(0, 4), rc::gen::inRange<uint8_t>(0, 20)));
  for (const auto& [verb, amount] : steps) {
    const uint64_t chain_pages = page_count - owners.pages.size() - (owners.pages.contains(0) ? 0 : 1);
    if (verb == 0) {
      const auto root = space.reserve_root_page();
      RC_ASSERT(root.has_value() == (owners.pages.size() < page_count));
      if (root) owners.add({.pages = {*root}, .clusters = {}});
    } else if (verb == 1) {
      auto chain = space.reserve_chain_pages(amount);
      RC_ASSERT(chain.has_value() == (amount <= chain_pages));
      if (chain) owners.add({.pages = std::move(*chain), .clusters = {}});
    } else if (verb == 2) {
      auto clusters = space.reserve_clusters(amount);
      RC_ASSERT(clusters.has_value() == (amount <= cluster_count - owners.clusters.size()));
      if (clusters) owners.add({.pages = {}, .clusters = std::move(*clusters)});
    } else if (!owners.all.empty()) {
      space.cancel(owners.remove(amount % owners.all.size()));
    }
    RC_ASSERT(space.used_pages().set_count() == owners.pages.size());
    RC_ASSERT(space.used_clusters().set_count() == owners.clusters.size());
  }
}

}  // namespace
}  // namespace holdfast::durability
