// SPDX-License-Identifier: BSD-3-Clause
#include "core/bitmap.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace holdfast {
namespace {

std::optional<uint64_t> first_clear(const std::vector<bool>& model, uint64_t from) {
  for (uint64_t i = 0; i < model.size(); ++i) {
    const uint64_t bit = ((from < model.size() ? from : 0) + i) % model.size();
    if (!model[bit]) return bit;
  }
  return std::nullopt;
}

RC_GTEST_PROP(Bitmap, DoesWhatAVectorOfBoolsDoes, ()) {
  const auto size = *rc::gen::inRange<uint64_t>(1, 200);
  Bitmap bitmap(size);
  std::vector<bool> model(size);
  const auto mostly_set = rc::gen::weightedElement<bool>({{3, true}, {1, false}});
  const auto steps = *rc::gen::container<std::vector<std::pair<bool, uint64_t>>>(
      rc::gen::pair(mostly_set, rc::gen::inRange<uint64_t>(0, size)));
  for (const auto& [set, bit] : steps) {
    RC_ASSERT((set ? bitmap.set(bit) : bitmap.clear(bit)) == model[bit]);
    model[bit] = set;
    RC_ASSERT(bitmap.test(bit) == set);
  }
  for (uint64_t bit = 0; bit < size; ++bit) RC_ASSERT(bitmap.test(bit) == model[bit]);
  const auto set_bits = static_cast<uint64_t>(std::ranges::count(model, true));
  RC_ASSERT(bitmap.size() == size);
  RC_ASSERT(bitmap.set_count() == set_bits);
  RC_ASSERT(bitmap.clear_count() == size - set_bits);
  for (uint64_t from = 0; from < size + 2; ++from) {
    RC_ASSERT(bitmap.find_clear(from) == first_clear(model, from));
  }
}

RC_GTEST_PROP(Bitmap, FindsTheOnlyClearBitFromEverywhere, ()) {
  const auto size = *rc::gen::inRange<uint64_t>(1, 300);
  const auto hole = *rc::gen::inRange<uint64_t>(0, size);
  Bitmap bitmap(size);
  for (uint64_t bit = 0; bit < size; ++bit) {
    if (bit != hole) bitmap.set(bit);
  }
  for (uint64_t from = 0; from < size; ++from) RC_ASSERT(bitmap.find_clear(from) == hole);
  bitmap.set(hole);
  RC_ASSERT(bitmap.find_clear(hole) == std::nullopt);
}

TEST(Bitmap, WithoutBitsHasNoClearOne) {
  EXPECT_EQ(Bitmap().find_clear(0), std::nullopt);
  EXPECT_EQ(Bitmap(0).find_clear(5), std::nullopt);
}

TEST(Bitmap, SettingABitTwiceCountsItOnce) {
  Bitmap bitmap(65);
  EXPECT_FALSE(bitmap.set(64));
  EXPECT_TRUE(bitmap.set(64));
  EXPECT_EQ(bitmap.set_count(), 1U);
  EXPECT_TRUE(bitmap.clear(64));
  EXPECT_FALSE(bitmap.clear(64));
  EXPECT_EQ(bitmap.set_count(), 0U);
  EXPECT_EQ(bitmap, Bitmap(65));
}

}  // namespace
}  // namespace holdfast
