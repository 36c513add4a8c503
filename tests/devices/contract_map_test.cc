// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <bit>

#include "devices/contract.hh"

namespace holdfast::contract {
namespace {

constexpr uint64_t kSize = 65536;

std::vector<std::byte> bytes_of(size_t count, int fill) {
  return std::vector<std::byte>(count, static_cast<std::byte>(fill));
}

TEST_P(MapContract, ANewMapIsZero) {
  auto map = maps().create("map", kSize);
  ASSERT_TRUE(map) << describe(map.error());
  const PmGeometry& geometry = (*map)->geometry();
  EXPECT_EQ(geometry.size, kSize);
  EXPECT_TRUE(std::has_single_bit(geometry.line_size));
  EXPECT_TRUE(std::has_single_bit(geometry.persist_unit));
  std::vector<std::byte> found = bytes_of(kSize, 0xff);
  ASSERT_TRUE((*map)->load(0, found));
  EXPECT_EQ(found, bytes_of(kSize, 0));
}

TEST_P(MapContract, CreationIsExclusive) {
  auto map = maps().create("map", kSize);
  ASSERT_TRUE(map);
  auto again = maps().create("map", kSize);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::already_exists);
}

TEST_P(MapContract, AMissingMapIsNotFound) {
  EXPECT_EQ(maps().open("map").error().code, Errc::not_found);
  EXPECT_EQ(maps().remove("map").error().code, Errc::not_found);
  EXPECT_EQ(maps().rename("map", "other").error().code, Errc::not_found);
}

TEST_P(MapContract, LoadsSeeStoresAtOnce) {
  auto map = maps().create("map", kSize);
  ASSERT_TRUE(map);
  const PmWritten bytes = (*map)->store(100, bytes_of(7, 0x5a));
  EXPECT_EQ(bytes.begin(), 100u);
  EXPECT_EQ(bytes.end(), 107u);
  const PmWritten word = (*map)->store_u64(kSize - 8, 0x0123456789abcdef);
  EXPECT_EQ(word.begin(), kSize - 8);
  EXPECT_EQ(word.end(), kSize);
  std::vector<std::byte> found(9);
  ASSERT_TRUE((*map)->load(99, found));
  EXPECT_EQ(found[0], std::byte{0});
  EXPECT_EQ(std::ranges::count(found, std::byte{0x5a}), 7);
  EXPECT_EQ(found[8], std::byte{0});
  EXPECT_EQ((*map)->load_u64(kSize - 8).value(), 0x0123456789abcdefu);
}

TEST_P(MapContract, LoadsOutsideTheMapAreErrors) {
  auto map = maps().create("map", kSize);
  ASSERT_TRUE(map);
  std::array<std::byte, 16> found{};
  for (const uint64_t offset : {kSize, kSize - 15, ~uint64_t{0}, ~uint64_t{0} - 15}) {
    EXPECT_FALSE((*map)->load(offset, found)) << offset;
  }
  for (const uint64_t offset : {kSize, kSize - 4, kSize + 8, uint64_t{4}, ~uint64_t{0} - 7}) {
    EXPECT_FALSE((*map)->load_u64(offset)) << offset;
  }
  EXPECT_TRUE((*map)->load(kSize - 16, found));
  EXPECT_TRUE((*map)->load_u64(kSize - 8));
}

TEST_P(MapContract, WhatWasPersistedSurvives) {
  {
    auto map = maps().create("map", kSize);
    ASSERT_TRUE(map);
    PmWritten written = (*map)->store(5000, bytes_of(10000, 0x77));
    written.merge((*map)->store_u64(16, 42));
    const auto durable = run((*map)->persist(written, {}));
    ASSERT_TRUE(durable) << describe(durable.error());
    ASSERT_TRUE(run(maps().sync_directory()));
  }
  host_->reopen();
  auto map = maps().open("map");
  ASSERT_TRUE(map) << describe(map.error());
  EXPECT_EQ((*map)->geometry().size, kSize);
  EXPECT_EQ((*map)->load_u64(16).value(), 42u);
  std::vector<std::byte> found(10000);
  ASSERT_TRUE((*map)->load(5000, found));
  EXPECT_EQ(found, bytes_of(10000, 0x77));
}

TEST_P(MapContract, SeveralPersistsMayBeUnderWay) {
  auto map = maps().create("map", kSize);
  ASSERT_TRUE(map);
  Task<PmDurable> first = (*map)->persist((*map)->store_u64(0, 1), {});
  Task<PmDurable> second = (*map)->persist((*map)->store_u64(4096, 2), {});
  first.start();
  second.start();
  host_->turn_until([&] { return first.done() && second.done(); });
  EXPECT_TRUE(first.take_result());
  EXPECT_TRUE(second.take_result());
}

TEST_P(MapContract, RenameMovesAMapAndReplacesTheOneThatWasThere) {
  {
    auto fresh = maps().create("fresh", kSize);
    auto stale = maps().create("map", kSize / 2);
    ASSERT_TRUE(fresh && stale);
    ASSERT_TRUE(run((*fresh)->persist((*fresh)->store_u64(0, 7), {})));
  }
  ASSERT_TRUE(maps().rename("fresh", "map"));
  ASSERT_TRUE(run(maps().sync_directory()));
  host_->reopen();
  EXPECT_EQ(maps().open("fresh").error().code, Errc::not_found);
  auto map = maps().open("map");
  ASSERT_TRUE(map);
  EXPECT_EQ((*map)->geometry().size, kSize);
  EXPECT_EQ((*map)->load_u64(0).value(), 7u);
}

TEST_P(MapContract, ARemovedMapStaysRemoved) {
  {
    auto map = maps().create("map", kSize);
    ASSERT_TRUE(map);
    ASSERT_TRUE(run(maps().sync_directory()));
  }
  ASSERT_TRUE(maps().remove("map"));
  ASSERT_TRUE(run(maps().sync_directory()));
  host_->reopen();
  EXPECT_EQ(maps().open("map").error().code, Errc::not_found);
}

using Names = std::vector<std::string>;

TEST_P(MapContract, NamesAreThoseOfTheMapsThereInAscendingOrder) {
  EXPECT_EQ(maps().names().value(), Names{});
  for (const char* name : {"m", "b.1", "a", "b"}) ASSERT_TRUE(maps().create(name, kSize));
  EXPECT_EQ(maps().names().value(), (Names{"a", "b", "b.1", "m"}));
}

TEST_P(MapContract, NamesFollowRenamesAndRemovals) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(maps().create(name, kSize));
  ASSERT_TRUE(maps().remove("b"));
  EXPECT_EQ(maps().names().value(), (Names{"a", "c"}));
  ASSERT_TRUE(maps().rename("a", "d"));
  EXPECT_EQ(maps().names().value(), (Names{"c", "d"}));
  ASSERT_TRUE(maps().rename("d", "c"));
  EXPECT_EQ(maps().names().value(), Names{"c"});
  EXPECT_FALSE(maps().create("c", kSize));
  EXPECT_FALSE(maps().create("e", 0));
  EXPECT_EQ(maps().names().value(), Names{"c"});  // what failed left no name
}

TEST_P(MapContract, NamesThatWereMadeDurableSurvive) {
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(maps().create(name, kSize));
  ASSERT_TRUE(maps().remove("c"));
  ASSERT_TRUE(run(maps().sync_directory()));
  host_->reopen();
  EXPECT_EQ(maps().names().value(), (Names{"a", "b"}));
}

TEST_P(MapContract, UnusableNamesAndSizesAreRefused) {
  EXPECT_EQ(maps().create("", kSize).error().code, Errc::invalid_argument);
  EXPECT_EQ(maps().create("a/b", kSize).error().code, Errc::invalid_argument);
  EXPECT_EQ(maps().open("..").error().code, Errc::invalid_argument);
  EXPECT_EQ(maps().create("map", 0).error().code, Errc::invalid_argument);
  EXPECT_EQ(maps().open("map").error().code, Errc::not_found);  // nothing was left behind
}

TEST_P(MapContract, AMapThatIsOpenIsBusy) {
  auto map = maps().create("map", kSize);
  ASSERT_TRUE(map);
  EXPECT_EQ(maps().open("map").error().code, Errc::busy);
}

}  // namespace
}  // namespace holdfast::contract
