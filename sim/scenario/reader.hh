// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/document.hh"

namespace holdfast::sim {

// A number of bytes: "4096" or "4KiB".
std::optional<uint64_t> parse_size(std::string_view text);

// Takes typed values out of a document and collects everything that is wrong with it.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void complain(const Position& position, std::string message);
  std::vector<Diagnostic> take_diagnostics();
  bool clean() const { return diagnostics_.empty(); }

  // The node is an object that has only these keys; unknown ones get a suggestion. False if it is no object.
  bool check_object(const Node& node, std::span<const std::string_view> keys);
  bool check_kind(const Node& node, Node::Kind kind, std::string_view what);
  std::optional<std::string> text(const Node& object, std::string_view key, bool required);
  std::optional<bool> boolean(const Node& object, std::string_view key);
  std::optional<uint64_t> number(const Node& object, std::string_view key);
  // A number of bytes: 4096, "4096" or "4KiB".
  std::optional<uint64_t> size(const Node& object, std::string_view key);
  std::optional<uint64_t> size_value(const Node& node);
  // One of `names`, or a complaint with a suggestion.
  std::optional<std::size_t> one_of(const Node& node, std::span<const std::string_view> names,
                                    std::string_view what);

 private:
  std::string file_;
  std::vector<Diagnostic> diagnostics_;
};

// " (did you mean \"x\"?)" for the nearest of `names`, or nothing if none is near.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace holdfast::sim
