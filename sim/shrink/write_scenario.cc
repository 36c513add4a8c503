// SPDX-License-Identifier: BSD-3-Clause
#include "shrink/write_scenario.hh"

#include <algorithm>

namespace holdfast::sim {
namespace {

std::string quoted(const std::string& text) { return ScenarioDocument(text).dump(); }

bool is_list_of_objects(const ScenarioDocument& node) {
  return node.is_array() && !node.empty() &&
         std::ranges::all_of(node, [](const auto& item) { return item.is_object(); });
}

std::string lines_of(const ScenarioDocument& list, const std::string& indent) {
  std::string text = "[\n";
  for (std::size_t i = 0; i < list.size(); ++i) {
    const ScenarioDocument& item = list[i];
    text += indent + "  ";
    if (item.size() == 1 && item.contains("parallel")) {
      text += "{\"parallel\": " + lines_of(item["parallel"], indent + "  ") + "}";
    } else {
      text += on_one_line(item);
    }
    text += i + 1 < list.size() ? ",\n" : "\n";
  }
  return text + indent + "]";
}

}  // namespace

std::string to_text(const ScenarioDocument& document) {
  std::string text = "{\n";
  std::size_t left = document.size();
  for (const auto& [key, value] : document.items()) {
    text += "  " + quoted(key) + ": ";
    text += is_list_of_objects(value) ? lines_of(value, "  ") : on_one_line(value);
    text += --left > 0 ? ",\n" : "\n";
  }
  return text + "}\n";
}

std::string on_one_line(const ScenarioDocument& node) {
  if (!node.is_structured()) return node.dump();
  std::string text;
  for (const auto& [key, value] : node.items()) {
    if (!text.empty()) text += ", ";
    if (node.is_object()) text += quoted(key) + ": ";
    text += on_one_line(value);
  }
  return node.is_object() ? "{" + text + "}" : "[" + text + "]";
}

}  // namespace holdfast::sim
