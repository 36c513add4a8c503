// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/failing_device.hh"
#include "format/volume_super.hh"
#include "holdfast/simdisk/disk.hh"
#include "holdfast/simdisk/memory_maps.hh"
#include "holdfast/volume.hh"

namespace holdfast {

using Bytes = std::vector<std::byte>;
using simdisk::MemoryKind;

inline constexpr uint32_t kTestChunk = 16384;
inline constexpr uint32_t kTestUnit = 4096;
inline constexpr uint64_t kTestChunks = 12;
inline constexpr uint32_t kDeflate = static_cast<uint32_t>(CodecKind::deflate);
inline constexpr uint32_t kLz4 = static_cast<uint32_t>(CodecKind::lz4);

// A device that makes a volume of so many chunks.
inline DeviceGeometry disk_of_chunks(uint64_t chunks, uint32_t chunk_size = kTestChunk,
                                     uint32_t block_size = 4096) {
  DeviceGeometry geometry;
  geometry.block_size = block_size;
  geometry.buffer_alignment = block_size;
  geometry.block_count = (kSpareChunks + chunks) * chunk_size / block_size;
  return geometry;
}

inline DeviceGeometry disk_that_discards(uint64_t chunks = kTestChunks) {
  DeviceGeometry geometry = disk_of_chunks(chunks);
  geometry.discard = true;
  geometry.discard_reads_zero = true;
  return geometry;
}

inline Uuid uuid_of(uint8_t number) {
  Uuid uuid;
  uuid.fill(std::byte{number});
  return uuid;
}

inline VolumeOptions small_volume() {
  VolumeOptions options;
  options.uuid = uuid_of(1);
  return options;
}

inline VolumeOptions with_checksums() {
  VolumeOptions options = small_volume();
  options.checksums = true;
  return options;
}

inline VolumeOpenOptions write_back() {
  VolumeOpenOptions options;
  options.write_back = true;
  return options;
}

inline VolumeOpenOptions read_only() {
  VolumeOpenOptions options;
  options.read_only = true;
  return options;
}

inline VolumeOpenOptions beside_damage() {
  VolumeOpenOptions options;
  options.write_beside_damage = true;
  return options;
}

inline VolumeOpenOptions of_depth(uint32_t depth) {
  VolumeOpenOptions options;
  options.queue_depth = depth;
  return options;
}

template <class T>
std::optional<Errc> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

// Nothing saves a unit of it.
inline Bytes noise(std::size_t size, uint64_t seed) {
  Bytes bytes(size);
  uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (std::byte& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = std::byte{static_cast<uint8_t>(state >> 56)};
  }
  return bytes;
}

// Of a chunk of it a unit is left.
inline Bytes text(std::size_t size, uint64_t seed) {
  const Bytes word = noise(32, seed);
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = word[i % word.size()];
  return bytes;
}

inline Bytes joined(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

inline bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte each) { return each == std::byte{0}; });
}

// What a disk was asked for.
struct Watch final : simdisk::DiskObserver {
  void submitted(simdisk::EventNumber, const IoRequest& request) override {
    ++in_flight;
    most_in_flight = std::max(most_in_flight, in_flight);
    if (request.kind == IoKind::read) ++reads;
    if (request.kind == IoKind::write) ++writes;
    if (request.kind == IoKind::write) blocks_written += request.block_count;
    if (request.kind == IoKind::flush) ++flushes;
    if (request.kind == IoKind::discard) ++discards;
    if (request.kind == IoKind::discard) blocks_discarded += request.block_count;
  }
  void completed(simdisk::EventNumber, const IoRequest&) override { --in_flight; }

  uint64_t in_flight = 0;
  uint64_t most_in_flight = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t blocks_written = 0;
  uint64_t flushes = 0;
  uint64_t discards = 0;
  uint64_t blocks_discarded = 0;
};

// A request with its memory, and how it ended.
struct Request : VolumeIo {
  Bytes data;
  iovec whole{};
  std::optional<Result<>> ended;
  uint64_t ended_as = 0;  // its number among those that ended
};

// A simulated host with one disk and a folder of map files, and the volume on them while one is open. All but
// the media ends with a power cut.
class VolumeOnDisk {
 public:
  enum class Cut : uint8_t { keeps_what_is_durable, keeps_anything, keeps_everything };

