// SPDX-License-Identifier: BSD-3-Clause
#include "explore/token.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace holdfast::sim {
namespace {

Token some_token() {
  Token token{.scenario = *rc::gen::arbitrary<uint64_t>(),
              .case_index = *rc::gen::arbitrary<std::size_t>(),
              .seed = *rc::gen::arbitrary<uint64_t>(),
              .cuts = {},
              .build = *rc::gen::arbitrary<uint32_t>()};
  const auto cuts = *rc::gen::inRange(0, 4);
  for (int i = 0; i < cuts; ++i) {
    token.cuts.push_back({*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<std::vector<uint32_t>>(),
                          *rc::gen::arbitrary<std::vector<uint32_t>>()});
  }
  return token;
}

RC_GTEST_PROP(Token, comes_back_from_its_text, ()) {
  const Token token = some_token();
  const auto again = parse_token(to_text(token));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == token);
}

RC_GTEST_PROP(Token, that_was_cut_short_or_grew_is_not_the_same, (std::string tail)) {
  const Token token = some_token();
  const std::string text = to_text(token);
  const auto length = *rc::gen::inRange<std::size_t>(0, text.size());
  const auto shorter = parse_token(text.substr(0, length));
  RC_ASSERT(!shorter || !(*shorter == token));
  if (tail.empty()) return;
  const auto longer = parse_token(text + tail);
  RC_ASSERT(!longer || !(*longer == token));
}

RC_GTEST_PROP(Token, with_any_bytes_in_it_is_read_or_refused, (std::string garbage)) {
  parse_token(garbage);
  std::string text = to_text(some_token());
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text[at] = *rc::gen::arbitrary<char>();
  const auto token = parse_token(text);
  if (token) RC_ASSERT(parse_token(to_text(*token)) == token);
}

TEST(Token, has_the_form_that_the_messages_promise) {
  const Token token{.scenario = 0xabc,
                    .case_index = 2,
                    .seed = 7,
                    .cuts = {{12, {0, 1, 3}, {}}, {4, {}, {2, 0}}},
                    .build = 0xb1};
  EXPECT_EQ(to_text(token), "hf2-000000b1-0000000000000abc-2-7-12.0,1,3-4..2,0");
}

TEST(Token, garbage_is_refused) {
  for (const char* text : {"",
                           "-",
                           "hf2",
                           "hf2-0-0-0",
                           "hf1-0-0-0-1.",
                           "hf1-0-0-0-0-1.",
                           "HF2-0-0-0-0-1.",
                           "hf2-x-0-0-0-1.",
                           "hf2-0-x-0-0-1.",
                           "hf2-0-0-0-0-1",
                           "hf2-0-0-0-0-1.0,",
                           "hf2-0-0-0-0-1.,0",
                           "hf2-0-0-0-0-1.a",
                           "hf2-0-0-0-0-.0",
                           "hf2-0-0-0-0-1.0-",
                           "hf2-0--0-0-1.",
                           "hf2--0-0-0-1.",
                           "hf2-0-1-+1-0-1.",
                           "hf2-0-0-0-0-1.4294967296",
                           "hf2-0-0-0-18446744073709551616-1.",
                           "hf2-0-10000000000000000-0-0-1.",
                           "hf2-100000000-0-0-0-1.",
                           " hf2-0-0-0-0-1.",
                           "hf2-0-0-0-0-1. "}) {
    EXPECT_FALSE(parse_token(text).has_value()) << text;
  }
  EXPECT_TRUE(parse_token("hf2-0-0-0-0-1.").has_value());
  EXPECT_TRUE(parse_token("hf2-0-0-0-0").has_value()) << "a session that is not cut";
  EXPECT_FALSE(parse_token(std::string(1 << 20, '-')).has_value());
}

}  // namespace
}  // namespace holdfast::sim
