// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/reader.hh"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>

namespace holdfast::sim {
namespace {

// To compare names takes the product of their lengths.
constexpr std::size_t kLongestSuggestion = 64;

// The number of letters to insert, remove or replace.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::optional<uint64_t> parse_size(std::string_view text) {
  uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc{}) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  constexpr std::pair<std::string_view, int> kUnits[] = {{"", 0},     {"B", 0},    {"KiB", 10},
                                                         {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  for (const auto& [name, shift] : kUnits) {
    if (unit == name && number <= UINT64_MAX >> shift) return number << shift;
  }
  return std::nullopt;
}

std::string suggestion(std::string_view wrong, std::span<const std::string_view> names) {
  if (wrong.size() > kLongestSuggestion) return {};
  const std::string_view* best = nullptr;
  std::size_t smallest = std::max<std::size_t>(3, wrong.size() / 2);
  for (const std::string_view& name : names) {
    if (name.size() > kLongestSuggestion) continue;
    const std::size_t apart = distance(wrong, name);
    if (apart < smallest) {
      smallest = apart;
      best = &name;
    }
  }
  return best == nullptr ? std::string() : fmt::format("; did you mean \"{}\"?", *best);
}

void Reader::complain(const Position& position, std::string message) {
  diagnostics_.push_back({file_, position.line, position.column, std::move(message)});
}

std::vector<Diagnostic> Reader::take_diagnostics() {
  std::sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
  return std::move(diagnostics_);
}

bool Reader::check_kind(const Node& node, Node::Kind kind, std::string_view what) {
  if (node.kind == kind) return true;
  complain(node.position,
           fmt::format("{} must be {}, and this is {}", what, name_of(kind), name_of(node.kind)));
  return false;
}

bool Reader::check_object(const Node& node, std::span<const std::string_view> keys) {
  if (!check_kind(node, Node::Kind::object, "this")) return false;
  for (const Node::Member& member : node.members) {
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    complain(member.position, fmt::format("unknown key \"{}\"{}", member.key, suggestion(member.key, keys)));
  }
  return true;
}

std::optional<std::string> Reader::text(const Node& object, std::string_view key, bool required) {
  const Node* node = object.find(key);
  if (node == nullptr) {
    if (required) complain(object.position, fmt::format("\"{}\" is missing", key));
    return std::nullopt;
  }
  if (!check_kind(*node, Node::Kind::text, fmt::format("\"{}\"", key))) return std::nullopt;
  if (required && node->text.empty()) complain(node->position, fmt::format("\"{}\" is empty", key));
  return node->text;
}

std::optional<bool> Reader::boolean(const Node& object, std::string_view key) {
  const Node* node = object.find(key);
  if (node == nullptr || !check_kind(*node, Node::Kind::boolean, fmt::format("\"{}\"", key)))
    return std::nullopt;
  return node->boolean;
}

std::optional<uint64_t> Reader::number(const Node& object, std::string_view key) {
  const Node* node = object.find(key);
  if (node == nullptr || !check_kind(*node, Node::Kind::integer, fmt::format("\"{}\"", key)))
    return std::nullopt;
  return node->integer;
}

std::optional<uint64_t> Reader::size(const Node& object, std::string_view key) {
  const Node* node = object.find(key);
  return node == nullptr ? std::nullopt : size_value(*node);
}

std::optional<uint64_t> Reader::size_value(const Node& node) {
  if (node.kind == Node::Kind::integer) return node.integer;
  if (node.kind == Node::Kind::text) {
    if (const auto bytes = parse_size(node.text)) return bytes;
  }
  complain(node.position, "this must be a number of bytes such as 4096 or \"4KiB\"");
  return std::nullopt;
}

std::optional<std::size_t> Reader::one_of(const Node& node, std::span<const std::string_view> names,
                                          std::string_view what) {
  if (!check_kind(node, Node::Kind::text, what)) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), node.text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  complain(node.position, fmt::format("\"{}\" is not {}{}", node.text, what, suggestion(node.text, names)));
  return std::nullopt;
}

}  // namespace holdfast::sim
