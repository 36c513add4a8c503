// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/document.hh"

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

namespace holdfast::sim {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::size_t kDeepest = 32;

// Follows the reader through the text and knows where the newest token began.
class Tracker {
 public:
  void pass(char c) {
    if (in_string_) {
      pass_in_string(c);
    } else if (std::string_view(" \t\r\n{}[],:").find(c) != std::string_view::npos) {
      in_token_ = false;
      if (c == '{' || c == '[') token_ = here_;
    } else if (!in_token_) {
      token_ = here_;
      in_token_ = in_string_ = c == '"';
      if (!in_string_) in_token_ = true;
    }
    advance(c);
  }
  const Position& token() const { return token_; }
  const Position& here() const { return here_; }

 private:
  void pass_in_string(char c) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = in_token_ = false;
    }
  }
  void advance(char c) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // a character in UTF-8
    if (!continues) ++here_.column;
    if (c == '\n') here_ = {here_.line + 1, 1};
  }

  Position here_;
  Position token_;
  bool in_string_ = false;
  bool in_token_ = false;
  bool escaped_ = false;
};

class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, Tracker* tracker) : at_(at), tracker_(tracker) {}
  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    tracker_->pass(*at_++);
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const TrackedIterator& a, const TrackedIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  Tracker* tracker_;
};

class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(const Tracker& tracker) : tracker_(tracker) {}

  Node take() { return std::move(root_); }
  const std::string& error() const { return error_; }
  const Position& error_position() const { return error_position_; }

  bool null() override { return add(node_of(Node::Kind::null)); }
  bool boolean(bool value) override {
    Node node = node_of(Node::Kind::boolean);
    node.boolean = value;
    return add(std::move(node));
  }
  bool number_integer(number_integer_t) override { return add(node_of(Node::Kind::negative)); }
  bool number_unsigned(number_unsigned_t value) override {
    Node node = node_of(Node::Kind::integer);
    node.integer = value;
    return add(std::move(node));
  }
  bool number_float(number_float_t, const string_t&) override { return add(node_of(Node::Kind::real)); }
  bool string(string_t& value) override {
    Node node = node_of(Node::Kind::text);
    node.text = value;
    return add(std::move(node));
  }
  bool binary(binary_t&) override { return fail("binary data is not JSON"); }
  bool start_object(std::size_t) override { return open(Node::Kind::object); }
  bool start_array(std::size_t) override { return open(Node::Kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) {
      return fail("the key \"" + name + "\" stands twice in this object");
    }
    open_.back()->members.push_back({name, tracker_.token(), {}});
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    const std::string_view text = error.what();
    const std::size_t cause = text.find("syntax error");
    fail(std::string(cause == std::string_view::npos ? text : text.substr(cause)));
    error_position_ = tracker_.here();
    return false;
  }

 private:
  static Node node_of(Node::Kind kind) {
    Node node;
    node.kind = kind;
    return node;
  }
  Node* place(Node node) {
    node.position = tracker_.token();
    if (open_.empty()) return &(root_ = std::move(node));
    Node& parent = *open_.back();
    if (parent.kind == Node::Kind::object) return &(parent.members.back().value = std::move(node));
    return &parent.items.emplace_back(std::move(node));
  }
  bool add(Node node) {
    place(std::move(node));
    return true;
  }
  bool open(Node::Kind kind) {
    if (open_.size() == kDeepest) return fail("objects and arrays are nested too deeply");
    open_.push_back(place(node_of(kind)));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }
  bool fail(std::string words) {
    error_ = std::move(words);
    error_position_ = tracker_.token();
    return false;
  }

  const Tracker& tracker_;
  Node root_;
  std::vector<Node*> open_;  // parents do not move while a child is open: only the newest child grows
  std::vector<std::set<std::string>> keys_;  // of each that is open: a hostile file has a hundred thousand
  std::string error_;
  Position error_position_;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const char* name_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::integer: return "a whole number";
    case Node::Kind::negative: return "a negative number";
    case Node::Kind::real: return "a fraction";
    case Node::Kind::text: return "a string";
    case Node::Kind::array: return "a list";
    case Node::Kind::object: return "an object";
  }
  return "something else";
}

std::expected<Node, Diagnostic> parse_document(std::string_view text, const std::string& file) {
  if (text.size() > kLargestFile)
    return std::unexpected(Diagnostic{file, 1, 1, "a scenario has at most a megabyte"});
  Tracker tracker;
  Builder builder(tracker);
  const TrackedIterator begin(text.data(), &tracker);
  const TrackedIterator end(text.data() + text.size(), &tracker);
  if (nlohmann::json::sax_parse(begin, end, &builder)) return builder.take();
  return std::unexpected(
      Diagnostic{file, builder.error_position().line, builder.error_position().column, builder.error()});
}

}  // namespace holdfast::sim
