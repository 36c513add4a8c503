// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/steps.hh"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "scenario/memory.hh"
#include "scenario/volume.hh"

namespace holdfast::sim {
namespace {

using Keys = std::string_view[];

constexpr std::size_t kLargestXattr = 4063;
constexpr Errc kErrors[] = {
    Errc::device_failed, Errc::not_a_store,      Errc::corrupt,     Errc::unsupported,    Errc::wrong_type,
    Errc::no_space,      Errc::no_resources,     Errc::not_found,   Errc::already_exists, Errc::busy,
    Errc::read_only,     Errc::invalid_argument, Errc::out_of_range};
constexpr Step kKillSteps[] = {Step::erase_super,       Step::wipe_metadata,  Step::write_super,
                               Step::write_mask,        Step::write_chain,    Step::write_root,
                               Step::write_extent_page, Step::erase_root,     Step::erase_redo,
                               Step::clear_clusters,    Step::write_map_path, Step::mark_session,
                               Step::write_units,       Step::discard_units,  Step::persist};
constexpr uint64_t kMostChannels = 7;
constexpr uint64_t kMostClusters = 1 << 16;  // every crash state is read to its end

using Action = decltype(ScenarioStep::action);
using ReadVerb = Action (*)(Reader&, const Node&, const Scenario&);

std::string required_text(Reader& reader, const Node& node, std::string_view key) {
  return reader.text(node, key, true).value_or("");
}

std::vector<std::byte> pattern_of_size(uint64_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte{static_cast<uint8_t>('a' + i % 23)};
  return bytes;
}

// "text", or {"bytes": 3000} for a pattern of that size.
std::vector<std::byte> read_value(Reader& reader, const Node& node) {
  constexpr Keys kKeys = {"bytes"};
  if (node.kind == Node::Kind::text) {
    const auto bytes = std::as_bytes(std::span(node.text));
    return {bytes.begin(), bytes.end()};
  }
  if (!reader.check_object(node, kKeys)) return {};
  const uint64_t size = reader.size(node, "bytes").value_or(0);
  if (size > kLargestXattr) {
    reader.complain(node.position, fmt::format("an xattr's value has at most {} bytes", kLargestXattr));
    return {};
  }
  return pattern_of_size(size);
}

Action read_format(Reader& reader, const Node& node, const Scenario&) {
  constexpr Keys kKeys = {"force"};
  reader.check_object(node, kKeys);
  return StoreFormat{.force = reader.boolean(node, "force").value_or(false)};
}

template <class Verb>
Action read_bare(Reader& reader, const Node& node, const Scenario&) {
  reader.check_object(node, {});
  return Verb{};
}

template <class Verb>
Action read_for_blob(Reader& reader, const Node& node, const Scenario&) {
  constexpr Keys kKeys = {"blob"};
  reader.check_object(node, kKeys);
  return Verb{required_text(reader, node, "blob")};
}

// A thin blob may be larger than the device, but a crash state is read to its end.
void check_clusters(Reader& reader, const Node& node, uint64_t clusters) {
  if (clusters > kMostClusters)
    reader.complain(node.position, fmt::format("\"clusters\" is at most {}", kMostClusters));
}

Action read_resize(Reader& reader, const Node& node, const Scenario&) {
  constexpr Keys kKeys = {"blob", "clusters"};
  reader.check_object(node, kKeys);
  BlobResize resize{.blob = required_text(reader, node, "blob"), .clusters = 0};
  if (node.find("clusters") == nullptr) reader.complain(node.position, "\"clusters\" is missing");
  resize.clusters = reader.number(node, "clusters").value_or(0);
  check_clusters(reader, node, resize.clusters);
  return resize;
}

Action read_create(Reader& reader, const Node& node, const Scenario&) {
  constexpr Keys kKeys = {"name", "clusters", "thin", "extents", "xattrs"};
  constexpr Keys kFormats = {"automatic", "runs", "table"};
  reader.check_object(node, kKeys);
  BlobCreate create;
  create.name = required_text(reader, node, "name");
  create.clusters = reader.number(node, "clusters").value_or(0);
  create.thin = reader.boolean(node, "thin").value_or(false);
  if (create.thin) check_clusters(reader, node, create.clusters);
  if (const Node* extents = node.find("extents")) {
    create.extents =
        static_cast<ExtentFormat>(reader.one_of(*extents, kFormats, "a format of extents").value_or(0));
  }
  const Node* xattrs = node.find("xattrs");
  if (xattrs == nullptr || !reader.check_kind(*xattrs, Node::Kind::object, "\"xattrs\"")) return create;
  for (const Node::Member& member : xattrs->members) {
    if (member.key == "name")
      reader.complain(member.position, "\"name\" is set by the runner to the blob's name");
    create.xattrs.emplace_back(member.key, read_value(reader, member.value));
  }
  return create;
}

Action read_set_xattr(Reader& reader, const Node& node, const Scenario&) {
  constexpr Keys kKeys = {"blob", "name", "value"};
  reader.check_object(node, kKeys);
  BlobSetXattr set{.blob = required_text(reader, node, "blob"),
                   .xattr = {required_text(reader, node, "name"), {}}};
  if (const Node* value = node.find("value")) {
    set.xattr.second = read_value(reader, *value);
  } else {
    reader.complain(node.position, "\"value\" is missing");
  }
  return set;
}

Action read_remove_xattr(Reader& reader, const Node& node, const Scenario&) {
  constexpr Keys kKeys = {"blob", "name"};
  reader.check_object(node, kKeys);
  return BlobRemoveXattr{required_text(reader, node, "blob"), required_text(reader, node, "name")};
}

template <DataKind kind>
Action read_data_io(Reader& reader, const Node& node, const Scenario& scenario) {
  const DeviceSpec& device = scenario.device;
  constexpr Keys kKeys = {"blob", "offset", "length", "fua", "channel"};
  reader.check_object(node, kKeys);
  DataIo io{.kind = kind, .blob = required_text(reader, node, "blob")};
  io.offset = reader.size(node, "offset").value_or(0);
  io.length = reader.size(node, "length").value_or(0);
  io.fua = reader.boolean(node, "fua").value_or(false);
  const uint64_t channel = reader.number(node, "channel").value_or(0);
  if (channel > kMostChannels)
    reader.complain(node.position, fmt::format("\"channel\" is at most {}", kMostChannels));
  io.channel = static_cast<uint32_t>(std::min(channel, kMostChannels));
  if (io.length == 0) reader.complain(node.position, "\"length\" is missing or 0");
  if (io.length > device.size) reader.complain(node.position, "\"length\" is more than the device has");
  if (io.offset % device.block_size != 0 || io.length % device.block_size != 0) {
    reader.complain(
        node.position,
        fmt::format("\"offset\" and \"length\" must be multiples of the block size, {}", device.block_size));
  }
  const bool writes = kind == DataKind::write || kind == DataKind::write_zeroes;
  if (io.fua && !writes) reader.complain(node.position, "only io.write and io.write_zeroes take \"fua\"");
  if (kind == DataKind::unmap && !device.discard_reads_zero) {
    reader.complain(node.position,
                    "what io.unmap leaves is only defined if the device says \"discard_reads_zero\": true");
  }
  return io;
}

// Another program has no engine to ask for extents, or for FUA.
template <class Verb, ReadVerb read>
SpdkAction read_action(Reader& reader, const Node& node, const Scenario& scenario) {
  return std::get<Verb>(read(reader, node, scenario));
}

SpdkAction read_foreign_write(Reader& reader, const Node& node, const Scenario& scenario) {
  const DataIo io = std::get<DataIo>(read_data_io<DataKind::write>(reader, node, scenario));
  if (io.fua) reader.complain(node.position, "SPDK's blobstore knows no \"fua\"");
  return io;
}

struct SpdkVerb {
  std::string_view name;
  SpdkAction (*read)(Reader&, const Node&, const Scenario&);
};
constexpr SpdkVerb kSpdkVerbs[] = {
    {"create", read_action<BlobCreate, read_create>},
    {"set_xattr", read_action<BlobSetXattr, read_set_xattr>},
    {"resize", read_action<BlobResize, read_resize>},
    {"delete", read_action<BlobDelete, read_for_blob<BlobDelete>>},
    {"write", read_foreign_write},
};

void read_spdk_action(Reader& reader, const Node& node, const Scenario& scenario, SpdkSession& session) {
  std::vector<std::string_view> names;
  for (const SpdkVerb& verb : kSpdkVerbs) names.push_back(verb.name);
  if (!reader.check_object(node, names)) return;
  if (node.members.size() != 1) {
    reader.complain(node.position,
                    fmt::format("an action has exactly one verb, and this one has {}", node.members.size()));
  }
  for (const Node::Member& member : node.members) {
    const auto verb = std::ranges::find(kSpdkVerbs, member.key, &SpdkVerb::name);
    if (verb != std::end(kSpdkVerbs)) session.actions.push_back(verb->read(reader, member.value, scenario));
  }
}

Action read_spdk(Reader& reader, const Node& node, const Scenario& scenario) {
  constexpr Keys kKeys = {"do", "unload"};
  SpdkSession session;
  if (!reader.check_object(node, kKeys)) return session;
  session.unload = reader.boolean(node, "unload").value_or(true);
  const Node* actions = node.find("do");
  if (actions == nullptr || !reader.check_kind(*actions, Node::Kind::array, "\"do\"")) return session;
  for (const Node& item : actions->items) read_spdk_action(reader, item, scenario, session);
  return session;
}

// What needs nothing of the scenario.
template <auto read>
Action read_alone(Reader& reader, const Node& node, const Scenario&) {
  return read(reader, node);
}

template <DataKind kind>
Action read_volume_io(Reader& reader, const Node& node, const Scenario& scenario) {
  const VolumeSpec* volume = scenario.volume ? &*scenario.volume : nullptr;
  return read_volume_data(reader, node, kind, scenario.device, volume);
}

struct Verb {
  std::string_view name;
  ReadVerb read;
};
constexpr Verb kVerbs[] = {
    {"store.format", read_format},
    {"store.open", read_bare<StoreOpen>},
    {"store.close", read_bare<StoreClose>},
    {"store.destroy", read_bare<StoreDestroy>},
    {"store.set_super_blob", read_for_blob<StoreSetSuperBlob>},
    {"store.clear_super_blob", read_bare<StoreClearSuperBlob>},
    {"blob.create", read_create},
    {"blob.set_xattr", read_set_xattr},
    {"blob.remove_xattr", read_remove_xattr},
    {"blob.set_read_only", read_for_blob<BlobSetReadOnly>},
    {"blob.sync", read_for_blob<BlobSync>},
    {"blob.resize", read_resize},
    {"blob.delete", read_for_blob<BlobDelete>},
    {"io.write", read_data_io<DataKind::write>},
    {"io.write_zeroes", read_data_io<DataKind::write_zeroes>},
    {"io.unmap", read_data_io<DataKind::unmap>},
    {"io.read", read_data_io<DataKind::read>},
    {"io.flush", read_for_blob<DataFlush>},
    {"spdk", read_spdk},
    {"volume.create", read_alone<read_volume_create>},
    {"volume.open", read_alone<read_volume_open>},
    {"volume.close", read_bare<VolumeClose>},
    {"volume.destroy", read_bare<VolumeDestroy>},
    {"volume.write", read_volume_io<DataKind::write>},
    {"volume.read", read_volume_io<DataKind::read>},
    {"volume.unmap", read_volume_io<DataKind::unmap>},
    {"volume.flush", read_bare<VolumeFlush>},
    {"memory.poison", read_alone<read_memory_poison>},
    {"memory.lose", read_bare<MemoryLose>},
    {"memory.copy", read_bare<MemoryCopy>},
    {"memory.replace", read_alone<read_memory_replace>},
};

constexpr std::string_view kModifiers[] = {"expect", "may_fail", "kill_after", "orders", "note"};

std::vector<std::string_view> all_step_keys() {
  std::vector<std::string_view> keys(std::begin(kModifiers), std::end(kModifiers));
  keys.push_back("parallel");
  for (const Verb& verb : kVerbs) keys.push_back(verb.name);
  return keys;
}

std::string snake_case(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), ' ', '_');
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

void read_modifiers(Reader& reader, const Node& node, ScenarioStep& step) {
  if (const Node* expect = node.find("expect")) {
    std::vector<std::string> owned = {"ok"};
    for (const Errc error : kErrors) owned.push_back(snake_case(name_of(error)));
    const std::vector<std::string_view> names(owned.begin(), owned.end());
    const auto index = reader.one_of(*expect, names, "an outcome");
    if (index && *index > 0) step.expected_error = kErrors[*index - 1];
  }
  step.may_fail = reader.boolean(node, "may_fail").value_or(false);
  if (const Node* kill = node.find("kill_after")) {
    std::vector<std::string_view> names;
    for (const Step each : kKillSteps) names.push_back(name_of(each));
    if (const auto index = reader.one_of(*kill, names, "a protocol step"))
      step.kill_after = kKillSteps[*index];
  }
}

ScenarioStep read_step(Reader& reader, const Node& node, const Scenario& scenario, bool inside_parallel);

Parallel read_parallel(Reader& reader, const Node& step, const Node::Member& member,
                       const Scenario& scenario) {
  Parallel parallel;
  if (const Node* expect = step.find("expect"))
    reader.complain(expect->position, "\"expect\" belongs to the steps inside \"parallel\"");
  if (const Node* may_fail = step.find("may_fail"))
    reader.complain(may_fail->position, "\"may_fail\" belongs to the steps inside \"parallel\"");
  if (!reader.check_kind(member.value, Node::Kind::array, "\"parallel\"")) return parallel;
  for (const Node& item : member.value.items)
    parallel.steps.push_back(read_step(reader, item, scenario, true));
  if (parallel.steps.size() < 2) reader.complain(member.position, "\"parallel\" needs at least two steps");
  if (const Node* orders = step.find("orders")) {
    constexpr Keys kOrders = {"one", "every"};
    parallel.every_order = reader.one_of(*orders, kOrders, "a number of orders").value_or(0) == 1;
  }
  return parallel;
}

void check_beside_others(Reader& reader, const Node::Member& member) {
  constexpr Keys kOfTheVolume = {"volume.create", "volume.open", "volume.close", "volume.destroy"};
  if (member.key.starts_with("store.") || member.key == "spdk")
    reader.complain(member.position, "steps of the store cannot stand inside \"parallel\"");
  if (std::ranges::find(kOfTheVolume, member.key) != std::end(kOfTheVolume) ||
      member.key.starts_with("memory."))
    reader.complain(member.position, "only data and flushes of a volume can stand inside \"parallel\"");
}

ScenarioStep read_step(Reader& reader, const Node& node, const Scenario& scenario, bool inside_parallel) {
  ScenarioStep step;
  const std::vector<std::string_view> keys = all_step_keys();
  if (!reader.check_object(node, keys)) return step;
  read_modifiers(reader, node, step);
  std::size_t verbs = 0;
  std::size_t unknown = 0;
  for (const Node::Member& member : node.members) {
    const auto verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                   [&member](const Verb& each) { return each.name == member.key; });
    if (verb != std::end(kVerbs)) {
      ++verbs;
      step.action = verb->read(reader, member.value, scenario);
      if (inside_parallel) check_beside_others(reader, member);
    } else if (member.key == "parallel") {
      ++verbs;
      if (inside_parallel) reader.complain(member.position, "\"parallel\" cannot stand inside \"parallel\"");
      step.action = read_parallel(reader, node, member, scenario);
    } else if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
      ++unknown;
    }
  }
  const bool parallel = inside_parallel || std::holds_alternative<Parallel>(step.action);
  if (const Node* kill = node.find("kill_after"); kill != nullptr && parallel)
    reader.complain(kill->position, "\"kill_after\" and \"parallel\" do not go together");
  if (const Node* kill = node.find("kill_after"); kill != nullptr && is_memory_step(step))
    reader.complain(kill->position, "\"kill_after\" names a step of the engine, and this is none");
  if (const Node* orders = node.find("orders");
      orders != nullptr && !std::holds_alternative<Parallel>(step.action))
    reader.complain(orders->position,
                    "\"orders\" belongs to \"parallel\": what happens one after the other has one");
  const bool misspelt = verbs == 0 && unknown > 0;  // reported as an unknown key
  if (verbs != 1 && !misspelt)
    reader.complain(node.position, fmt::format("a step has exactly one verb, and this one has {}", verbs));
  return step;
}

}  // namespace

std::vector<ScenarioStep> read_steps(Reader& reader, const Node& node, const Scenario& scenario) {
  std::vector<ScenarioStep> steps;
  if (!reader.check_kind(node, Node::Kind::array, "a list of steps")) return steps;
  if (node.items.empty()) reader.complain(node.position, "this list of steps is empty; leave it out");
  for (const Node& item : node.items) steps.push_back(read_step(reader, item, scenario, false));
  return steps;
}

}  // namespace holdfast::sim
