// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/sim/scenario.hh"

namespace holdfast::sim {

struct Position {
  uint32_t line = 1;
  uint32_t column = 1;  // of characters, not bytes
};

// JSON that remembers where everything stood, so that an error about its meaning can name line and column.
struct Node {
  enum class Kind : uint8_t { null, boolean, integer, negative, real, text, array, object };
  struct Member;

  Kind kind = Kind::null;
  Position position;
  bool boolean = false;
  uint64_t integer = 0;       // not negative
  std::string text;
  std::vector<Node> items;
  std::vector<Member> members;  // in the order of the file

  const Node* find(std::string_view key) const;
};
struct Node::Member {
  std::string key;
  Position position;
  Node value;
};
const char* name_of(Node::Kind kind);

// Bounded: a megabyte, and 32 levels.
std::expected<Node, Diagnostic> parse_document(std::string_view text, const std::string& file);

}  // namespace holdfast::sim
