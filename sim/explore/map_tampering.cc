// SPDX-License-Identifier: BSD-3-Clause
#include "explore/map_tampering.hh"

#include <cstring>
#include <memory>

#include "explore/volume_program.hh"
#include "format/volume_super.hh"

namespace holdfast::sim {
namespace {

const std::string kCopy = "copy";

std::string name_of_map(const VolumeModel& model) { return uuid_text(uuid_of_epoch(model.newest_epoch())); }

// The first byte of the part.
Result<uint64_t> place_of(const MemoryPoison& step, const VolumeLayout& layout, const PersistentMemory& map) {
  if (step.part == MapPart::superblock) return uint64_t{0};
  const uint64_t entry = layout.logical_entry_offset(step.chunk);
  if (step.part == MapPart::entry) return entry;
  HF_TRY(const uint64_t index, map.load_u64(entry));
  if (index >= layout.chunk_maps()) {
    return Error{.code = Errc::not_found,
                 .object = ObjectKind::chunk,
                 .number = step.chunk,
                 .reason = "the chunk has no chunk map at this step; write it first"};
  }
  return layout.chunk_map_offset(index);
}

// All but the name: a volume of the same shape, whose map may look as good as the right one.
void give_to_another_volume(std::span<std::byte> map) {
  Uuid other;
  other.fill(std::byte{0x77});
  std::memcpy(map.data() + offsetof(VolumeSuper, uuid), other.data(), other.size());
}

}  // namespace

Result<> MapTampering::run(const MemoryPoison& step, VolumeModel& model) {
  const std::string name = name_of_map(model);
  HF_TRY(const std::unique_ptr<PersistentMemory> map, maps_.open(name));
  HF_TRY(const uint64_t byte, place_of(step, layout_, *map));
  maps_.poison(name, byte, 1);
  return {};
}

Result<> MapTampering::run(const MemoryLose&, VolumeModel& model) {
  const std::string name = name_of_map(model);
  HF_CHECK(maps_.open(name));
  maps_.lose(name);
  model.map_lost();
  return {};
}

Result<> MapTampering::run(const MemoryCopy&, VolumeModel& model) {
  HF_TRY(const std::vector<std::byte> bytes, read(name_of_map(model)));
  maps_.restore(kCopy, bytes);
  model.map_copied();
  return {};
}

Result<> MapTampering::run(const MemoryReplace& step, VolumeModel& model) {
  const std::string name = name_of_map(model);
  HF_TRY(std::vector<std::byte> bytes, read(step.by == MapSource::copy ? kCopy : name));
  if (step.by == MapSource::another_volume) give_to_another_volume(bytes);
  maps_.restore(name, bytes);
  model.map_replaced(step.by);
  return {};
}

Result<std::vector<std::byte>> MapTampering::read(const std::string& name) {
  HF_TRY(const std::unique_ptr<PersistentMemory> map, maps_.open(name));
  std::vector<std::byte> bytes(map->geometry().size);
  HF_CHECK(map->load(0, bytes));
  return bytes;
}

}  // namespace holdfast::sim