  explicit VolumeOnDisk(const DeviceGeometry& geometry = disk_of_chunks(kTestChunks),
                        MemoryKind kind = MemoryKind::persistent_memory, uint64_t seed = 1)
      : media(geometry.byte_count()), choices(seed), geometry_(geometry), kind_(kind) {
    machine.emplace(*this);
  }
  ~VolumeOnDisk() { power_off(); }
  VolumeOnDisk(const VolumeOnDisk&) = delete;
  VolumeOnDisk& operator=(const VolumeOnDisk&) = delete;

  struct Machine {
    explicit Machine(VolumeOnDisk& owner)
        : scheduler(owner.choices),
          disk(owner.geometry_, {owner.media, scheduler, digest, &owner.watch}),
          maps(owner.kind_, {owner.folder, scheduler, home, digest, nullptr}) {}

    simdisk::Scheduler scheduler;
    Executor& home = scheduler.add_executor();
    Executor& helper = scheduler.add_executor();
    simdisk::Digest digest;
    simdisk::Disk disk;
    FailingDevice device{disk};
    simdisk::SimulatedMaps maps;
  };

  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    EXPECT_TRUE(machine->scheduler.run_until([&task] { return task.done(); })) << "it waits for nothing";
    return task.take_result();
  }

  Result<> create(VolumeOptions options = small_volume()) {
    uuid_ = options.uuid;
    return run(Volume::create(machine->device, machine->maps, machine->home, options));
  }
  // After dropping the one that is open: without close() that is the end of a program.
  Result<> open(VolumeOpenOptions options = {}) {
    drop();
    HF_TRY(volume, run(Volume::open(machine->device, machine->maps, machine->home, options)));
    return {};
  }
  void create_and_open(VolumeOptions options = small_volume(), VolumeOpenOptions how = {}) {
    const Result<> created = create(options);
    ASSERT_TRUE(created) << describe(created.error());
    ASSERT_TRUE(open(how));
  }
  Result<> close() { return run(volume->close()); }
  Result<> close_and_open(VolumeOpenOptions options = {}) {
    HF_CHECK(close());
    return open(options);
  }
  Result<> destroy() { return run(Volume::destroy(machine->device, machine->maps, machine->home)); }
  void drop() { volume.reset(); }

  void power_off() {
    if (!machine) return;
    machine->scheduler.power_off();
    volume.reset();
    if (on_power_off) on_power_off();
    machine.reset();
    watch.in_flight = 0;
  }
  // The next machine finds what is durable, and of what is not nothing, what the choices say, or all.
  void power_cut(Cut cut = Cut::keeps_what_is_durable) {
    simdisk::CrashSet set = machine->disk.crash_set();
    set.append(machine->maps.crash_set());
    power_off();
    if (cut == Cut::keeps_anything) {
      std::vector<uint32_t> selection;
      for (const simdisk::UndecidedUnit& unit : set.units)
        selection.push_back(
            choices.choose(simdisk::Domain::loss, static_cast<uint32_t>(unit.candidates.size())));
      set.apply(selection);
    } else if (cut == Cut::keeps_everything) {
      set.apply(set.everything());
    }
    machine.emplace(*this);
  }

  Result<> perform(VolumeIoKind kind, uint64_t offset, std::span<std::byte> memory, uint64_t length) {
    const iovec whole{.iov_base = memory.data(), .iov_len = memory.size()};
    VolumeIo io;
    io.kind = kind;
    io.offset = offset;
    io.length = length;
    if (!memory.empty()) io.buffers = {&whole, 1};
    return run(volume->perform(io));
  }
  Result<> write(uint64_t offset, Bytes bytes) {
    return perform(VolumeIoKind::write, offset, bytes, bytes.size());
  }
  Result<> unmap(uint64_t offset, uint64_t length) {
    return perform(VolumeIoKind::unmap, offset, {}, length);
  }
  Result<> flush() { return perform(VolumeIoKind::flush, 0, {}, 0); }
  Result<Bytes> read(uint64_t offset, uint64_t length) {
    Bytes bytes(length, std::byte{0xEE});
    HF_CHECK(perform(VolumeIoKind::read, offset, bytes, length));
    return bytes;
  }
  Result<Bytes> read_chunk(uint64_t chunk) {
    const uint64_t size = volume->info().chunk_size;
    return read(chunk * size, size);
  }
  Result<> write_chunk(uint64_t chunk, Bytes bytes) {
    return write(chunk * volume->info().chunk_size, std::move(bytes));
  }
  Result<> unmap_chunk(uint64_t chunk) {
    return unmap(chunk * volume->info().chunk_size, volume->info().chunk_size);
  }

  // Begins a request and lets it be. It lives as long as this.
  Request& submit(VolumeIoKind kind, uint64_t offset, Bytes data) {
    Request& request = requests_.emplace_back();
    request.data = std::move(data);
    request.whole = {.iov_base = request.data.data(), .iov_len = request.data.size()};
    request.kind = kind;
    request.offset = offset;
    request.length = request.data.size();
    if (kind == VolumeIoKind::read || kind == VolumeIoKind::write) request.buffers = {&request.whole, 1};
    request.context = &ended_;
    request.on_complete = [](VolumeIo& io, Result<> result) noexcept {
      auto& done = static_cast<Request&>(io);
      done.ended = result;
      done.ended_as = ++*static_cast<uint64_t*>(io.context);
    };
    volume->submit(request);
    return request;
  }
  // Nothing can happen any more.
  void run_out() {
    while (machine->scheduler.step()) {
    }
  }

  // What is durable, of the volume that was created last; setting it ends the machine.
  std::string map_name() const { return uuid_text(uuid_); }
  Bytes map_bytes() { return folder.read(map_name()); }
  void set_map_bytes(const Bytes& bytes) {
    power_off();
    simdisk::MemoryFile* file = folder.find(map_name());
    if (file != nullptr && file->size() == bytes.size()) {
      file->content().write(0, bytes, simdisk::EventNumber{0});
    } else {
      folder.restore(map_name(), bytes);
    }
    machine.emplace(*this);
  }
  uint64_t map_word(uint64_t offset) {
    uint64_t word = 0;
    std::memcpy(&word, map_bytes().data() + offset, sizeof word);
    return word;
  }
  void set_map_word(uint64_t offset, uint64_t word) {
    Bytes bytes = map_bytes();
    std::memcpy(bytes.data() + offset, &word, sizeof word);
    set_map_bytes(bytes);
  }
  Bytes device_bytes(uint64_t byte, std::size_t size) {
    Bytes bytes(size);
    media.read(byte, bytes);
    return bytes;
  }
  void set_device_bytes(uint64_t byte, const Bytes& bytes) {
    power_cut();
    media.write(byte, bytes, simdisk::EventNumber{0});
  }
  void poison(uint64_t offset, uint64_t length) { machine->maps.poison(map_name(), offset, length); }

  simdisk::Media media;
  simdisk::MemoryFolder folder;
  simdisk::SeededChoices choices;
  Watch watch;
  std::optional<Machine> machine;
  std::unique_ptr<Volume> volume;
  std::function<void()> on_power_off;  // ends what else lives on the machine

 private:
  DeviceGeometry geometry_;
  MemoryKind kind_;
  Uuid uuid_{};
  uint64_t ended_ = 0;
  std::list<Request> requests_;
};

// Where things are in the map file and on the device of a closed volume.
inline VolumeLayout layout_of(VolumeOnDisk& host) {
  const Bytes super = host.device_bytes(0, kVolumeSuperBytes);
  return parse_volume_super(super, host.media.size()).value().layout;
}
inline uint64_t map_of_chunk(VolumeOnDisk& host, uint64_t chunk) {
  return host.map_word(layout_of(host).logical_entry_offset(chunk));
}
// The nth unit of a chunk, as its chunk map says.
inline uint64_t unit_of_chunk(VolumeOnDisk& host, uint64_t chunk, uint64_t nth = 0) {
  const VolumeLayout layout = layout_of(host);
  return host.map_word(layout.chunk_map_offset(map_of_chunk(host, chunk)) + 8 + 8 * nth);
}

}  // namespace holdfast
