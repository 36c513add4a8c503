// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/memory.hh"

#include <algorithm>

namespace holdfast::sim {
namespace {

using Keys = std::string_view[];

constexpr Keys kPoisonKeys = {"what", "chunk"};
constexpr Keys kParts = {"superblock", "entry", "chunk_map"};
constexpr MapPart kMapParts[] = {MapPart::superblock, MapPart::entry, MapPart::chunk_map};
constexpr Keys kReplaceKeys = {"by"};
constexpr Keys kSources = {"copy", "another_volume"};
constexpr MapSource kMapSources[] = {MapSource::copy, MapSource::another_volume};

}  // namespace

bool is_memory_step(const ScenarioStep& step) {
  const auto& action = step.action;
  return std::holds_alternative<MemoryPoison>(action) || std::holds_alternative<MemoryLose>(action) ||
         std::holds_alternative<MemoryCopy>(action) || std::holds_alternative<MemoryReplace>(action);
}

bool touches_map_files(const Scenario& scenario) {
  return std::ranges::any_of(scenario.setup, is_memory_step) ||
         std::ranges::any_of(scenario.steps, is_memory_step);
}

MemoryPoison read_memory_poison(Reader& reader, const Node& node) {
  MemoryPoison poison;
  if (!reader.check_object(node, kPoisonKeys)) return poison;
  if (const Node* what = node.find("what")) {
    poison.part = kMapParts[reader.one_of(*what, kParts, "a part of a map file").value_or(0)];
  } else {
    reader.complain(node.position, "\"what\" is missing: \"superblock\", \"entry\" or \"chunk_map\"");
  }
  poison.chunk = reader.number(node, "chunk").value_or(0);
  const Node* chunk = node.find("chunk");
  const Node* what = node.find("what");
  if (chunk != nullptr && what != nullptr && what->text == "superblock")
    reader.complain(chunk->position, "the superblock belongs to no chunk; leave \"chunk\" out");
  return poison;
}

MemoryReplace read_memory_replace(Reader& reader, const Node& node) {
  MemoryReplace replace;
  if (!reader.check_object(node, kReplaceKeys)) return replace;
  if (const Node* by = node.find("by")) {
    replace.by = kMapSources[reader.one_of(*by, kSources, "a map file").value_or(0)];
  } else {
    reader.complain(node.position, "\"by\" is missing: \"copy\" or \"another_volume\"");
  }
  return replace;
}

}  // namespace holdfast::sim
