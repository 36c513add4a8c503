// SPDX-License-Identifier: BSD-3-Clause
// Whatever bytes stand in the header of the device and in the map file: opening and reading end in an error
// or with right data, and what was not touched is read as it was.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>

#include "volume_on_disk.hh"

namespace holdfast {
namespace {

constexpr uint64_t kChunks = 8;
constexpr uint32_t kChunk = 4096;
constexpr uint32_t kUnit = 512;

Bytes content(uint64_t chunk) {
  if (chunk % 4 == 3) return Bytes(kChunk);
  return chunk % 2 == 0 ? noise(kChunk, chunk + 1) : joined(noise(1000, chunk), text(kChunk - 1000, chunk));
}

// A filled volume with checksums, and one damage after the other.
class HostileBytes {
 public:
  HostileBytes() {
    VolumeOptions options = with_checksums();
    options.chunk_size = kChunk;
    options.unit_size = kUnit;
    host.create_and_open(options);
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      RC_ASSERT(host.write_chunk(chunk, content(chunk)).has_value());
    }
    RC_ASSERT(host.close().has_value());
    host.drop();
    layout = layout_of(host);
    map = host.map_bytes();
    header = host.device_bytes(0, kVolumeHeaderBytes);
  }

  // Opens and uses it in all ways; returns how many chunks could be read.
  void use(const std::set<uint64_t>& touched, bool header_touched) {
    for (const VolumeOpenOptions& how : {read_only(), VolumeOpenOptions{}, beside_damage()}) {
      if (!host.open(how)) {
        RC_ASSERT(header_touched);
        continue;
      }
      read_all(touched, header_touched);
      if (header_touched) continue;
      for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
        if (how.write_beside_damage) RC_ASSERT(host.write_chunk(chunk, content(chunk)).has_value());
      }
      if (how.write_beside_damage) read_all({}, false);
    }
    host.drop();
  }

  VolumeOnDisk host{disk_of_chunks(kChunks, kChunk, 512)};
  VolumeLayout layout;
  Bytes map;
  Bytes header;

 private:
  void read_all(const std::set<uint64_t>& touched, bool header_touched) {
    const uint64_t chunks = host.volume->info().size / host.volume->info().chunk_size;
    for (uint64_t chunk = 0; chunk < std::min(chunks, kChunks); ++chunk) {
      const Result<Bytes> read = host.read_chunk(chunk);
      if (header_touched) continue;
      RC_ASSERT(read || touched.contains(chunk));
      // An entry may have become one of no chunk, or of another chunk that nobody else claims.
      if (!touched.contains(chunk)) RC_ASSERT(*read == content(chunk));
    }
  }
};

// Chunks that own a map or unit of these bytes, or that might share with one that does.
RC_GTEST_PROP(HostileMapFile, LosesOnlyWhatWasTouched, ()) {
  HostileBytes volume;
  Bytes map = volume.map;
  const VolumeLayout& layout = volume.layout;
  const uint64_t used = layout.chunk_map_offset(kChunks) - VolumeLayout::kLogicalMapOffset;
  std::set<uint64_t> touched;
  const auto touch = [&](uint64_t number) {
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk)
      if (map_of_chunk(volume.host, chunk) == number) touched.insert(chunk);
  };
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    const uint64_t word = (VolumeLayout::kLogicalMapOffset + *rc::gen::inRange<uint64_t>(0, used)) / 8 * 8;
    // Likely values reach further than random bits.
    const uint64_t value = *rc::gen::oneOf(rc::gen::arbitrary<uint64_t>(),
                                           rc::gen::inRange<uint64_t>(0, 1100), rc::gen::just(~uint64_t{0}));
    std::memcpy(map.data() + word, &value, sizeof value);
    const bool is_entry = word < layout.chunk_maps_offset();
    if (is_entry) touched.insert((word - VolumeLayout::kLogicalMapOffset) / 8);
    if (is_entry) touch(value);
    if (!is_entry) {
      touch((word - layout.chunk_maps_offset()) / layout.chunk_map_bytes());
      for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
        for (uint64_t nth = 0; nth < layout.units_per_chunk(); ++nth)
          if (unit_of_chunk(volume.host, chunk, nth) == value) touched.insert(chunk);
      }
    }
  }
  volume.host.set_map_bytes(map);
  volume.use(touched, false);
}

RC_GTEST_PROP(HostileHeader, IsAnErrorOrAVolume, ()) {
  HostileBytes volume;
  Bytes header = volume.header;
  Bytes map = volume.map;
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, 160);
    const std::byte value{*rc::gen::arbitrary<uint8_t>()};
    const auto where = *rc::gen::inRange(0, 3);  // on the device, in the map file, or in both
    if (where != 1) header[at] = value;
    if (where != 0) map[at] = value;
  }
  volume.host.set_device_bytes(0, header);
  volume.host.set_map_bytes(map);
  volume.use({}, true);
}

// Of a raw chunk a changed byte is found by its checksum, of a compressed one by that or the codec.
RC_GTEST_PROP(HostileData, IsFoundInTheChunkThatItIsIn, ()) {
  HostileBytes volume;
  const auto chunk = *rc::gen::element<uint64_t>(0, 1, 2, 4, 5, 6);
  const uint64_t byte =
      volume.layout.byte_of_unit(unit_of_chunk(volume.host, chunk)) + *rc::gen::inRange<uint64_t>(0, kUnit);
  Bytes data = volume.host.device_bytes(byte, 1);
  data[0] ^= std::byte{*rc::gen::inRange<uint8_t>(1, 255)};
  volume.host.set_device_bytes(byte, data);
  RC_ASSERT(volume.host.open().has_value());
  for (uint64_t each = 0; each < kChunks; ++each) {
    const Result<Bytes> read = volume.host.read_chunk(each);
    RC_ASSERT(read.has_value() == (each != chunk));
    if (read) RC_ASSERT(*read == content(each));
    if (!read) RC_ASSERT(read.error().code == Errc::corrupt && read.error().number == chunk);
  }
}

}  // namespace
}  // namespace holdfast
