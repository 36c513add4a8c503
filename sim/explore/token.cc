// SPDX-License-Identifier: BSD-3-Clause
#include "explore/token.hh"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace holdfast::sim {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return status == std::errc{} && end == text.data() + text.size();
}

bool read_numbers(std::string_view text, std::vector<uint32_t>& numbers) {
  if (text.empty()) return true;
  return std::ranges::all_of(split(text, ','), [&numbers](std::string_view part) {
    return read_number(part, numbers.emplace_back());
  });
}

bool read_cut(std::string_view text, Cut& cut) {
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() != 2 && parts.size() != 3) return false;
  return read_number(parts[0], cut.moment) && read_numbers(parts[1], cut.selection) &&
         (parts.size() == 2 || read_numbers(parts[2], cut.order));
}

}  // namespace

void append_words(const Cut& cut, std::vector<uint64_t>& words) {
  words.push_back(cut.moment);
  for (const auto* numbers : {&cut.selection, &cut.order}) {
    words.push_back(numbers->size());
    words.insert(words.end(), numbers->begin(), numbers->end());
  }
}

std::string to_text(const Token& token) {
  std::string text =
      fmt::format("hf2-{:08x}-{:016x}-{}-{}", token.build, token.scenario, token.case_index, token.seed);
  for (const Cut& cut : token.cuts) {
    text += fmt::format("-{}.{}", cut.moment, fmt::join(cut.selection, ","));
    if (!cut.order.empty()) text += fmt::format(".{}", fmt::join(cut.order, ","));
  }
  return text;
}

std::optional<Token> parse_token(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '-');
  Token token;
  if (parts.size() < 5 || parts[0] != "hf2" || !read_number(parts[1], token.build, 16) ||
      !read_number(parts[2], token.scenario, 16) || !read_number(parts[3], token.case_index) ||
      !read_number(parts[4], token.seed)) {
    return std::nullopt;
  }
  for (std::size_t i = 5; i < parts.size(); ++i) {
    if (!read_cut(parts[i], token.cuts.emplace_back())) return std::nullopt;
  }
  return token;
}

}  // namespace holdfast::sim
