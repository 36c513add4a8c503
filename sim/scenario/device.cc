// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/device.hh"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <iterator>

namespace holdfast::sim {
namespace {

using Keys = std::string_view[];

constexpr Keys kDeviceKeys = {
    "profile",        "size", "block_size",         "atomic_write",   "atomic_boundary", "setup_atomic_write",
    "volatile_cache", "fua",  "discard_reads_zero", "discard_leaves", "initial"};
constexpr uint32_t kSmallestUnit = 512;
constexpr uint32_t kLargestUnit = 64 << 10;

// What disks of a kind promise, and no more. FAULT_MODEL.md says what the words mean.
struct Profile {
  std::string_view name;
  uint32_t block_size;
  uint32_t atomic_write;
  uint32_t atomic_boundary;
  bool volatile_cache;
  bool fua;
  bool discard_reads_zero;
  bool discard_leaves_anything;
  bool garbage;
};
constexpr Profile kProfiles[] = {
    {"consumer-nvme", 4096, 4096, kLargestUnit, true, true, false, true, false},
    {"power-loss-protection", 4096, 4096, kLargestUnit, false, true, true, false, false},
    {"atomic-512", 512, 512, kLargestUnit, true, true, true, false, false},
    {"atomic-16k", 4096, 16 << 10, 16 << 10, true, true, true, false, false},
    {"hdd-512e", 512, 512, kLargestUnit, true, false, false, false, false},
    {"zero-trust", 512, 512, kLargestUnit, true, false, false, true, true},
};

DeviceSpec device_of(const Profile& profile) {
  DeviceSpec device;
  device.block_size = profile.block_size;
  device.atomic_write = profile.atomic_write;
  device.atomic_boundary = profile.atomic_boundary;
  device.volatile_cache = profile.volatile_cache;
  device.fua = {profile.fua};
  device.discard_reads_zero = profile.discard_reads_zero;
  device.discard_leaves_anything = profile.discard_leaves_anything;
  device.garbage = profile.garbage;
  return device;
}

DeviceSpec read_profile(Reader& reader, const Node& node) {
  std::vector<std::string_view> names;
  for (const Profile& profile : kProfiles) names.push_back(profile.name);
  const auto index = reader.one_of(node, names, "a profile");
  return index ? device_of(kProfiles[*index]) : DeviceSpec{};
}

void read_fua(Reader& reader, const Node& node, DeviceSpec& device) {
  device.fua.clear();
  if (node.kind == Node::Kind::boolean) return device.fua.push_back(node.boolean);
  if (!reader.check_kind(node, Node::Kind::array, "\"fua\"")) return;
  for (const Node& item : node.items) {
    if (reader.check_kind(item, Node::Kind::boolean, "an item of \"fua\""))
      device.fua.push_back(item.boolean);
  }
  if (node.items.empty())
    reader.complain(node.position, "\"fua\" lists no case; write true, false or [false, true]");
  const bool twice = device.fua.size() > 2 || (device.fua.size() == 2 && device.fua[0] == device.fua[1]);
  if (twice) reader.complain(node.position, "\"fua\" lists a case twice");
}

// The value if it is good, else the least: what follows divides by it.
uint32_t read_power_of_two(Reader& reader, const Node& object, std::string_view key, uint32_t otherwise,
                           uint32_t most) {
  const uint64_t value = reader.size(object, key).value_or(otherwise);
  if (std::has_single_bit(value) && value >= kSmallestUnit && value <= most)
    return static_cast<uint32_t>(value);
  const Node* node = object.find(key);
  reader.complain(node != nullptr ? node->position : object.position,
                  fmt::format("\"{}\" must be a power of two from {} to {}", key, kSmallestUnit, most));
  return kSmallestUnit;
}

void read_units(Reader& reader, const Node& node, DeviceSpec& device) {
  device.block_size = read_power_of_two(reader, node, "block_size", device.block_size, 4096);
  device.atomic_write = read_power_of_two(reader, node, "atomic_write", device.atomic_write, kLargestUnit);
  // What crosses the boundary tears there: nothing larger is atomic wherever it begins.
  device.atomic_boundary =
      read_power_of_two(reader, node, "atomic_boundary", device.atomic_boundary, kLargestUnit);
  device.atomic_write = std::min(device.atomic_write, device.atomic_boundary);
  if (node.find("setup_atomic_write") != nullptr)
    device.setup_atomic_write =
        read_power_of_two(reader, node, "setup_atomic_write", device.atomic_write, kLargestUnit);
}

void read_discard(Reader& reader, const Node& node, DeviceSpec& device) {
  const std::optional<bool> zeroes = reader.boolean(node, "discard_reads_zero");
  if (zeroes) device.discard_reads_zero = *zeroes;
  const Node* leaves = node.find("discard_leaves");
  if (leaves == nullptr) return;
  constexpr Keys kLeft = {"old", "anything"};
  const auto index = reader.one_of(*leaves, kLeft, "what a discard leaves");
  device.discard_reads_zero = false;
  device.discard_leaves_anything = index == 1;
  if (zeroes == true)
    reader.complain(leaves->position,
                    "\"discard_leaves\" and \"discard_reads_zero\": true do not go together");
}

}  // namespace

DeviceSpec read_device(Reader& reader, const Node& node) {
  DeviceSpec device;
  if (!reader.check_object(node, kDeviceKeys)) return device;
  if (const Node* profile = node.find("profile")) device = read_profile(reader, *profile);
  device.size = reader.size(node, "size").value_or(device.size);
  if (device.size == 0 || device.size % (64 << 10) != 0 || device.size > uint64_t{4} << 30) {
    reader.complain(node.position, "\"size\" must be a multiple of 64KiB up to 4GiB");
    device.size = DeviceSpec{}.size;
  }
  read_units(reader, node, device);
  read_discard(reader, node, device);
  device.volatile_cache = reader.boolean(node, "volatile_cache").value_or(device.volatile_cache);
  if (const Node* fua = node.find("fua")) read_fua(reader, *fua, device);
  if (const Node* initial = node.find("initial")) {
    constexpr Keys kInitial = {"zeroes", "garbage"};
    device.garbage = reader.one_of(*initial, kInitial, "an initial content").value_or(0) == 1;
  }
  return device;
}

}  // namespace holdfast::sim
