// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/volume.hh"

#include <cstring>

#include "durability/volume.hh"
#include "format/super_block.hh"
#include "reduce/codec.hh"
#include "reduce/volume_state.hh"

namespace holdfast {
namespace {

// What the caller would lose without noticing.
Task<> check_vacant(durability::VolumeMedia& media) {
  AlignedBuffer page(kVolumeSuperBytes);
  HF_CO_CHECK(co_await media.read(0, page.bytes()));
  const Error occupied{.code = Errc::already_exists,
                       .object = ObjectKind::super_block,
                       .byte = 0,
                       .reason = "a volume or a blobstore begins here; say that it is to be replaced"};
  const Result<CheckedVolume> volume = parse_volume_super(page.bytes(), media.device().byte_count());
  if (volume || volume.error().code != Errc::not_a_store) co_return occupied;
  const auto store = parse_super_block(page.bytes(), media.device().byte_count(), media.device().block_size);
  if (store || store.error().code != Errc::not_a_store) co_return occupied;
  co_return {};
}

bool is_map_of(const PersistentMemory& map, std::string_view name, Uuid& uuid) {
  std::array<std::byte, kVolumeSuperBytes> page;
  if (map.geometry().size < page.size() || !map.load(0, page)) return false;
  const Result<CheckedVolume> volume = parse_volume_super(page, ~uint64_t{0});
  if (!volume || uuid_text(volume->uuid) != name) return false;
  uuid = volume->uuid;
  return true;
}

}  // namespace

Task<> Volume::create(BlockDevice& device, MapStore& maps, Executor& home, VolumeOptions options) {
  HF_CO_TRY(const std::unique_ptr<BlockChannel> channel, device.open_channel(home));
  durability::WriteStop write_stop;
  durability::VolumeMedia media(*channel, write_stop, home);
  durability::VolumeCreation creation{.volume = {}, .path = AlignedBuffer(kMapPathBytes)};
  const DeviceGeometry& geometry = device.geometry();
  HF_CO_TRY(creation.volume, plan_volume(options, geometry.byte_count(), geometry.block_size));
  HF_CO_CHECK(check_codec(options.codec, options.codec_level));
  HF_CO_CHECK(encode_map_path(options.folder, options.uuid, creation.path.bytes()));
  if (!options.replace_existing) HF_CO_CHECK(co_await check_vacant(media));
  const std::string name = uuid_text(options.uuid);
  const VolumeLayout& layout = creation.volume.layout;
  HF_CO_TRY(std::unique_ptr<PersistentMemory> map,
            maps.create(name, layout.map_file_bytes(MapSizing::with_headers)));
  media.adopt(*map, layout);
  const Result<> created = co_await durability::create_volume(media, maps, creation);
  if (!created && !creation.in_doubt) {
    map.reset();
    [[maybe_unused]] const Result<> removed = maps.remove(name);
  }
  co_return created;
}

Task<std::unique_ptr<Volume>> Volume::open(BlockDevice& device, MapStore& maps, Executor& home,
                                           VolumeOpenOptions options) {
  HF_CO_TRY(std::unique_ptr<BlockChannel> channel, device.open_channel(home));
  auto state = std::make_unique<VolumeState>(std::move(channel), home, options);
  HF_CO_CHECK(co_await state->load(maps, options));
  co_return std::unique_ptr<Volume>(new Volume(std::move(state)));
}

// A map file that is not there is not missed.
Task<> Volume::destroy(BlockDevice& device, MapStore& maps, Executor& home) {
  HF_CO_TRY(const std::unique_ptr<BlockChannel> channel, device.open_channel(home));
  durability::WriteStop write_stop;
  durability::VolumeMedia media(*channel, write_stop, home);
  HF_CO_TRY(const VolumeHeader header, co_await read_volume_header(media));
  HF_CO_CHECK(co_await durability::destroy_volume(media));
  const Result<> removed = maps.remove(uuid_text(header.volume.uuid));
  if (!removed && removed.error().code != Errc::not_found) co_return removed;
  co_return co_await maps.sync_directory();
}

// One that is open belongs to a volume that is.
Result<std::vector<Uuid>> Volume::map_files(MapStore& maps) {
  HF_TRY(const std::vector<std::string> names, maps.names());
  std::vector<Uuid> found;
  for (const std::string& name : names) {
    if (!parse_uuid(name)) continue;
    const Result<std::unique_ptr<PersistentMemory>> map = maps.open(name);
    Uuid uuid;
    if (map && is_map_of(**map, name, uuid)) found.push_back(uuid);
  }
  return found;
}

Volume::Volume(std::unique_ptr<VolumeState> state) noexcept : state_(std::move(state)) {}
Volume::~Volume() = default;

Task<> Volume::close() { return state_->close(); }
void Volume::submit(VolumeIo& io) noexcept { state_->submit(io); }
Volume::Info Volume::info() const { return state_->info(); }
std::span<const Volume::Damage> Volume::damaged_chunks() const { return state_->damaged_chunks(); }

Task<> Volume::perform(VolumeIo& io) {
  Arrival<Result<>> done;
  io.context = &done;
  io.on_complete = [](VolumeIo& ended, Result<> result) noexcept {
    static_cast<Arrival<Result<>>*>(ended.context)->set(result);
  };
  submit(io);
  co_return co_await done;
}

}  // namespace holdfast
