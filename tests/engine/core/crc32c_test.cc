// SPDX-License-Identifier: BSD-3-Clause
#include "core/crc32c.hh"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace holdfast {
namespace {

TEST(Crc32c, AgreesWithTheCheckValueOfTheStandard) {
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xE3069283U);
}

// A zeroed page must never look valid: zeroing a page is how it is deleted.
TEST(Crc32c, OfAZeroedPageBodyIsNotZero) {
  EXPECT_EQ(crc32c(std::vector<std::byte>(4092)), 0xA732586EU);
}

}  // namespace
}  // namespace holdfast
