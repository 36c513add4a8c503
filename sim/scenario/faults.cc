// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/faults.hh"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace holdfast::sim {
namespace {

using Keys = std::string_view[];
using simdisk::Fault;
using simdisk::FaultKind;

constexpr Keys kFaultKeys = {"kind",   "op",       "step",  "barrier",  "region", "blob",
                             "offset", "length",   "nth",   "count",    "each",   "done",
                             "at",     "distance", "delay", "contract", "note"};
constexpr Keys kRegions = {"superblock", "metadata", "data", "header", "units", "logical_map", "chunk_maps"};
constexpr std::size_t kMostFaults = 16;

struct Kind {
  std::string_view name;
  FaultKind kind;
  Contract contract;  // unless the fault says otherwise
};
constexpr Kind kKinds[] = {
    {"transient_error", FaultKind::transient_error, Contract::power},
    {"persistent_error", FaultKind::persistent_error, Contract::power},
    {"timeout", FaultKind::timeout, Contract::power},
    {"short_completion", FaultKind::short_completion, Contract::power},
    {"queue_full", FaultKind::queue_full, Contract::power},
    {"out_of_space", FaultKind::out_of_space, Contract::power},
    {"hot_removal", FaultKind::hot_removal, Contract::power},
    {"stuck", FaultKind::stuck, Contract::power},
    {"undefined_discard", FaultKind::undefined_discard, Contract::power},
    {"misdirected_write", FaultKind::misdirected_write, Contract::byzantine},
    {"torn_write", FaultKind::torn_write, Contract::detectable},
    {"rot", FaultKind::rot, Contract::detectable},
    {"latent_error", FaultKind::latent_error, Contract::detectable},
    {"lost_write", FaultKind::lost_write, Contract::byzantine},
    {"stale_read", FaultKind::stale_read, Contract::byzantine},
    {"late_completion", FaultKind::late_completion, Contract::byzantine},
    {"lying_flush", FaultKind::lying_flush, Contract::byzantine},
    {"memory_persist_error", FaultKind::memory_persist_error, Contract::power},
    {"memory_poison", FaultKind::memory_poison, Contract::detectable},
    {"memory_rot", FaultKind::memory_rot, Contract::detectable},
    {"memory_lying_persist", FaultKind::memory_lying_persist, Contract::byzantine},
};

void read_kind(Reader& reader, const Node& node, FaultSpec& spec) {
  const Node* kind = node.find("kind");
  if (kind == nullptr) return reader.complain(node.position, "\"kind\" is missing");
  std::vector<std::string_view> names;
  for (const Kind& each : kKinds) names.push_back(each.name);
  const auto index = reader.one_of(*kind, names, "a kind of fault");
  if (!index) return;
  spec.fault.kind = kKinds[*index].kind;
  spec.contract = kKinds[*index].contract;
}

void read_selector(Reader& reader, const Node& node, simdisk::FaultSelector& where) {
  constexpr Keys kOps = {"read", "write", "write_zeroes", "discard", "flush"};
  if (const Node* op = node.find("op")) {
    if (const auto index = reader.one_of(*op, kOps, "a kind of request"))
      where.kind = static_cast<IoKind>(*index);
  }
  if (const Node* step = node.find("step")) {
    std::vector<std::string_view> names;
    for (uint8_t i = 1; i <= static_cast<uint8_t>(Step::persist); ++i)
      names.push_back(name_of(static_cast<Step>(i)));
    if (const auto index = reader.one_of(*step, names, "a protocol step"))
      where.step = static_cast<Step>(*index + 1);
  }
  if (const Node* barrier = node.find("barrier")) {
    std::vector<std::string_view> names;
    for (const Barrier each : kBarriers) names.push_back(name_of(each));
    if (const auto index = reader.one_of(*barrier, names, "a barrier")) where.barrier = kBarriers[*index];
  }
  where.first_byte = reader.size(node, "offset").value_or(0);
  if (const auto length = reader.size(node, "length"))
    where.end_byte = where.first_byte + std::min(*length, ~where.first_byte);
}

void read_meaning(Reader& reader, const Node& node, FaultSpec& spec) {
  if (const Node* region = node.find("region")) {
    if (const auto index = reader.one_of(*region, kRegions, "a region"))
      spec.region = static_cast<Region>(*index);
    for (const std::string_view key : {"offset", "length"}) {
      if (const Node* bytes = node.find(key))
        reader.complain(bytes->position, fmt::format("\"{}\" and \"region\" do not go together", key));
    }
  }
  if (node.find("blob") != nullptr) spec.blob = reader.text(node, "blob", true).value_or("");
}

// At least one.
uint64_t read_count(Reader& reader, const Node& node, std::string_view key, uint64_t otherwise) {
  const uint64_t count = reader.number(node, key).value_or(otherwise);
  if (count == 0) reader.complain(node.find(key)->position, fmt::format("\"{}\" must be at least 1", key));
  return count;
}

void read_extent(Reader& reader, const Node& node, FaultSpec& spec) {
  const bool for_good =
      spec.fault.kind == FaultKind::persistent_error || spec.fault.kind == FaultKind::undefined_discard;
  spec.fault.nth = read_count(reader, node, "nth", 1);
  spec.fault.count = read_count(reader, node, "count", for_good ? UINT64_MAX : 1);
  spec.each = reader.boolean(node, "each").value_or(false);
  if (const Node* nth = node.find("nth"); nth != nullptr && spec.each)
    reader.complain(nth->position, "\"nth\" and \"each\" do not go together");
}

void read_effect(Reader& reader, const Node& node, FaultSpec& spec) {
  if (spec.fault.kind == FaultKind::short_completion) spec.fault.done = Fault::Done::half;
  if (const Node* done = node.find("done")) {
    constexpr Keys kDone = {"nothing", "half", "everything"};
    if (const auto index = reader.one_of(*done, kDone, "what is done"))
      spec.fault.done = static_cast<Fault::Done>(*index);
  }
  spec.fault.at = reader.size(node, "at");
  spec.fault.distance = read_count(reader, node, "distance", 1);
  spec.fault.delay = read_count(reader, node, "delay", 1);
  if (const Node* contract = node.find("contract")) {
    constexpr Keys kContracts = {"power", "detectable", "byzantine"};
    if (const auto index = reader.one_of(*contract, kContracts, "a contract"))
      spec.contract = static_cast<Contract>(*index);
  }
}

FaultSpec read_fault(Reader& reader, const Node& node) {
  FaultSpec spec;
  if (!reader.check_object(node, kFaultKeys)) return spec;
  read_kind(reader, node, spec);
  read_selector(reader, node, spec.fault.where);
  read_meaning(reader, node, spec);
  read_extent(reader, node, spec);
  read_effect(reader, node, spec);
  return spec;
}

// On the devices of this scenario.
bool is_there(Region region, const FaultSpec& spec, const Scenario& scenario) {
  if (simdisk::is_of_memory(spec.fault.kind))
    return region == Region::superblock || region == Region::logical_map || region == Region::chunk_maps;
  const bool on_device = scenario.volume && scenario.volume->blob.empty();
  if (on_device) return region == Region::header || region == Region::units;
  return region == Region::superblock || region == Region::metadata || region == Region::data;
}

std::string regions_of(const FaultSpec& spec, const Scenario& scenario) {
  std::string names;
  for (std::size_t i = 0; i < std::size(kRegions); ++i) {
    if (!is_there(static_cast<Region>(i), spec, scenario)) continue;
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", kRegions[i]);
  }
  return names;
}

void check_fault(Reader& reader, const Node& node, const FaultSpec& spec, const Scenario& scenario) {
  const Node* region = node.find("region");
  if (spec.region && !is_there(*spec.region, spec, scenario))
    reader.complain(region->position,
                    "there is no such region here; there are " + regions_of(spec, scenario));
  const Node* blob = node.find("blob");
  if (blob != nullptr && scenario.volume && scenario.volume->blob.empty())
    reader.complain(blob->position, "a volume on the device has no blobs; leave \"blob\" out");
  if (!simdisk::is_of_memory(spec.fault.kind)) return;
  if (!scenario.volume)
    reader.complain(node.find("kind")->position, "only a volume has a map file that this can happen to");
  for (const std::string_view key : {"op", "step", "blob"}) {
    if (const Node* of_disk = node.find(key))
      reader.complain(of_disk->position, fmt::format("a map file has no \"{}\"; leave it out", key));
  }
}

}  // namespace

std::string_view name_of(simdisk::FaultKind kind) {
  return std::ranges::find(kKinds, kind, &Kind::kind)->name;
}

std::vector<FaultSpec> read_faults(Reader& reader, const Node& node) {
  std::vector<FaultSpec> faults;
  if (!reader.check_kind(node, Node::Kind::array, "\"faults\"")) return faults;
  for (const Node& item : node.items) faults.push_back(read_fault(reader, item));
  if (faults.size() > kMostFaults)
    reader.complain(node.position, fmt::format("a disk has at most {} faults", kMostFaults));
  if (std::ranges::count(faults, true, &FaultSpec::each) > 1)
    reader.complain(node.position, "only one fault of a disk may strike \"each\" request");
  return faults;
}

void check_faults(Reader& reader, const Node& disks, const Scenario& scenario) {
  for (std::size_t disk = 0; disk < scenario.disks.size(); ++disk) {
    const std::vector<FaultSpec>& faults = scenario.disks[disk].faults;
    for (std::size_t fault = 0; fault < faults.size(); ++fault)
      check_fault(reader, disks.items[disk].find("faults")->items[fault], faults[fault], scenario);
  }
}

}  // namespace holdfast::sim
