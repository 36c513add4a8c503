// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>

#include "holdfast/simdisk/digest.hh"
#include "invariants/names.hh"
#include "scenario/default_after.hh"
#include "scenario/device.hh"
#include "scenario/faults.hh"
#include "scenario/memory.hh"
#include "scenario/reader.hh"
#include "scenario/steps.hh"
#include "scenario/story.hh"
#include "scenario/volume.hh"

namespace holdfast::sim {
namespace {

using Keys = std::string_view[];

constexpr Keys kScenarioKeys = {"$schema", "scenario", "purpose", "tags",  "device", "store", "volume",
                                "setup",   "steps",    "after",   "crash", "disks",  "note"};
constexpr Keys kStoreKeys = {"cluster_size", "metadata_pages", "type"};
constexpr uint64_t kMostOrders = 1'000'000;
constexpr Keys kCrashKeys = {"nested", "states_per_point", "states_per_case", "orders"};
constexpr Keys kDiskKeys = {"name", "ignores", "faults", "expect"};
constexpr Keys kExpectKeys = {"violations"};

StoreSpec read_store(Reader& reader, const Node& node) {
  StoreSpec store;
  if (!reader.check_object(node, kStoreKeys)) return store;
  const uint64_t cluster_size = reader.size(node, "cluster_size").value_or(store.cluster_size);
  const uint64_t pages = reader.number(node, "metadata_pages").value_or(store.metadata_pages);
  if (cluster_size == 0 || cluster_size % 4096 != 0 || cluster_size > (64 << 20)) {
    reader.complain(node.position, "\"cluster_size\" must be a multiple of 4KiB up to 64MiB");
  } else {
    store.cluster_size = static_cast<uint32_t>(cluster_size);
  }
  if (pages == 0 || pages > 1 << 20) {
    reader.complain(node.position, "\"metadata_pages\" must be from 1 to 1048576");
  } else {
    store.metadata_pages = static_cast<uint32_t>(pages);
  }
  store.type = reader.text(node, "type", false).value_or("");
  if (store.type.size() > 16) reader.complain(node.position, "\"type\" has at most 16 bytes");
  return store;
}

CrashSpec read_crash(Reader& reader, const Node& node) {
  CrashSpec crash;
  if (!reader.check_object(node, kCrashKeys)) return crash;
  crash.nested =
      static_cast<uint32_t>(std::min<uint64_t>(reader.number(node, "nested").value_or(crash.nested), 3));
  if (crash.nested > 2) reader.complain(node.position, "\"nested\" is at most 2");
  crash.states_per_point = reader.number(node, "states_per_point").value_or(crash.states_per_point);
  crash.states_per_case = reader.number(node, "states_per_case").value_or(crash.states_per_case);
  if (crash.states_per_case == 0) reader.complain(node.position, "\"states_per_case\" must be at least 1");
  crash.orders = reader.number(node, "orders").value_or(crash.orders);
  if (crash.orders < 1 || crash.orders > kMostOrders)
    reader.complain(node.find("orders")->position,
                    fmt::format("\"orders\" must be from 1 to {}", kMostOrders));
  if (crash.states_per_point < 2) reader.complain(node.position, "\"states_per_point\" must be at least 2");
  return crash;
}

void read_expectation(Reader& reader, const Node& node, DiskCase& disk) {
  if (node.kind == Node::Kind::text) {
    constexpr Keys kOutcomes = {"pass"};
    reader.one_of(node, kOutcomes, "an expectation");
    return;
  }
  if (!reader.check_object(node, kExpectKeys)) return;
  const Node* violations = node.find("violations");
  if (violations == nullptr) return reader.complain(node.position, "\"violations\" is missing");
  if (!reader.check_kind(*violations, Node::Kind::array, "\"violations\"")) return;
  const std::vector<std::string_view> invariants = expectable_invariant_names();
  for (const Node& item : violations->items) {
    if (reader.one_of(item, invariants, "an invariant")) disk.violations.push_back(item.text);
  }
  if (violations->items.empty())
    reader.complain(violations->position, "no violation is listed; say \"expect\": \"pass\"");
  std::sort(disk.violations.begin(), disk.violations.end());
  if (std::adjacent_find(disk.violations.begin(), disk.violations.end()) != disk.violations.end()) {
    reader.complain(violations->position, "a violation is listed twice");
  }
}

DiskCase read_disk(Reader& reader, const Node& node) {
  DiskCase disk;
  if (!reader.check_object(node, kDiskKeys)) return disk;
  disk.name = reader.text(node, "name", true).value_or("");
  std::vector<std::string_view> names;
  for (const Barrier barrier : kBarriers) names.push_back(name_of(barrier));
  if (const Node* ignores = node.find("ignores");
      ignores != nullptr && reader.check_kind(*ignores, Node::Kind::array, "\"ignores\"")) {
    for (const Node& item : ignores->items) {
      if (const auto index = reader.one_of(item, names, "a barrier")) disk.ignores.insert(kBarriers[*index]);
    }
  }
  if (const Node* faults = node.find("faults")) disk.faults = read_faults(reader, *faults);
  if (const Node* expect = node.find("expect")) {
    read_expectation(reader, *expect, disk);
  } else {
    reader.complain(node.position, "\"expect\" is missing: \"pass\" or {\"violations\": [...]}");
  }
  if (disk.honest() && !disk.violations.empty()) {
    reader.complain(node.position, "an honest disk must not be expected to violate anything");
  }
  return disk;
}

std::vector<DiskCase> read_disks(Reader& reader, const Node& node) {
  std::vector<DiskCase> disks;
  if (!reader.check_kind(node, Node::Kind::array, "\"disks\"")) return disks;
  for (const Node& item : node.items) {
    disks.push_back(read_disk(reader, item));
    const auto same = [&disks](const DiskCase& other) { return other.name == disks.back().name; };
    if (std::count_if(disks.begin(), disks.end(), same) > 1) {
      reader.complain(item.position, fmt::format("two disks are called \"{}\"", disks.back().name));
    }
  }
  const bool honest =
      std::any_of(disks.begin(), disks.end(), [](const DiskCase& disk) { return disk.honest(); });
  if (!honest)
    reader.complain(node.position,
                    "one of the disks must be honest: a broken one proves nothing without its twin");
  return disks;
}

std::vector<std::string> read_tags(Reader& reader, const Node& node) {
  std::vector<std::string> tags;
  if (!reader.check_kind(node, Node::Kind::array, "\"tags\"")) return tags;
  for (const Node& item : node.items) {
    if (reader.check_kind(item, Node::Kind::text, "a tag")) tags.push_back(item.text);
  }
  return tags;
}

// What only a store has, or one without a volume.
void check_beside_volume(Reader& reader, const Node& root, const Scenario& scenario) {
  for (std::size_t i = 0; i < scenario.disks.size(); ++i) {
    if (scenario.disks[i].contract() == Contract::power || !touches_map_files(scenario)) continue;
    reader.complain(root.find("disks")->items[i].position,
                    "beside steps that touch a map file only faults with the contract \"power\" are judged");
  }
  if (const Node* store = root.find("store"); store != nullptr && scenario.volume->blob.empty())
    reader.complain(store->position, "\"store\" says nothing about a volume on the device; leave it out");
  const Node* device = root.find("device");
  if (const Node* in_setup = device != nullptr ? device->find("setup_atomic_write") : nullptr)
    reader.complain(in_setup->position,
                    "\"setup_atomic_write\" is for stores; leave it out of a volume's device");
}

void read_scenario(Reader& reader, const Node& root, Scenario& scenario) {
  if (!reader.check_object(root, kScenarioKeys)) return;
  scenario.name = reader.text(root, "scenario", true).value_or("");
  scenario.purpose = reader.text(root, "purpose", true).value_or("");
  if (const Node* tags = root.find("tags")) scenario.tags = read_tags(reader, *tags);
  if (const Node* device = root.find("device")) scenario.device = read_device(reader, *device);
  if (const Node* store = root.find("store")) scenario.store = read_store(reader, *store);
  if (const Node* volume = root.find("volume")) {
    scenario.volume = read_volume(reader, *volume, scenario.device);
  }
  if (const Node* crash = root.find("crash")) scenario.crash = read_crash(reader, *crash);
  if (const Node* disks = root.find("disks")) scenario.disks = read_disks(reader, *disks);
  if (const Node* setup = root.find("setup")) scenario.setup = read_steps(reader, *setup, scenario);
  if (const Node* steps = root.find("steps")) {
    scenario.steps = read_steps(reader, *steps, scenario);
  } else {
    reader.complain(root.position, "\"steps\" is missing");
  }
  if (scenario.volume) check_beside_volume(reader, root, scenario);
  if (const Node* disks = root.find("disks")) check_faults(reader, *disks, scenario);
  if (scenario.volume && !scenario.volume->blob.empty()) measure_blob(reader, *root.find("volume"), scenario);
  if (const Node* after = root.find("after")) scenario.after = read_steps(reader, *after, scenario);
  if (!reader.clean()) return;
  if (root.find("after") == nullptr) {
    const auto after = parse_document(default_after(scenario), scenario.file);
    scenario.after = read_steps(reader, after.value(), scenario);
  }
  check_story(reader, root, scenario);
}

}  // namespace

Contract DiskCase::contract() const {
  Contract weakest = Contract::power;
  for (const FaultSpec& spec : faults) weakest = std::max(weakest, spec.contract);
  return weakest;
}

std::string describe(const Diagnostic& diagnostic) {
  return fmt::format("{}:{}:{}: {}", diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.message);
}

std::expected<Scenario, std::vector<Diagnostic>> parse_scenario(std::string_view text,
                                                                const std::string& file) {
  const auto document = parse_document(text, file);
  if (!document) return std::unexpected(std::vector{document.error()});
  Scenario scenario;
  scenario.file = file;
  scenario.content_hash = simdisk::hash_bytes(std::as_bytes(std::span(text))).low;
  Reader reader(file);
  read_scenario(reader, *document, scenario);
  if (!reader.clean()) return std::unexpected(reader.take_diagnostics());
  return scenario;
}

}  // namespace holdfast::sim
